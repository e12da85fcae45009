package worker

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// An endpoint that hangs, with far more deliveries than there are workers, delays no other: its
// further deliveries step aside, and the workers are free. Real queue, real use case.
func TestAHangingEndpointLeavesWorkersFree(t *testing.T) {
	q := openQueue(t)
	store := memory.New()
	shop := portstest.OpenShop(t, portstest.World{Work: store})
	who := merchant.Principal{Merchant: shop.ID(), Project: shop.Project.ID, Mode: merchant.Test}
	release, hanging, delivered := make(chan bool), make(chan bool, 64), make(chan bool, 1)
	hooks := &app.Webhooks{
		Core:  app.Core{Work: store, Clock: wall{}, IDs: ids{}, Vault: open{}},
		Reads: store, Sandbox: store, Prober: known{}, Log: slog.New(slog.DiscardHandler),
		Events: app.Announcer{IDs: ids{}, Clock: wall{}, Encoder: words{}},
		Sender: sender(func(o ports.Outgoing) ports.SendResult {
			if strings.Contains(o.URL, "hangs") {
				hanging <- true
				<-release
				return ports.SendResult{Outcome: webhook.OutcomeTimeout}
			}
			delivered <- true
			return ports.SendResult{Outcome: webhook.OutcomeDelivered}
		}),
	}
	tell := func(url string, times int) {
		made, _, err := hooks.Create(t.Context(), app.EndpointInput{Who: who, URL: url}, app.Once[app.Registered]{})
		for range times {
			if err == nil {
				_, _, err = hooks.Test(t.Context(), who, made.Endpoint.ID, app.Once[webhook.Event]{})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tell("https://hangs.example/", 20)
	tell("https://works.example/", 1)
	if _, err := store.Drain(t.Context(), time.Now(), func(_ context.Context, j memory.Job) error {
		_, err := q.client.Insert(t.Context(), raw{j}, nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var snoozed sync.Once
	aside := make(chan bool)
	q.run(Options{Deliver: hooks, MaxWorkers: 3, Observe: func(_, outcome string, _ time.Duration) {
		if outcome == "snoozed" {
			snoozed.Do(func() { close(aside) })
		}
	}}, softStop)
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	arrives(t, hanging)
	arrives(t, hanging)
	arrives(t, delivered)
	arrives(t, aside)
	if len(hanging) != 0 {
		t.Error("an endpoint got more than two at once")
	}
	let()
	for range 18 { // what stepped aside comes back
		arrives(t, hanging)
	}
}

// raw passes a job on as it was written.
type raw struct{ memory.Job }

func (r raw) Kind() string                 { return r.Job.Kind }
func (r raw) MarshalJSON() ([]byte, error) { return r.Payload, nil }

type (
	wall  struct{}
	ids   struct{}
	open  struct{ ports.Vault }
	known struct{}
	words struct{}

	sender func(o ports.Outgoing) ports.SendResult
)

func (wall) Now() time.Time { return time.Now() }

func (ids) UUID() string { return portstest.UUID() }
func (ids) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}
func (ids) Intn(int) int { return 0 }

func (open) Seal(_ string, plain []byte) ([]byte, error)  { return plain, nil }
func (open) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }

func (known) Reachable(context.Context, string) bool { return true }

func (words) Encode(webhook.Event, checkout.Snapshot, *ports.TransferRow) ([]byte, error) {
	return []byte("{}"), nil
}

func (s sender) Send(_ context.Context, o ports.Outgoing) ports.SendResult { return s(o) }
