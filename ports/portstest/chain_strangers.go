package portstest

import (
	"math/big"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// strange looks for strangers in final blocks; a chain on which there are none is not asked.
func (s chainScene) strange(from, to uint64, receivers ...chain.Address) ports.Strange {
	s.t.Helper()
	reader, is := s.Chain.(ports.Strangers)
	if !is {
		s.t.Skip("nothing can look like a payment on this chain")
	}
	found, err := reader.Strange(s.t.Context(), from, to, s.watch(receivers...))
	ok(s.t, err)
	return found
}

func chainStrange(t *testing.T, s chainScene) {
	to, start := s.Receiver(), s.head()
	fake, zero := s.PayFake(Units(to, 9_990_100)), s.Pay(Units(to, 0))
	s.Pay(Units(to, 7))
	var storm []Payment
	for range ports.MaxStrangeOf + 3 {
		storm = append(storm, Units(to, 0))
	}
	final := s.final()
	found := s.strange(start.Final+1, final, to)
	type event struct {
		id      chain.TxID
		because ports.IgnoredReason
		units   int64
		ours    bool
	}
	events := []event{{fake, ports.ForeignToken, 9_990_100, false}, {zero, ports.ZeroValue, 0, true}}
	if s.asset.IsNative() {
		events = events[:1] // a movement of nothing of a network's own coin leaves no log
	}
	same(t, len(found.Transfers), len(events))
	for i, want := range events {
		got := found.Transfers[i]
		if got.TxID != want.id || got.Reason != want.because || got.Units.Cmp(big.NewInt(want.units)) != 0 ||
			got.To != to || got.Network != s.Chain.Network() || (got.Contract == s.asset.Contract) != want.ours ||
			got.Height <= start.Final || got.BlockTime.Before(start.FinalTime) || got.From == "" {
			t.Errorf("event %d is %+v", i, got)
		}
	}
	same(t, len(found.More), 0)
	if s.asset.IsNative() {
		return
	}

	s.Pay(storm...)
	found = s.strange(final+1, s.final(), to)
	same(t, len(found.Transfers), ports.MaxStrangeOf)
	same(t, found.More, map[chain.Address]int{to: 3})
}

func chainStrangers(t *testing.T, s chainScene) {
	mine, theirs, start := s.Receiver(), s.Receiver(), s.head()
	s.PayFake(Units(theirs, 1))
	s.Pay(Units(theirs, 0))
	id := s.PayFake(Units(mine, 1))
	final := s.final()
	found := s.strange(start.Final+1, final, mine)
	same(t, len(found.Transfers), 1)
	same(t, found.Transfers[0].TxID, id)
	same(t, len(s.strange(start.Final+1, final).Transfers), 0)
	same(t, len(s.strange(start.Final+1, final, s.Receiver(), "", "nobody's address").Transfers), 0)
}

func (s chainScene) inspect(id chain.TxID) ports.Inspection {
	s.t.Helper()
	told, err := s.Chain.Inspect(s.t.Context(), id)
	ok(s.t, err)
	return told
}

func chainInspect(t *testing.T, s chainScene) {
	to := s.Receiver()
	fake, zero, paid := s.PayFake(Units(to, 5)), s.Pay(Units(to, 0)), s.Pay(Units(to, 6))
	failed := s.Fail(Units(to, 5))
	nothing := ports.ZeroValue
	if s.asset.IsNative() {
		nothing = "" // as in chainStrange
	}
	for id, want := range map[chain.TxID]ports.IgnoredReason{fake: ports.ForeignToken, zero: nothing, paid: ""} {
		told := s.inspect(id)
		if !told.Known || told.Failed || told.Height == 0 || told.BlockTime.IsZero() {
			t.Errorf("%q: %+v", want, told)
		}
		if want == "" {
			same(t, len(told.Strange), 0)
		} else if len(told.Strange) != 1 || told.Strange[0].Reason != want || told.Strange[0].To != to {
			t.Errorf("%q: %+v", want, told.Strange)
		}
	}
	if told := s.inspect(failed); told.Known != told.Failed || len(told.Strange) != 0 {
		t.Errorf("failed: %+v", told)
	}
	for _, id := range []chain.TxID{TxID(), "", "no transaction"} {
		same(t, s.inspect(id), ports.Inspection{})
	}
}
