package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// A receiver that is gone is never asked again, by this event or by others that wait.
func TestGoneEndpointsAreTurnedOff(t *testing.T) {
	p := openPost(t)
	made := p.endpoint(merchant.Test)
	first, waiting := p.happens(webhook.PaymentPaid), p.happens(webhook.PaymentLate)
	p.sender.always(410, webhook.OutcomeGone)
	p.work()
	p.happens(webhook.PaymentExpired)
	if p.pass() || len(p.sender.sent) != 1 {
		t.Errorf("%d requests to who is gone", len(p.sender.sent))
	}
	if got := p.state(made.Endpoint.ID); got.Enabled || got.DisabledFor != webhook.DisabledGone {
		t.Errorf("the endpoint is %+v", got)
	}
	for _, e := range []webhook.Event{first, waiting} {
		if d, _ := p.delivery(e); d.Status != webhook.Failed || !d.NextAt.IsZero() {
			t.Errorf("delivery %+v", d)
		}
	}
	if !strings.Contains(p.log.String(), `msg="webhook endpoint disabled" endpoint=`+made.Endpoint.ID) {
		t.Errorf("the operator was not told:\n%s", p.log)
	}
}

// Twenty failures over three days turn an endpoint off; neither alone does.
func TestEndpointsThatFailForDaysAreTurnedOff(t *testing.T) {
	p := openPost(t)
	made := p.endpoint(merchant.Test)
	p.sender.always(0, webhook.OutcomeTimeout)
	for range 25 {
		p.happens(webhook.PaymentPaid)
	}
	p.work()
	if got := p.state(made.Endpoint.ID); !got.Enabled || got.Failures != 25 {
		t.Fatalf("one bad moment: %+v", got)
	}
	p.clock.set(p.clock.Now().Add(3 * 24 * time.Hour))
	p.work()
	if got := p.state(made.Endpoint.ID); got.Enabled || got.DisabledFor != webhook.DisabledFailing {
		t.Fatalf("after three days: %+v", got)
	}
	on := true
	_, _, err := p.hooks.Update(t.Context(), p.who(merchant.Test), made.Endpoint.ID, EndpointChange{Enabled: &on}, Once[Registered]{})
	p.ok(err)
	p.happens(webhook.PaymentPaid)
	p.work()
	if got := p.state(made.Endpoint.ID); got.Failures != 1 {
		t.Errorf("turned on again it begins with a past: %+v", got)
	}
	p.sender.meets = nil
	e := p.happens(webhook.PaymentPaid)
	p.work()
	if d, _ := p.delivery(e); d.Status != webhook.Delivered {
		t.Errorf("turned on again: %+v", d)
	}
	if got := p.state(made.Endpoint.ID); got.Failures != 0 || !got.FailingSince.IsZero() {
		t.Errorf("a success did not make the past forgotten: %+v", got)
	}
}

// The process may die between sending and recording. The event then arrives again under the same
// id, and is recorded once.
func TestACrashAfterSendingSendsAgain(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	job := p.jobs()[0]
	p.hooks.Core.Work = dying{p.store, &p.sender.sent}
	if _, err := p.hooks.Deliver(t.Context(), job); !errors.Is(err, errDied) {
		t.Fatalf("got %v", err)
	}
	p.hooks.Core.Work = p.store
	if d, attempts := p.delivery(e); d.Attempts != 0 || len(attempts) != 0 || len(p.jobs()) != 1 {
		t.Fatalf("half a record: %+v, %v, %d jobs", d, attempts, len(p.jobs()))
	}
	p.work()
	d, attempts := p.delivery(e)
	if d.Status != webhook.Delivered || len(attempts) != 1 || len(p.sender.sent) != 2 ||
		p.sender.sent[0].Headers[headerID] != p.sender.sent[1].Headers[headerID] {
		t.Errorf("%+v, %v, %d requests", d, attempts, len(p.sender.sent))
	}
}

var errDied = errors.New("died")

// dying is a store whose process dies when it comes back from sending.
type dying struct {
	ports.UnitOfWork
	sent *[]ports.Outgoing
}

func (d dying) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	if len(*d.sent) > 0 {
		return errDied
	}
	return d.UnitOfWork.Do(ctx, fn)
}

// Our own stopping is no failure of the receiver; but what was delivered is recorded even then.
func TestStoppingBlamesNobody(t *testing.T) {
	for outcome, want := range map[string]int{webhook.OutcomeTimeout: 0, webhook.OutcomeDelivered: 1} {
		p := openPost(t)
		made := p.endpoint(merchant.Test)
		e := p.happens(webhook.PaymentPaid)
		ctx, stop := context.WithCancel(t.Context())
		p.sender.meets = func(context.Context, ports.Outgoing) ports.SendResult {
			stop()
			return ports.SendResult{Outcome: outcome}
		}
		_, err := p.hooks.Deliver(ctx, p.jobs()[0])
		if (err == nil) != (want == 1) {
			t.Errorf("%s: %v", outcome, err)
		}
		if _, attempts := p.delivery(e); len(attempts) != want || p.state(made.Endpoint.ID).Failures != 0 {
			t.Errorf("%s: recorded %v", outcome, attempts)
		}
	}
}

// A scripted outage fails test deliveries of its project without a request, and ends by itself.
func TestScriptedOutagesSendNothing(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	p.endpoint(merchant.Live)
	now := p.clock.Now()
	outage := func(kind string, project merchant.ProjectID) {
		p.ok(p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Sandbox.Trouble(ctx, ports.SandboxTrouble{
				Kind: kind, Project: project, From: now, Until: now.Add(time.Minute),
			})
		}))
	}
	outage("node", p.shop.Project.ID)
	outage("webhook", "another")
	unhurt := p.happens(webhook.PaymentPaid)
	p.work()
	if d, _ := p.delivery(unhurt); d.Status != webhook.Delivered {
		t.Errorf("an outage of something else: %+v", d)
	}
	outage("webhook", p.shop.Project.ID)
	e := p.happens(webhook.PaymentPaid)
	p.work()
	if _, attempts := p.delivery(e); len(p.sender.sent) != 1 || len(attempts) != 1 || attempts[0].Outcome != webhook.OutcomeSandboxDown {
		t.Errorf("%d requests, attempts %+v", len(p.sender.sent), attempts)
	}
	live := p.shop.MakeEvent(1, now)
	live.Mode = merchant.Live
	p.ok(p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return announce(ctx, r, []webhook.Event{live}, postIDs{})
	}))
	p.work()
	if d, _ := p.delivery(live); d.Status != webhook.Delivered {
		t.Errorf("an outage of test mode hurt real news: %+v", d)
	}
	p.clock.set(now.Add(time.Minute))
	p.work()
	if d, _ := p.delivery(e); d.Status != webhook.Delivered {
		t.Errorf("after the outage: %+v", d)
	}
}
