package app

import (
	"bytes"
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// A replay starts the schedule anew under the same id, and the job it overtakes does nothing.
func TestReplaysOvertakeWhatWasPlanned(t *testing.T) {
	p := openPost(t)
	target, other := p.endpoint(merchant.Test), p.endpoint(merchant.Test, "payment.late")
	e := p.happens(webhook.PaymentPaid)
	p.sender.always(500, webhook.OutcomeStatus)
	p.pass()
	p.pass()
	p.pass()
	again := func(endpoint string, want int) {
		t.Helper()
		ds, _, err := p.hooks.Replay(t.Context(), ReplayInput{Who: p.who(merchant.Test), EventID: e.ID, EndpointID: endpoint}, Once[[]webhook.Delivery]{})
		if err != nil || len(ds) != want {
			t.Fatalf("replayed %v, %v", ds, err)
		}
	}
	again("", 1)
	if len(p.jobs()) != 2 {
		t.Fatalf("%d jobs, want the overtaken and the new one", len(p.jobs()))
	}
	if _, err := p.hooks.Deliver(t.Context(), p.jobs()[0]); err != nil || len(p.sender.sent) != 3 {
		t.Fatalf("the overtaken job sends: %d requests, %v", len(p.sender.sent), err)
	}
	p.work()
	d, _ := p.delivery(e)
	if wait := d.NextAt.Sub(p.clock.Now()); d.Round != 1 || d.Attempts != 4 || wait > 6*time.Second {
		t.Errorf("after a replay the next try is in %v: %+v", wait, d)
	}
	p.sender.meets = nil
	for p.pass() {
	}
	if d, attempts := p.delivery(e); d.Status != webhook.Delivered || len(attempts) != 5 || len(p.sender.sent) != 5 {
		t.Errorf("%+v after %d attempts and %d requests", d, len(attempts), len(p.sender.sent))
	}
	again(target.Endpoint.ID, 1)
	again(other.Endpoint.ID, 1) // which did not ask for such events, but is asked for now
	p.work()
	if len(p.sender.sent) != 7 {
		t.Errorf("%d requests", len(p.sender.sent))
	}
	for _, o := range p.sender.sent {
		if o.Headers[headerID] != e.ID || !bytes.Equal(o.Body, e.Body) {
			t.Errorf("another message: %+v", o)
		}
	}
	cases, err := p.hooks.Recent(t.Context(), p.who(merchant.Test), target.Endpoint.ID, 10)
	if err != nil || len(cases) != 1 || cases[0].Delivery.Round != 2 || cases[0].Delivery.Status != webhook.Delivered {
		t.Errorf("recent %+v, %v", cases, err)
	}
	off := false
	_, _, err = p.hooks.Update(t.Context(), p.who(merchant.Test), target.Endpoint.ID, EndpointChange{Enabled: &off}, Once[Registered]{})
	p.ok(err)
	_, _, err = p.hooks.Replay(t.Context(), ReplayInput{Who: p.who(merchant.Test), EventID: e.ID, EndpointID: target.Endpoint.ID}, Once[[]webhook.Delivery]{})
	p.is(err, webhook.ErrEndpointDisabled)
}

// A replay asked for while an attempt is on its way is not lost in it.
func TestAReplayDuringAnAttemptIsMade(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	p.sender.meets = func(ctx context.Context, _ ports.Outgoing) ports.SendResult {
		p.sender.meets = nil
		_, _, err := p.hooks.Replay(ctx, ReplayInput{Who: p.who(merchant.Test), EventID: e.ID}, Once[[]webhook.Delivery]{})
		p.ok(err)
		return ports.SendResult{StatusCode: 200, Outcome: webhook.OutcomeDelivered}
	}
	p.work()
	if d, attempts := p.delivery(e); d.Status != webhook.Delivered || len(attempts) != 2 || len(p.sender.sent) != 2 || len(p.jobs()) != 0 {
		t.Errorf("%+v, attempts %+v, %d requests", d, attempts, len(p.sender.sent))
	}
}

// A receiver that hangs holds its own two lanes and nothing else: deliveries to others go out
// meanwhile, and its own further ones step aside at once.
func TestAHangingEndpointDelaysNoOther(t *testing.T) {
	p := openPost(t)
	hanging, healthy := p.endpoint(merchant.Test, "payment.late"), p.endpoint(merchant.Test, "payment.paid")
	for range 5 {
		p.happens(webhook.PaymentLate)
	}
	jobs := p.jobs()
	arrived, release, done := make(chan bool), make(chan bool), make(chan error)
	p.sender.meets = func(context.Context, ports.Outgoing) ports.SendResult {
		arrived <- true
		<-release
		return ports.SendResult{Outcome: webhook.OutcomeTimeout}
	}
	for i := range lanesPerEndpoint {
		go func() {
			_, err := p.hooks.Deliver(t.Context(), jobs[i])
			done <- err
		}()
		<-arrived
	}
	p.sender.mu.Lock()
	p.sender.meets = nil
	p.sender.mu.Unlock()

	last := time.Duration(0)
	for _, job := range jobs[lanesPerEndpoint:] {
		wait, err := p.hooks.Deliver(t.Context(), job)
		if err != nil || wait <= last {
			t.Errorf("a third on its way: wait %v after %v, %v", wait, last, err)
		}
		last = wait
	}
	e := p.happens(webhook.PaymentPaid)
	to := p.jobs()[len(p.jobs())-1]
	if wait, err := p.hooks.Deliver(t.Context(), to); wait != 0 || err != nil || to.EndpointID != healthy.Endpoint.ID {
		t.Fatalf("the other endpoint: wait %v, %v", wait, err)
	}
	if d, _ := p.delivery(e); d.Status != webhook.Delivered {
		t.Errorf("the other endpoint waits: %+v", d)
	}

	close(release)
	for range lanesPerEndpoint {
		p.ok(<-done)
	}
	if got := p.state(hanging.Endpoint.ID); got.Failures != lanesPerEndpoint {
		t.Errorf("failures are miscounted: %+v", got)
	}
	if wait, err := p.hooks.Deliver(t.Context(), jobs[len(jobs)-1]); wait != 0 || err != nil {
		t.Errorf("the lanes are free again: wait %v, %v", wait, err)
	}
	if len(p.hooks.lanes.endpoints)+len(p.hooks.lanes.underway) != 0 {
		t.Error("lanes remember endpoints nothing is on its way to")
	}
}

// The same delivery is never on its way twice in one process, however its jobs collide.
func TestLanesHoldADeliveryOnce(t *testing.T) {
	var l lanes
	if _, ok := l.enter("e", "d"); !ok {
		t.Fatal("a free lane is refused")
	}
	if wait, ok := l.enter("e", "d"); ok || wait < shortestWait {
		t.Error("one delivery is on its way twice")
	}
	for range 10_000 {
		if wait, ok := l.enter("e", "d"); ok || wait > longestWait {
			t.Fatalf("waits %v", wait)
		}
	}
	l.leave("e", "d")
	if _, ok := l.enter("e", "d"); !ok {
		t.Error("a lane is not given back")
	}
}

// Whatever receivers answer and wherever the process dies: each event ends delivered or failed, is
// the same message at every attempt, and leaves one record for each attempt.
func TestEveryEventEndsDeliveredOrFailed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := openPost(t)
		p.endpoint(merchant.Test)
		p.endpoint(merchant.Test, "payment.paid")
		bodies, crashes := map[string][]byte{}, 0
		outcomes := []string{
			webhook.OutcomeDelivered, webhook.OutcomeDelivered, webhook.OutcomeStatus, webhook.OutcomeTimeout, webhook.OutcomeRedirect,
		}
		p.sender.meets = func(context.Context, ports.Outgoing) ports.SendResult {
			return ports.SendResult{Outcome: rapid.SampledFrom(outcomes).Draw(r, "outcome")}
		}
		for range rapid.IntRange(1, 5).Draw(r, "events") {
			e := p.happens(rapid.SampledFrom([]webhook.Type{webhook.PaymentPaid, webhook.PaymentLate}).Draw(r, "type"))
			bodies[e.ID] = e.Body
		}
		for {
			jobs := p.store.Jobs()
			if len(jobs) == 0 {
				break
			}
			if rapid.IntRange(0, 4).Draw(r, "dies") == 0 {
				sent := []ports.Outgoing{}
				p.hooks.Core.Work = dying{p.store, &sent}
				inner := p.sender.meets
				p.sender.meets = func(ctx context.Context, o ports.Outgoing) ports.SendResult {
					sent = append(sent, o)
					return inner(ctx, o)
				}
				_, err := p.hooks.Deliver(t.Context(), readDeliver(t, jobs[0]))
				p.hooks.Core.Work, p.sender.meets = p.store, inner
				if err != nil {
					crashes++
				}
			}
			p.pass()
		}
		attempts := 0
		for id := range bodies {
			_, ds, err := p.hooks.Event(t.Context(), p.who(merchant.Test), id)
			p.ok(err)
			for _, d := range ds {
				list, err := p.hooks.Attempts(t.Context(), p.who(merchant.Test), id, d.ID)
				p.ok(err)
				attempts += len(list)
				if d.Status == webhook.Pending || d.Attempts != len(list) || len(list) == 0 ||
					(d.Status == webhook.Delivered) != (list[len(list)-1].Outcome == webhook.OutcomeDelivered) {
					r.Fatalf("ended as %+v after %+v", d, list)
				}
			}
		}
		if len(p.sender.sent) != attempts+crashes {
			r.Fatalf("%d requests, %d attempts recorded, %d crashes", len(p.sender.sent), attempts, crashes)
		}
		for _, o := range p.sender.sent {
			if !bytes.Equal(o.Body, bodies[o.Headers[headerID]]) {
				r.Fatalf("another message: %+v", o)
			}
		}
	})
}
