package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEventsThatMustNotBeRecorded(t *testing.T) {
	good := Event{
		ID: "evt_1", MerchantID: "m", ProjectID: "p", Mode: 1, Type: PaymentPaid, Body: []byte("{}"),
		CreatedAt: noon,
	}
	for name, c := range map[string]struct {
		change func(*Event)
		ok     bool
	}{
		"good":              {func(*Event) {}, true},
		"largest body":      {func(e *Event) { e.Body = make([]byte, MaxBodyBytes-1) }, true},
		"body of the limit": {func(e *Event) { e.Body = make([]byte, MaxBodyBytes) }, false},
		"no body":           {func(e *Event) { e.Body = nil }, false},
		"foreign id":        {func(e *Event) { e.ID = "1" }, false},
		"id with full stop": {func(e *Event) { e.ID = "evt_1.2" }, false},
		"unknown type":      {func(e *Event) { e.Type = "payment.stolen" }, false},
		"no owner":          {func(e *Event) { e.ProjectID = "" }, false},
		"no mode":           {func(e *Event) { e.Mode = 0 }, false},
		"no time":           {func(e *Event) { e.CreatedAt = time.Time{} }, false},
	} {
		e := good
		c.change(&e)
		if err := e.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseTypes(t *testing.T) {
	got, err := ParseTypes([]string{"payment.paid", "endpoint.test", "payment.paid"})
	if diff := cmp.Diff([]Type{EndpointTest, PaymentPaid}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, err := ParseTypes(nil); err != nil || len(got) != 0 {
		t.Errorf("none means all: %v, %v", got, err)
	}
	for _, names := range [][]string{{"*"}, {"payment.Paid"}, {""}, make([]string, 100)} {
		if _, err := ParseTypes(names); !errors.Is(err, ErrInvalidTypes) {
			t.Errorf("%q: %v", names, err)
		}
	}
}

func TestRotationKeepsTwoSecretsForADay(t *testing.T) {
	first, second, third := []byte("1"), []byte("2"), []byte("3")
	e := Endpoint{Secrets: [][]byte{first}}
	signing := func(at time.Time, want ...[]byte) {
		t.Helper()
		if diff := cmp.Diff(want, e.Signing(at)); diff != "" {
			t.Errorf("at %v: %s", at, diff)
		}
	}
	signing(noon, first)
	e.Rotate(second, noon)
	signing(noon, second, first)
	signing(noon.Add(SecretOverlap-time.Nanosecond), second, first)
	signing(noon.Add(SecretOverlap), second)
	e.Rotate(third, noon.Add(time.Hour))
	signing(noon.Add(time.Hour), third, second)
}

func TestAnEndpointIsTurnedOffOnlyAfterManyFailuresOverDays(t *testing.T) {
	fail := func(n int, over time.Duration, outcome string) Endpoint {
		e := Endpoint{Enabled: true}
		for i := range n {
			e.Failed(outcome, noon.Add(over*time.Duration(i)/time.Duration(max(n-1, 1))))
		}
		return e
	}
	for name, c := range map[string]struct {
		e    Endpoint
		want string
	}{
		"often over days":   {fail(20, 72*time.Hour, OutcomeTimeout), DisabledFailing},
		"often in an hour":  {fail(500, time.Hour, OutcomeStatus), ""},
		"rarely over weeks": {fail(19, 21*24*time.Hour, OutcomeStatus), ""},
		"gone":              {fail(1, 0, OutcomeGone), DisabledGone},
	} {
		if c.e.DisabledFor != c.want || c.e.Enabled == (c.want != "") {
			t.Errorf("%s: disabled for %q (enabled %v), want %q", name, c.e.DisabledFor, c.e.Enabled, c.want)
		}
	}
}

func TestOneSuccessForgivesAndTurningOnStartsAnew(t *testing.T) {
	e := Endpoint{Enabled: true, Failures: 19, FailingSince: noon}
	e.Succeeded()
	e.Failed(OutcomeTimeout, noon.Add(100*time.Hour))
	if !e.Enabled || e.Failures != 1 || !e.FailingSince.Equal(noon.Add(100*time.Hour)) {
		t.Errorf("after a success the count starts anew: %+v", e)
	}
	off := Endpoint{DisabledFor: DisabledFailing, Failures: 30, FailingSince: noon}
	off.Failed(OutcomeGone, noon) // one that was in flight
	if off.Enabled || off.DisabledFor != DisabledFailing {
		t.Errorf("what is off stays off for its reason: %+v", off)
	}
	off.Switch(true)
	if diff := cmp.Diff(Endpoint{Enabled: true}, off); diff != "" {
		t.Error(diff)
	}
	off.Failures = 3
	off.Switch(true)
	if off.Failures != 3 {
		t.Error("turning on what is on forgave failures")
	}
	off.Switch(false)
	if off.Enabled || off.DisabledFor != "" {
		t.Errorf("turned off by the merchant: %+v", off)
	}
}

func TestDeliveriesKeepTheirEventOverRounds(t *testing.T) {
	d := Delivery{ID: "del_1", EventID: "evt_1", EndpointID: "we_1", Status: Pending, NextAt: noon}
	later := noon.Add(time.Minute)
	d.Retry(later.Add(time.Hour), later)
	want := Delivery{
		ID: "del_1", EventID: "evt_1", EndpointID: "we_1",
		Status: Pending, Attempts: 1, NextAt: later.Add(time.Hour), UpdatedAt: later,
	}
	step := func() {
		t.Helper()
		if diff := cmp.Diff(want, d); diff != "" {
			t.Fatal(diff)
		}
	}
	step()
	d.Exhausted(later)
	want.Attempts, want.Status, want.NextAt = 2, Failed, time.Time{}
	step()
	d.Replay(later)
	want.Status, want.Round, want.NextAt = Pending, 1, later
	step()
	d.Delivered(later)
	want.Attempts, want.Status, want.NextAt = 3, Delivered, time.Time{}
	step()
	d.Replay(noon)
	d.Abandon(noon)
	want.Round, want.Status, want.UpdatedAt = 2, Failed, noon
	step()
}

func TestDescriptionsAreBounded(t *testing.T) {
	if err := CheckDescription(strings.Repeat("☕", 200)); err != nil {
		t.Error(err)
	}
	if err := CheckDescription(strings.Repeat("a", 201)); !errors.Is(err, ErrInvalidDescription) {
		t.Error(err)
	}
}
