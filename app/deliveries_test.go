package app

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// verifies checks a request as an unmodified Standard Webhooks receiver does.
func verifies(t *testing.T, secret webhook.Secret, o ports.Outgoing) bool {
	t.Helper()
	receiver, err := standard.NewWebhook(secret.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	for name, value := range o.Headers {
		h.Set(name, value)
	}
	return receiver.VerifyIgnoringTimestamp(o.Body, h) == nil
}

func TestDeliveriesVerifyAtTheReceiver(t *testing.T) {
	p := openPost(t)
	made := p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	p.work()
	o := p.sender.sent[0]
	if !verifies(t, made.Secret, o) || !bytes.Equal(o.Body, e.Body) || o.URL != shopURL {
		t.Errorf("sent %+v", o)
	}
	if o.Headers[headerID] != e.ID || o.Headers[headerTimestamp] != strconv.FormatInt(p.clock.Now().Unix(), 10) ||
		o.Headers["Content-Type"] != "application/json" {
		t.Errorf("headers %v", o.Headers)
	}
	d, attempts := p.delivery(e)
	want := webhook.Attempt{
		DeliveryID: d.ID, Number: 1, At: p.clock.Now(), Took: time.Millisecond, StatusCode: 204, Outcome: webhook.OutcomeDelivered,
		Sent:     []webhook.Header{{Name: "Webhook-Signature", Value: o.Headers[headerSignature]}},
		Answered: []webhook.Header{{Name: "X-Request-Id", Value: "r1"}},
	}
	if d.Status != webhook.Delivered || d.Attempts != 1 || !d.NextAt.IsZero() {
		t.Errorf("recorded %+v", d)
	}
	if diff := cmp.Diff([]webhook.Attempt{want}, attempts); diff != "" {
		t.Error(diff)
	}
}

// A failing receiver hears the same event again by the schedule, signed anew each time, until the
// round is over.
func TestFailuresAreRetriedByTheSchedule(t *testing.T) {
	p := openPost(t)
	made := p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	p.sender.always(500, webhook.OutcomeStatus)
	waits := webhook.NativeSchedule()
	for i := range len(waits) + 1 {
		before := p.clock.Now()
		if !p.pass() {
			t.Fatalf("no try %d", i+1)
		}
		if i > 0 {
			if wait := p.clock.Now().Sub(before); wait < waits[i-1] || wait > waits[i-1]*11/10 {
				t.Errorf("try %d after %v, want %v and at most a tenth more", i+1, wait, waits[i-1])
			}
		}
	}
	if p.pass() {
		t.Fatal("a try beyond the schedule")
	}
	stamps := map[string]bool{}
	for _, o := range p.sender.sent {
		stamps[o.Headers[headerTimestamp]] = true
		if o.Headers[headerID] != e.ID || !bytes.Equal(o.Body, e.Body) || !verifies(t, made.Secret, o) {
			t.Errorf("another message: %+v", o)
		}
	}
	d, attempts := p.delivery(e)
	if len(stamps) != len(waits)+1 || len(attempts) != len(waits)+1 || d.Status != webhook.Failed || d.Attempts != len(attempts) {
		t.Errorf("%d times, %d attempts, %+v", len(stamps), len(attempts), d)
	}
	for i, a := range attempts {
		if a.Number != i+1 || a.Answer != "no" || a.StatusCode != 500 {
			t.Errorf("attempt %d recorded as %+v", i+1, a)
		}
	}
	if got := p.state(made.Endpoint.ID); got.Failures != len(attempts) || !got.Enabled {
		t.Errorf("the endpoint counts %+v", got)
	}
	if strings.Contains(p.log.String(), "shop.example") || strings.Contains(p.log.String(), made.Secret.Reveal()) {
		t.Errorf("the log tells too much:\n%s", p.log)
	}
}

func TestReceiversMayAskForMoreTimeButNotForSilence(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, time.Second: 5 * time.Second, 10 * time.Minute: 10 * time.Minute, 100 * time.Hour: time.Hour,
	} {
		p := openPost(t)
		p.endpoint(merchant.Test)
		e := p.happens(webhook.PaymentPaid)
		p.sender.meets = func(context.Context, ports.Outgoing) ports.SendResult {
			return ports.SendResult{StatusCode: 429, Outcome: webhook.OutcomeStatus, RetryAfter: asked}
		}
		p.work()
		d, _ := p.delivery(e)
		if wait := d.NextAt.Sub(p.clock.Now()); wait < want || wait > want*11/10 {
			t.Errorf("asked for %v: waits %v, want %v", asked, wait, want)
		}
	}
}

