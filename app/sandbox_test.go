package app

import (
	"testing"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
)

// Whoever lost the answer plays again: it is still one payment, and no error.
func TestALatePaymentPlayedTwiceIsOne(t *testing.T) {
	s := openStage(t)
	s.clock.set(s.clock.Now().Add(time.Second))
	session := s.asked()
	s.clock.set(s.clock.Now().Add(time.Second))
	s.play(session.ID, ScenarioLate)
	s.play(session.ID, ScenarioLate)
	s.pass(10 * time.Second)
	s.is(session.ID, checkout.Settled)
	if lines := s.book(); len(lines) != 1 {
		t.Errorf("%d transactions are booked, want 1", len(lines))
	}
	s.wantTold(session.ID, webhook.PaymentPaid)
}

// A session whose time has run out by itself can be paid late too.
func TestALatePaymentNeedsNoHaste(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.clock.set(session.ExpiresAt.Add(time.Minute))
	s.play(session.ID, ScenarioLate)
	s.pass(10 * time.Second)
	if paid := s.is(session.ID, checkout.Settled); !paid.Receipt.Late {
		t.Error("the receipt does not say that it was late")
	}
}
