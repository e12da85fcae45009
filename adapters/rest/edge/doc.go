// Package edge is what every dialect does at the edge of HTTP: one engine with Gin's defaults put
// right, bounded bodies, strict JSON, request ids, rate limits, and one place where failures are
// logged and answered.
//
// Owns: the engine and its order of checks, the server's timeouts, how a fault becomes a status,
// how a body becomes a Go value, what free text may contain, idempotency keys as they are sent,
// page sizes, cross-origin answers, draining.
//
// Does not own: any route, any credential, any dialect's words. A dialect hands in its Envelope,
// so that 404, 405, 413, 415, 429 and 500 under its paths read like its own errors.
//
// Invariants: no body, header, query or raw path is ever logged; the text of a wrapped error goes
// to the log and never to the client; every answer carries X-Request-Id; nothing read from a
// client is unbounded; a value that Decode accepted means the same to every JSON parser.
package edge
