package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// postIDs draws from portstest; jitter is always the most there is.
type postIDs struct{}

func (postIDs) UUID() string { return portstest.UUID() }
func (postIDs) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}
func (postIDs) Intn(n int) int { return n - 1 }

// postClock is moved by the test.
type postClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *postClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *postClock) set(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = to
}

// postman is a sender that remembers what it was given.
type postman struct {
	work ports.UnitOfWork
	mu   sync.Mutex
	sent []ports.Outgoing
	// meets is what a receiver answers; nil takes everything.
	meets func(ctx context.Context, o ports.Outgoing) ports.SendResult
}

func (p *postman) Send(ctx context.Context, o ports.Outgoing) ports.SendResult {
	if err := p.work.Do(ctx, func(context.Context, ports.Repos) error { return nil }); err != nil && ctx.Err() == nil {
		panic("sent inside a unit of work: " + err.Error())
	}
	o.Body = bytes.Clone(o.Body)
	p.mu.Lock()
	p.sent = append(p.sent, o)
	meets := p.meets
	p.mu.Unlock()
	if meets == nil {
		return ports.SendResult{
			StatusCode: 204, Outcome: webhook.OutcomeDelivered, Took: time.Millisecond,
			Sent:     []webhook.Header{{Name: "Webhook-Signature", Value: o.Headers[headerSignature]}},
			Answered: []webhook.Header{{Name: "X-Request-Id", Value: "r1"}},
		}
	}
	return meets(ctx, o)
}

func (p *postman) always(status int, outcome string) {
	p.meets = func(context.Context, ports.Outgoing) ports.SendResult {
		return ports.SendResult{StatusCode: status, Outcome: outcome, Answer: "no"}
	}
}

// plainWords encodes events without a dialect.
type plainWords struct{}

func (plainWords) Encode(e webhook.Event, s checkout.Snapshot, _ *ports.TransferRow) ([]byte, error) {
	return fmt.Appendf(nil, `{"type":%q, "session":%q,"☕":"<&>"}`, e.Type, s.ID), nil
}

func (plainWords) EncodeAddress(e webhook.Event, c ports.AddressChange) ([]byte, error) {
	return fmt.Appendf(nil, "%s %s replaces %q removed %v", e.Type, c.Account.Address, c.Replaced, c.Removed), nil
}

// resolvable is a prober that finds these URLs.
type resolvable map[string]bool

func (r resolvable) Reachable(_ context.Context, url string) bool { return r[url] }

const shopURL = "https://shop.example/hook"

type postOffice struct {
	*testing.T
	shop   portstest.Shop
	store  *memory.Store
	clock  *postClock
	sender *postman
	hooks  *Webhooks
	log    *bytes.Buffer
}

func openPost(t *testing.T) *postOffice {
	t.Helper()
	store := memory.New(memory.Restless())
	p := &postOffice{
		T: t, store: store, shop: portstest.OpenShop(t, portstest.World{Work: store}),
		clock: &postClock{now: portstest.Epoch}, sender: &postman{work: store}, log: &bytes.Buffer{},
	}
	p.hooks = &Webhooks{
		Core:  Core{Work: store, Clock: p.clock, IDs: postIDs{}, Vault: markedVault{}},
		Reads: store, Sandbox: store, Sender: p.sender, Prober: resolvable{shopURL: true},
		Events: Announcer{IDs: postIDs{}, Clock: p.clock, Encoder: plainWords{}},
		Log:    slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return p
}

func (p *postOffice) who(m merchant.Mode) merchant.Principal {
	return merchant.Principal{Merchant: p.shop.ID(), Project: p.shop.Project.ID, Mode: m}
}

func (p *postOffice) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// endpoint adds one.
func (p *postOffice) endpoint(m merchant.Mode, types ...string) Registered {
	p.Helper()
	made, _, err := p.hooks.Create(p.Context(), EndpointInput{Who: p.who(m), URL: shopURL, Types: types}, Once[Registered]{})
	p.ok(err)
	return made
}

// happens announces an event.
func (p *postOffice) happens(t webhook.Type) webhook.Event {
	p.Helper()
	e := p.shop.MakeEvent(1, p.clock.Now())
	e.Type = t
	p.ok(p.store.Do(p.Context(), func(ctx context.Context, r ports.Repos) error {
		return announce(ctx, r, []webhook.Event{e}, postIDs{})
	}))
	return e
}

// jobs lists what is in the queue.
func (p *postOffice) jobs() (out []Deliver) {
	p.Helper()
	for _, j := range p.store.Jobs() {
		out = append(out, readDeliver(p.T, j))
	}
	return out
}

func readDeliver(t *testing.T, j memory.Job) (d Deliver) {
	t.Helper()
	if j.Kind != d.Kind() {
		t.Fatalf("a job of kind %s", j.Kind)
	}
	if err := json.Unmarshal(j.Payload, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// work does the jobs that are due.
func (p *postOffice) work() {
	p.Helper()
	_, err := p.store.Drain(p.Context(), p.clock.Now(), func(ctx context.Context, j memory.Job) error {
		wait, err := p.hooks.Deliver(ctx, readDeliver(p.T, j))
		if wait != 0 {
			p.Fatalf("the only job on its way has to wait %v", wait)
		}
		return err
	})
	p.ok(err)
}

// pass moves the clock to the next job and does it; false when there is none.
func (p *postOffice) pass() bool {
	p.Helper()
	var next time.Time
	for _, j := range p.store.Jobs() {
		if next.IsZero() || j.At.Before(next) {
			next = j.At
		}
	}
	if len(p.store.Jobs()) == 0 {
		return false
	}
	if next.After(p.clock.Now()) {
		p.clock.set(next)
	}
	p.work()
	return true
}

// delivery answers the only delivery of an event, with its attempts.
func (p *postOffice) delivery(e webhook.Event) (webhook.Delivery, []webhook.Attempt) {
	p.Helper()
	_, ds, err := p.hooks.Event(p.Context(), p.who(e.Mode), e.ID)
	p.ok(err)
	if len(ds) != 1 {
		p.Fatalf("%d deliveries, want one", len(ds))
	}
	attempts, err := p.hooks.Attempts(p.Context(), p.who(e.Mode), e.ID, ds[0].ID)
	p.ok(err)
	return ds[0], attempts
}

func (p *postOffice) state(id string) webhook.Endpoint {
	p.Helper()
	e, err := p.hooks.Endpoint(p.Context(), p.who(merchant.Test), id)
	p.ok(err)
	return e
}

func (p *postOffice) is(err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.Errorf("got %v, want %v", err, want)
	}
}
