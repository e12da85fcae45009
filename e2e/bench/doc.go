// Package bench measures the hot paths, each as a ratio to a limit that is measured beside it: in the
// same run, in turn with it, on the same PostgreSQL with the settings of production, syncing on.
//
// It owns the load, the limits, the goals and the table that tells what was found. It does not own
// the starting of processes (package rig, adapters/pgembed).
//
// Invariants: a ratio below its goal is told and fails nothing, because machines differ and are
// shared; a wrong answer, or a book that holds anything but what was acknowledged, fails. Client,
// gateway and PostgreSQL share the machine, for the limits as for the paths.
package bench