// What ran already does nothing when it is run again, and so leaves no second series of tries.
func TestRepeatedJobsDoNothing(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	p.sender.always(503, webhook.OutcomeStatus)
	job := p.jobs()[0]
	p.work()
	for range 3 {
		if wait, err := p.hooks.Deliver(t.Context(), job); wait != 0 || err != nil {
			t.Fatal(wait, err)
		}
	}
	if _, attempts := p.delivery(e); len(attempts) != 1 || len(p.sender.sent) != 1 || len(p.jobs()) != 1 {
		t.Errorf("%d attempts, %d requests, %d jobs", len(attempts), len(p.sender.sent), len(p.jobs()))
	}
	gone := Deliver{DeliveryID: "del_" + postIDs{}.UUID(), EndpointID: job.EndpointID, Attempt: 1, Try: 1}
	if wait, err := p.hooks.Deliver(t.Context(), gone); wait != 0 || err != nil {
		t.Errorf("a job of what is gone: %v, %v", wait, err)
	}
}

// Two processes may hold one job, when the first is thought dead. Both send; one attempt is recorded,
// and one job follows.
func TestTwoProcessesWithOneJobRecordOneAttempt(t *testing.T) {
	p := openPost(t)
	p.endpoint(merchant.Test)
	e := p.happens(webhook.PaymentPaid)
	twin := &Webhooks{
		Core: p.hooks.Core, Reads: p.store, Sandbox: p.store, Sender: p.sender, Prober: p.hooks.Prober,
		Events: p.hooks.Events, Log: p.hooks.Log,
	}
	fails := ports.SendResult{StatusCode: 500, Outcome: webhook.OutcomeStatus}
	p.sender.meets = func(ctx context.Context, _ ports.Outgoing) ports.SendResult {
		p.sender.always(500, webhook.OutcomeStatus)
		if _, err := twin.Deliver(ctx, p.jobs()[0]); err != nil {
			t.Error(err)
		}
		return fails
	}
	p.work()
	if d, attempts := p.delivery(e); d.Attempts != 1 || len(attempts) != 1 || len(p.sender.sent) != 2 || len(p.jobs()) != 1 {
		t.Errorf("%+v, attempts %+v, %d requests, %d jobs", d, attempts, len(p.sender.sent), len(p.jobs()))
	}
}

func TestRotatedSecretsOverlapForADay(t *testing.T) {
	p := openPost(t)
	who := p.who(merchant.Test)
	old := p.endpoint(merchant.Test)
	next, _, err := p.hooks.Rotate(t.Context(), who, old.Endpoint.ID, Once[Registered]{})
	p.ok(err)
	newest, _, err := p.hooks.Rotate(t.Context(), who, old.Endpoint.ID, Once[Registered]{})
	p.ok(err)
	check := func(name string, want ...bool) {
		t.Helper()
		p.happens(webhook.PaymentPaid)
		p.work()
		o := p.sender.sent[len(p.sender.sent)-1]
		for i, s := range []webhook.Secret{old.Secret, next.Secret, newest.Secret} {
			if verifies(t, s, o) != want[i] {
				t.Errorf("%s: secret %d verifies: %v", name, i, !want[i])
			}
		}
	}
	check("at once", false, true, true)
	p.clock.set(p.clock.Now().Add(webhook.SecretOverlap - time.Second))
	check("within a day", false, true, true)
	p.clock.set(p.clock.Now().Add(time.Second))
	check("after a day", false, false, true)
}
