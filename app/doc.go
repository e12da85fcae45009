// Package app is the use cases: authorise, load, let the domain decide, record, enqueue.
//
// It owns the order of steps and the borders of units of work. It does not own rules (domain), rows
// (postgres), wire formats (dialects) nor schedules (worker).
//
// Invariants: no network inside a unit of work; everything a unit of work needs from outside is
// fetched before it, everything it causes outside is a job.
package app
