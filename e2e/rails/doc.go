// Package rails proves what several endpoints of one network are for: a lie of one is not believed, and
// a hole of one is found by another.
//
// It owns a network on a real node, read through proxies of which one may lie, and the use cases over a
// store in memory. It does not own what a single answer of a node is worth (adapters/ethrpc) nor the
// use cases themselves (app).
package rails
