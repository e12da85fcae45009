// Package races has 32 clients do the same thing at the same instant, over HTTP, against the real
// gateway: one process, and two on one database. Of everything that may happen once there is exactly
// one winner, and whoever asked with the same key is told the same.
//
// It owns the races and what each may end in. It does not own crashes (package crash) nor the starting
// of processes (package rig).
//
// Invariants: all start at once, behind one gate; a client that is told to come again does, as often
// as he is told, and no other way; after each set of races the gateway's own audit finds nothing.
package races
