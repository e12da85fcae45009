// Package matrix tries every combination of what can be paid, when, how, what the chain makes of it and
// who looks, and holds what comes of it against the rules of the design: an expectation written from
// them, not from the code.
//
// It owns the cells and the expectation. It does not own the parts it puts together (package lab):
// the use cases and the readers of chains are the real ones.
//
// Invariants: no cell depends on another; the expectation calls nothing of what it judges.
package matrix
