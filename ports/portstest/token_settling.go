package portstest

import (
	"errors"
	"testing"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

func tokenSettleKey(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	same(t, tx.Key, v.Due().Key())
	before := s.settled(tx, v).Receipt.Confirmations
	if before != 1 && before != 2 { // it was mined when it was sent, or by the block after that
		t.Fatalf("%d confirmations", before)
	}
	s.Grow(2)
	same(t, s.proven(tx.TxID, v).Receipt.Confirmations, before+2)
}

func tokenSettleWallet(t *testing.T, s tokenScene) {
	p, exists := s.Wallet(Deployed)
	v := s.pay(s.Rich(), s.Price())
	if !exists {
		_, err := s.Relay.Sign(s.Relay.Accounts()[0], 0, v.Due(), ports.OrderOf(v, x402.RouteWallet), s.sign(v, x402.RouteKey).Fees)
		if err == nil {
			t.Fatal("a wallet's payment was signed where there are no wallets")
		}
		return
	}
	v = s.pay(p, s.Price())
	s.check(v, x402.RouteWallet)
	s.settled(s.sign(v, x402.RouteWallet), v)
}

func tokenSettleFactory(t *testing.T, s tokenScene) {
	p, exists := s.Wallet(Undeployed)
	v := s.pay(s.Rich(), s.Price())
	if !exists {
		_, err := s.Relay.Sign(s.Relay.Accounts()[0], 0, v.Due(), ports.OrderOf(v, x402.RouteFactory), s.sign(v, x402.RouteKey).Fees)
		if err == nil {
			t.Fatal("a wallet's payment was signed where there are no wallets")
		}
		return
	}
	v = s.pay(p, s.Price())
	s.check(v, x402.RouteFactory)
	s.settled(s.sign(v, x402.RouteFactory), v)
	s.check(s.pay(p, s.Price()), x402.RouteWallet) // it has code now, and signs as before
}

func tokenUnknown(t *testing.T, s tokenScene) {
	_, err := s.Chain.Receipt(t.Context(), hash())
	isFault(t, err, ports.ErrNotFound)
	v := s.pay(s.Rich(), s.Price())
	_, err = s.Chain.Receipt(t.Context(), s.sign(v, x402.RouteKey).TxID)
	isFault(t, err, ports.ErrNotFound)
}

func tokenFinal(t *testing.T, s tokenScene) {
	s.Finalize()
	v := s.pay(s.Rich(), s.Price())
	before := s.fate(v)
	if before.Used || before.UsedFinal || before.TxID != (x402.Hash{}) || before.FinalTime.IsZero() {
		t.Fatalf("fate of an authorization nobody used: %+v", before)
	}
	tx := s.sign(v, x402.RouteKey)
	same(t, s.settled(tx, v).Final, false)
	fresh := s.fate(v)
	if !fresh.Used || fresh.UsedFinal || fresh.TxID != tx.TxID {
		t.Fatalf("fate right after settlement: %+v", fresh)
	}
	s.Finalize()
	same(t, s.proven(tx.TxID, v).Final, true)
	final := s.fate(v)
	if !final.Used || !final.UsedFinal || final.TxID != tx.TxID || !final.FinalTime.After(before.FinalTime) {
		t.Fatalf("fate once final: %+v, was %+v", final, before)
	}
	same(t, s.fate(s.pay(s.Rich(), s.Price())).Used, false)
}

func tokenSubmitted(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	theirs := s.Submit(v)
	f := s.fate(v)
	same(t, f.Used, true)
	same(t, f.TxID, theirs)
	s.proven(theirs, v)
	s.send(tx)
	s.Grow(1)
	r, err := s.Chain.Receipt(t.Context(), tx.TxID)
	ok(t, err)
	_, err = x402.Prove(v.Due(), r.Receipt, 1)
	isRefusal(t, err, x402.ReasonReverted)
	same(t, s.fate(v).TxID, theirs)
}

func tokenAgain(t *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	tx := s.sign(v, x402.RouteKey)
	s.send(tx)
	s.settled(tx, v)
	s.send(tx)
	s.Grow(1)
	s.proven(tx.TxID, v)
	same(t, s.fate(v).TxID, tx.TxID)
}

func tokenSpent(t *testing.T, s tokenScene) {
	first, second := s.pay(s.Rich(), s.Price()), s.pay(s.Rich(), s.Price())
	won, lost := s.sign(first, x402.RouteKey), s.sign(second, x402.RouteKey)
	same(t, won.Nonce, lost.Nonce)
	s.settled(won, first)
	if err := s.Relay.Send(t.Context(), lost); !errors.Is(err, ports.ErrNonceSpent) {
		t.Fatalf("got error %v, want ErrNonceSpent", err)
	}
	s.Grow(1)
	same(t, s.fate(second).Used, false)
}

func tokenStanding(t *testing.T, s tokenScene) {
	account := s.Relay.Accounts()[0]
	next, balance, err := s.Relay.Standing(t.Context(), account)
	ok(t, err)
	if balance == nil || balance.Sign() <= 0 {
		t.Fatalf("balance %s", balance)
	}
	for range 2 {
		v := s.pay(s.Rich(), s.Price())
		tx := s.sign(v, x402.RouteKey)
		same(t, tx.Nonce, next)
		s.settled(tx, v)
		next++
	}
	got, _, err := s.Relay.Standing(t.Context(), account)
	ok(t, err)
	same(t, got, next)
}
