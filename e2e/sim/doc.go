// Package sim lets months of trade pass in seconds, and then asks whether every payment was found,
// once: the real use cases and the real readers of chains, on simulated chains that fork, behind nodes
// that lag and lie, in gateways that are killed, two at a time.
//
// It owns merchants and payers who do everything payers do, the weather they live in, and the
// judgement: a model of its own, fed from the chains alone, that knows what must have come of every
// transfer. It does not own the parts it puts together (package lab).
//
// Invariants: a seed and a commit give the same history again; the judgement shares no rule with the
// code it judges.
package sim
