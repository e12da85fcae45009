package app

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// An event reaches those who asked for it, each once, in its own project and mode.
func TestNewsGoToThoseWhoAskedForThem(t *testing.T) {
	p := openPost(t)
	all, some := p.endpoint(merchant.Test), p.endpoint(merchant.Test, "payment.paid", "payment.late")
	p.endpoint(merchant.Test, "payment.expired")
	live := p.endpoint(merchant.Live)
	off, on := p.endpoint(merchant.Test), false
	_, _, err := p.hooks.Update(t.Context(), p.who(merchant.Test), off.Endpoint.ID, EndpointChange{Enabled: &on}, Once[Registered]{})
	p.ok(err)

	e := p.happens(webhook.PaymentPaid)
	got, ds, err := p.hooks.Event(t.Context(), p.who(merchant.Test), e.ID)
	p.ok(err)
	if string(got.Body) != string(e.Body) || len(ds) != 2 || ds[0].EndpointID != all.Endpoint.ID || ds[1].EndpointID != some.Endpoint.ID {
		t.Fatalf("recorded %+v with %+v", got, ds)
	}
	for i, job := range p.jobs() {
		if want := (Deliver{DeliveryID: ds[i].ID, EndpointID: ds[i].EndpointID, Attempt: 1, Try: 1}); job != want {
			t.Errorf("job %+v, want %+v", job, want)
		}
	}
	p.work()
	if len(p.sender.sent) != 2 || len(p.jobs()) != 0 {
		t.Errorf("%d requests, %d jobs left", len(p.sender.sent), len(p.jobs()))
	}
	paid := p.shop.MakeEvent(1, portstest.Epoch)
	paid.Mode = merchant.Live
	p.ok(p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return announce(ctx, r, []webhook.Event{paid}, postIDs{})
	}))
	if d, _ := p.delivery(paid); d.EndpointID != live.Endpoint.ID {
		t.Errorf("real news go to %+v", d)
	}
}

// News of what did not happen are never sent, and what happened is never without its news.
func TestNewsCommitWithTheirCause(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	stop := errors.New("stop")
	e := p.shop.MakeEvent(1, portstest.Epoch)
	p.is(p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := announce(ctx, r, []webhook.Event{e}, postIDs{}); err != nil {
			t.Fatal(err)
		}
		return stop
	}), stop)
	_, _, err := p.hooks.Event(t.Context(), p.who(merchant.Test), e.ID)
	p.is(err, ports.ErrNotFound)
	if len(p.jobs()) != 0 {
		t.Error("a job outlived its cause")
	}
	e.Body = bytes.Repeat([]byte("x"), webhook.MaxBodyBytes)
	if err := p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return announce(ctx, r, []webhook.Event{e}, postIDs{})
	}); err == nil {
		t.Error("an event beyond the limit of bodies was recorded")
	}
}

func TestEndpointsLiveAndChange(t *testing.T) {
	p := openPost(t)
	ctx, who := t.Context(), p.who(merchant.Test)
	made, _, err := p.hooks.Create(ctx, EndpointInput{
		Who: who, URL: "HTTPS://Shop.Example:443/hook", Types: []string{"payment.paid", "payment.created", "payment.paid"}, Description: "till",
	}, Once[Registered]{})
	p.ok(err)
	e := made.Endpoint
	if e.URL != shopURL || len(e.Types) != 2 || !e.Enabled || made.Unreachable || e.Description != "till" ||
		!strings.HasPrefix(made.Secret.Reveal(), "whsec_") {
		t.Fatalf("made %+v", made)
	}
	stored := p.state(e.ID)
	if len(stored.Secrets) != 1 || !bytes.HasPrefix(stored.Secrets[0], []byte("sealed:webhook secret of "+e.ID)) {
		t.Errorf("the secret is stored as %q", stored.Secrets)
	}
	other, types, text, off := "https://gone.example/", []string{}, "", false
	changed, _, err := p.hooks.Update(ctx, who, e.ID, EndpointChange{URL: &other, Types: &types, Description: &text, Enabled: &off}, Once[Registered]{})
	p.ok(err)
	now := p.state(e.ID)
	if now.URL != other || now.Types != nil || now.Description != "" || now.Enabled || !changed.Unreachable || changed.Secret.Key() != nil {
		t.Errorf("changed to %+v, answered %+v", now, changed)
	}
	list, err := p.hooks.Endpoints(ctx, who)
	if err != nil || len(list) != 1 || list[0].ID != e.ID {
		t.Errorf("listed %v, %v", list, err)
	}
	_, err = p.hooks.Remove(ctx, who, e.ID, Once[struct{}]{})
	p.ok(err)
	if _, err = p.hooks.Endpoint(ctx, who, e.ID); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("after removal: %v", err)
	}
}

