package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// overtaken answers a session as it was just before everything else was read.
type overtaken struct {
	ports.SessionReads
	session *checkout.Session
}

func (o overtaken) ByID(context.Context, checkout.SessionID) (*checkout.Session, error) {
	return o.session, nil
}

func (s *stage) attestations() Attestations {
	return Attestations{
		Core: s.checkout.Core, Sessions: s.store, Signer: portstest.Pen{}, Issuer: "https://pay.example",
	}
}

func (s *stage) verified(signed attest.Signed, err error) attest.Statement {
	s.t.Helper()
	s.ok(err)
	read, err := attest.Verify(signed.JWS, portstest.Pen{}.Keys(), s.clock.Now())
	s.ok(err)
	return read
}

// What is signed is what the payer was told and what arrived: nothing before, nothing after.
func TestStatementsFollowTheSession(t *testing.T) {
	s := openStage(t)
	session, signs := s.asked(), s.attestations()
	said := s.verified(signs.Instruction(t.Context(), session.ID)).Instruction
	if i := session.Intent; said.Units != i.Units.String() || said.Amount != i.Payable() ||
		said.Address != string(i.Address) || said.Payment != string(i.ID) {
		t.Errorf("signed %+v for %+v", said, i)
	}
	again, err := signs.Instruction(t.Context(), session.ID)
	s.ok(err)
	if twin, err := signs.Instruction(t.Context(), session.ID); err != nil || twin.JWS != again.JWS {
		t.Errorf("the same state is signed in two ways, or %v", err)
	}
	if _, err := signs.Receipt(t.Context(), session.ID); !errors.Is(err, ErrNotPaidYet) {
		t.Errorf("a receipt before the payment: %v", err)
	}
	s.play(session.ID, ScenarioExact)
	s.pass(10 * time.Second)
	paid := s.is(session.ID, checkout.Settled)
	receipt := s.verified(signs.Receipt(t.Context(), session.ID)).Receipt
	if by := receipt.Transfers[0]; receipt.Units != said.Units || by.OrderNo != paid.Receipt.OrderNo ||
		by.TxID != string(paid.Receipt.TxID) || by.To != said.Address {
		t.Errorf("signed %+v for %+v", receipt, paid.Receipt)
	}
	if _, err := signs.Instruction(t.Context(), session.ID); !errors.Is(err, checkout.ErrAlreadyPaid) {
		t.Errorf("asked to pay again: %v", err)
	}
	if _, err := signs.Receipt(t.Context(), "nobody"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody's receipt: %v", err)
	}
}

// A payment that is undone while its receipt is made is not acknowledged.
func TestAPaymentUndoneMeanwhileHasNoReceipt(t *testing.T) {
	s := openStage(t)
	session := s.asked()
	s.play(session.ID, ScenarioExact)
	s.pass(10 * time.Second)
	before, err := s.store.ByID(t.Context(), session.ID)
	s.ok(err)
	signs := s.attestations()
	signs.Sessions = overtaken{s.store, before}
	s.verified(signs.Receipt(t.Context(), session.ID))
	s.play(session.ID, ScenarioReorg)
	s.pass(10 * time.Second)
	s.is(session.ID, checkout.Awaiting)
	if _, err := signs.Receipt(t.Context(), session.ID); !errors.Is(err, ErrNotPaidYet) {
		t.Errorf("a receipt of what is undone: %v", err)
	}
	s.play(session.ID, ScenarioExact)
	s.pass(10 * time.Second)
	if _, err := signs.Receipt(t.Context(), session.ID); !errors.Is(err, ErrNotPaidYet) {
		t.Errorf("the receipt of one payment for another: %v", err)
	}
}
