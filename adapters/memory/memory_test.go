package memory_test

import (
	"context"
	"testing"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/ports/portstest"
)

type queue struct{ *memory.Store }

func (q queue) Enqueued(context.Context) ([]portstest.EnqueuedJob, error) {
	var out []portstest.EnqueuedJob
	for _, j := range q.Jobs() {
		out = append(out, portstest.EnqueuedJob{Kind: j.Kind, JSON: j.Payload, At: j.At})
	}
	return out, nil
}

func world(s *memory.Store) portstest.World {
	return portstest.World{
		Work: s, KeyRing: s, Visits: s, Sessions: s, Explanations: s, Cursors: s, Statements: s, Webhooks: s, Bookkeeper: s,
		OrderNumbers: s, Sandbox: s, SandboxCalls: s, Changes: s, Figures: s, Reports: s, Search: s, Projects: s, Watches: s, Rescans: s, Resources: s, Jobs: queue{s},
		Authorizations: s.Authorizations(), Lanes: s.Lanes(),
	}
}

func TestStore(t *testing.T) {
	portstest.Store(t, func(*testing.T) portstest.World { return world(memory.New()) })
}

// A restless store keeps the same promises: none of them depends on a function running once.
func TestRestlessStore(t *testing.T) {
	portstest.Store(t, func(*testing.T) portstest.World {
		return world(memory.New(memory.Restless()))
	})
}