// What cannot be sent to is refused where it is given; what merely cannot be found now is warned of.
func TestBadEndpointsAreRefused(t *testing.T) {
	p := openPost(t)
	who := p.who(merchant.Test)
	good := p.endpoint(merchant.Test)
	long := strings.Repeat("x", 201)
	for name, c := range map[string]struct {
		in   EndpointInput
		want error
	}{
		"loopback":   {EndpointInput{URL: "https://127.0.0.1/"}, webhook.ErrInvalidURL},
		"private":    {EndpointInput{URL: "https://10.0.0.1/"}, webhook.ErrInvalidURL},
		"metadata":   {EndpointInput{URL: "https://169.254.169.254/latest"}, webhook.ErrInvalidURL},
		"mapped":     {EndpointInput{URL: "https://[::ffff:7f00:1]/"}, webhook.ErrInvalidURL},
		"http":       {EndpointInput{URL: "http://shop.example/"}, webhook.ErrInvalidURL},
		"port":       {EndpointInput{URL: "https://shop.example:8443/"}, webhook.ErrInvalidURL},
		"empty":      {EndpointInput{}, webhook.ErrInvalidURL},
		"types":      {EndpointInput{URL: shopURL, Types: []string{"payment.bought"}}, webhook.ErrInvalidTypes},
		"long about": {EndpointInput{URL: shopURL, Description: long}, webhook.ErrInvalidDescription},
	} {
		c.in.Who = who
		_, _, err := p.hooks.Create(t.Context(), c.in, Once[Registered]{})
		if !errors.Is(err, c.want) || fault.From(err).Kind != fault.Invalid {
			t.Errorf("create, %s: %v", name, err)
		}
		_, _, err = p.hooks.Update(t.Context(), who, good.Endpoint.ID, EndpointChange{
			URL: &c.in.URL, Types: &c.in.Types, Description: &c.in.Description,
		}, Once[Registered]{})
		p.is(err, c.want)
	}
	if got := p.state(good.Endpoint.ID); got.URL != shopURL || got.Types != nil || got.Description != "" {
		t.Errorf("a refused change left %+v", got)
	}
	made, _, err := p.hooks.Create(t.Context(), EndpointInput{Who: who, URL: "https://later.example/"}, Once[Registered]{})
	if err != nil || !made.Unreachable {
		t.Errorf("a host that is not found now: %+v, %v; want it saved with a warning", made, err)
	}
	p.hooks.AllowPrivate = true
	made, _, err = p.hooks.Create(t.Context(), EndpointInput{Who: who, URL: "http://127.0.0.1:3000/x"}, Once[Registered]{})
	if err != nil || made.Endpoint.URL != "http://127.0.0.1:3000/x" {
		t.Errorf("a developer's own machine: %+v, %v", made, err)
	}
	for range webhook.MaxEndpoints - 3 {
		p.endpoint(merchant.Test)
	}
	_, _, err = p.hooks.Create(t.Context(), EndpointInput{Who: who, URL: shopURL}, Once[Registered]{})
	p.is(err, webhook.ErrTooManyEndpoints)
}

// A repeated creation makes one endpoint and answers the same secret.
func TestCreatingTwiceWithOneKeyMakesOne(t *testing.T) {
	p := openPost(t)
	who := p.who(merchant.Test)
	once := Once[Registered]{Key: "k", Fingerprint: []byte("f"), Render: func(m Registered) (ports.Answer, error) {
		return ports.Answer{Status: 201, Body: []byte(m.Secret.Reveal())}, nil
	}}
	first, _, err := p.hooks.Create(t.Context(), EndpointInput{Who: who, URL: shopURL}, once)
	p.ok(err)
	_, answer, err := p.hooks.Create(t.Context(), EndpointInput{Who: who, URL: shopURL}, once)
	p.ok(err)
	if answer == nil || string(answer.Body) != first.Secret.Reveal() {
		t.Errorf("the repetition answers %v", answer)
	}
	if list, _ := p.hooks.Endpoints(t.Context(), who); len(list) != 1 {
		t.Errorf("%d endpoints", len(list))
	}
}

