package app

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

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
	}
	if d.Status != webhook.Delivered || d.Attempts != 1 || !d.NextAt.IsZero() || len(attempts) != 1 || attempts[0] != want {
		t.Errorf("recorded %+v with %+v", d, attempts)
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
	p.ok(p.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return announce(ctx, r, live, postIDs{}) }))
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
