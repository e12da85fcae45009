// Package browser reads the hosted page in Chromium, as payers do: on a phone and on a desk, by
// keyboard, without script, with a stream that does not get through, and by the rules of axe-core.
//
// It owns what only a browser can tell: that nothing is refused by the content policy, that no
// request goes elsewhere, that nothing overflows, that focus and typed text survive news. It does
// not own what the page says (adapters/hosted holds that to its golden files) nor what is paid.
//
// Invariants: the pages come from the real application over a store in memory and the sandbox chain;
// a machine without Chromium fails these tests instead of passing them over.
package browser