// Nothing of a project or mode is found from another.
func TestWebhooksOfOthersAreNotFound(t *testing.T) {
	p := openPost(t)
	mine := p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	d, _ := p.delivery(e)
	stranger := portstest.OpenShop(t, portstest.World{Work: p.store})
	ctx, id := t.Context(), mine.Endpoint.ID
	for name, who := range map[string]merchant.Principal{
		"other mode":     p.who(merchant.Live),
		"other merchant": {Merchant: stranger.ID(), Project: stranger.Project.ID, Mode: merchant.Test},
	} {
		list, err := p.hooks.Endpoints(ctx, who)
		events, _, eventsErr := p.hooks.List(ctx, who, EventFilter{Limit: 10})
		if len(list)+len(events) != 0 || err != nil || eventsErr != nil {
			t.Errorf("%s: lists %v, %v", name, list, events)
		}
		off := false
		for call, err := range map[string]error{
			"get":        second(p.hooks.Endpoint(ctx, who, id)),
			"update":     third(p.hooks.Update(ctx, who, id, EndpointChange{Enabled: &off}, Once[Registered]{})),
			"remove":     second(p.hooks.Remove(ctx, who, id, Once[struct{}]{})),
			"rotate":     third(p.hooks.Rotate(ctx, who, id, Once[Registered]{})),
			"test":       third(p.hooks.Test(ctx, who, id, Once[webhook.Event]{})),
			"deliveries": second(p.hooks.Recent(ctx, who, id, 10)),
			"event":      third(p.hooks.Event(ctx, who, e.ID)),
			"attempts":   second(p.hooks.Attempts(ctx, who, e.ID, d.ID)),
			"replay":     third(p.hooks.Replay(ctx, ReplayInput{Who: who, EventID: e.ID}, Once[[]webhook.Delivery]{})),
		} {
			if !errors.Is(err, ports.ErrNotFound) {
				t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	elsewhere := p.endpoint(merchant.Live)
	_, _, err := p.hooks.Replay(ctx, ReplayInput{Who: p.who(merchant.Test), EventID: e.ID, EndpointID: elsewhere.Endpoint.ID}, Once[[]webhook.Delivery]{})
	p.is(err, ports.ErrNotFound)
	foreign := p.shop.MakeEvent(1, portstest.Epoch)
	foreign.Mode = merchant.Live
	p.ok(p.store.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return announce(ctx, r, []webhook.Event{foreign}, postIDs{})
	}))
	other, _ := p.delivery(foreign)
	_, err = p.hooks.Attempts(ctx, p.who(merchant.Test), e.ID, other.ID)
	p.is(err, ports.ErrNotFound)
	if got := p.state(id); !got.Enabled || len(got.Secrets) != 1 {
		t.Errorf("a stranger changed %+v", got)
	}
	if len(p.jobs()) != 2 {
		t.Errorf("a stranger left %d jobs, want those of the two events", len(p.jobs()))
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// A test event goes to the endpoint it is for, whatever types that asked for, and to no other.
func TestTestEventsReachTheirEndpoint(t *testing.T) {
	p := openPost(t)
	who := p.who(merchant.Test)
	p.endpoint(merchant.Test)
	target := p.endpoint(merchant.Test, "payment.paid")
	e, _, err := p.hooks.Test(t.Context(), who, target.Endpoint.ID, Once[webhook.Event]{})
	p.ok(err)
	p.work()
	d, attempts := p.delivery(e)
	if d.EndpointID != target.Endpoint.ID || d.Status != webhook.Delivered || len(attempts) != 1 || len(p.sender.sent) != 1 {
		t.Errorf("delivered %+v by %+v", d, attempts)
	}
	off := false
	_, _, err = p.hooks.Update(t.Context(), who, target.Endpoint.ID, EndpointChange{Enabled: &off}, Once[Registered]{})
	p.ok(err)
	_, _, err = p.hooks.Test(t.Context(), who, target.Endpoint.ID, Once[webhook.Event]{})
	p.is(err, webhook.ErrEndpointDisabled)
}
