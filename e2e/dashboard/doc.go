// Package dashboard looks at the dashboard as merchants do: in a real Chromium, served by the real
// binary over a real PostgreSQL.
//
// It owns what a merchant must be able to do and see, by hand and by keyboard, and what his browser must
// never have to say: no request to a foreign origin, no violation of the content policy, no error. It
// does not own how the page is made (adapters/dashboard/ui) nor what sign-in and the API decide.
package dashboard
