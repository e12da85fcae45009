// Package hosted is the page a customer pays on: server-rendered, in English, Japanese and Chinese,
// complete without JavaScript, and looked at by people who are about to part with money.
//
// It owns the page's routes, words, markup, style and script, its answers to failures below its
// paths, and how a browser learns that something changed (an event stream, with polling behind it).
// It does not own what is true about a payment (package app says) nor any decision: the page can
// choose a method, ask about a transaction and, in test mode, script the sandbox chain.
//
// Invariants:
//   - A GET changes nothing. Every POST is answered with a redirect, a refusal, or the same form
//     with what was wrong about it.
//   - What is to be copied is printed exactly as it must arrive at the wallet: no grouping, no
//     localised digits, nothing in between.
//   - A query string can make the page ask about a transaction; it can never make it claim one.
//   - No cookie, no inline script or style, no request to another origin. The only foreign addresses
//     on the page are links to the shop's own site.
//   - Texts of merchants are printed as text, isolated from the writing direction around them.
package hosted
