package main

import (
	"context"
	"runtime"
	told "runtime/metrics"
	"time"
)

// A gateway's heap is small, so that Go's own rule (collect when it has doubled) has it collected dozens of
// times a second under load, which is a fifth of all the work there is then. While requests come fast, garbage
// is given more room; a gateway at rest, and one whose heap is large, follow Go's rule.
const (
	collectEvery = 250 * time.Millisecond // how rarely is rare enough
	mostRoom     = 64 << 20               // bytes of garbage beyond which Go's rule holds
	restAfter    = 4 * collectEvery       // without a collection: what room there is would fill ever more slowly
	goPercent    = 100                    // Go's rule
)

// gcVariable is Go's own setting. Whoever sets it has chosen.
const gcVariable = "GOGC"

// heap is how the heap stood when garbage was last collected.
type heap struct {
	live      uint64 // bytes in use then
	allocated uint64 // bytes taken since the process began
	at        time.Time
}

// percent is how many bytes of garbage may gather before the next collection, for a hundred that are in use:
// what is taken in the time that should pass until then, if it goes on as it did since the one before.
func (h heap) percent(before heap) int {
	if h.live == 0 {
		return goPercent
	}
	took := max(h.at.Sub(before.at), time.Millisecond)
	perSecond := float64(h.allocated-before.allocated) / took.Seconds()
	room := min(perSecond*collectEvery.Seconds(), mostRoom)
	return max(int(room*goPercent/float64(h.live)), goPercent)
}

// roomForGarbage has the garbage of this process collected as rarely as that is worth it until ctx ends, by
// setting Go's percentage anew after each collection. It answers false, and does nothing, if the operator has
// chosen one. GOMEMLIMIT bounds all of it: the collector goes by whatever comes first.
func roomForGarbage(ctx context.Context, getenv func(string) string, set func(percent int) int) bool {
	if getenv(gcVariable) != "" {
		return false
	}
	room := newRoom(set)
	room.afterCollection(ctx, readHeap())
	return true
}

// room is what garbage is given.
type room struct {
	set  func(percent int) int
	rest *time.Timer // back to Go's rule
}

func newRoom(set func(percent int) int) room {
	return room{set, time.AfterFunc(restAfter, func() { set(goPercent) })}
}

// give holds until the next collection, or until none comes.
func (r room) give(percent int) {
	r.set(percent)
	r.rest.Reset(restAfter)
}

// afterCollection waits for the next collection by leaving it something to find.
func (r room) afterCollection(ctx context.Context, before heap) {
	runtime.AddCleanup(new([64]byte), func(before heap) {
		if ctx.Err() == nil {
			now := readHeap()
			r.give(now.percent(before))
			r.afterCollection(ctx, now)
		}
	}, before)
}

func readHeap() heap {
	of := []told.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	told.Read(of)
	return heap{live: of[0].Value.Uint64(), allocated: of[1].Value.Uint64(), at: time.Now()}
}
