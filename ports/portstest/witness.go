package portstest

import (
	"math/big"
	"testing"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// WitnessWorld is a chain with at least two honest endpoints that can be asked one by one.
type WitnessWorld struct {
	ChainWorld
	ports.Witness
}

// Witness holds a reader of a chain to what it promises of proving a transfer by several endpoints.
// What a lying endpoint does is for each adapter's own tests.
func Witness(t *testing.T, open func(t *testing.T) WitnessWorld) {
	for name, keep := range map[string]func(t *testing.T, w WitnessWorld, s chainScene){
		"a final transfer is agreed on by as many as are asked for": witnessAgreed,
		"a transfer that differs in any part is contradicted":       witnessExact,
		"nobody is counted twice":                                   witnessOnce,
		"what is not final is not proven":                           witnessFinal,
		"silence is no contradiction":                               witnessOutage,
		"nobody can prove what is not read":                         witnessForeign,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			keep(t, w, chainScene{ChainWorld: w.ChainWorld, t: t, asset: w.Chain.Assets()[0]})
		})
	}
}

// finalTransfer pays and answers the transfer once it is final.
func (s chainScene) finalTransfer(payments ...Payment) []chain.Transfer {
	s.t.Helper()
	id := s.Pay(payments...)
	s.final()
	return s.lookup(id)
}

func witnessAgreed(t *testing.T, w WitnessWorld, s chainScene) {
	if w.Sources(s.asset) < 2 {
		t.Fatalf("the world has %d endpoints", w.Sources(s.asset))
	}
	for _, transfer := range s.finalTransfer(Units(s.Receiver(), 5), Units(s.Receiver(), 6)) {
		for n := 1; n <= w.Sources(s.asset); n++ {
			agreeing, err := w.Witnesses(t.Context(), transfer, n)
			ok(t, err)
			same(t, agreeing, n)
		}
	}
}

func witnessExact(t *testing.T, w WitnessWorld, s chainScene) {
	to := s.Receiver()
	found := s.finalTransfer(Units(to, 5), Units(s.Receiver(), 6))
	other := s.finalTransfer(Units(to, 5))[0]
	for name, change := range map[string]func(*chain.Transfer){
		"another amount":         func(x *chain.Transfer) { x.Units = big.NewInt(6) },
		"another receiver":       func(x *chain.Transfer) { x.To = s.Receiver() },
		"another index":          func(x *chain.Transfer) { x.Index = found[1].Index },
		"an index nobody has":    func(x *chain.Transfer) { x.Index += 1000 },
		"another transaction":    func(x *chain.Transfer) { x.TxID = TxID() },
		"another block":          func(x *chain.Transfer) { x.Height, x.BlockID = other.Height, other.BlockID },
		"another block's id":     func(x *chain.Transfer) { x.BlockID = other.BlockID },
		"another contract":       func(x *chain.Transfer) { x.Asset.Contract = string(x.To) },
		"no transaction at all":  func(x *chain.Transfer) { x.TxID = "" },
		"a transfer of the same": func(x *chain.Transfer) { x.TxID = other.TxID },
	} {
		changed := found[0]
		change(&changed)
		agreeing, err := w.Witnesses(t.Context(), changed, 1)
		if agreeing != 0 {
			t.Errorf("%s: %d endpoints agree", name, agreeing)
		}
		isFault(t, err, ports.ErrSourcesDisagree)
	}
	agreeing, err := w.Witnesses(t.Context(), found[0], 2)
	ok(t, err)
	same(t, agreeing, 2)
}

func witnessOnce(t *testing.T, w WitnessWorld, s chainScene) {
	transfer := s.finalTransfer(Units(s.Receiver(), 5))[0]
	agreeing, err := w.Witnesses(t.Context(), transfer, w.Sources(s.asset)+1)
	isFault(t, err, ports.ErrChainUnavailable)
	same(t, agreeing, w.Sources(s.asset))
}

func witnessFinal(t *testing.T, w WitnessWorld, s chainScene) {
	transfer := s.lookup(s.Pay(Units(s.Receiver(), 5)))[0]
	agreeing, err := w.Witnesses(t.Context(), transfer, 1)
	isFault(t, err, ports.ErrChainUnavailable)
	same(t, agreeing, 0)
	s.final()
	agreeing, err = w.Witnesses(t.Context(), transfer, 2)
	ok(t, err)
	same(t, agreeing, 2)
}

func witnessOutage(t *testing.T, w WitnessWorld, s chainScene) {
	transfer := s.finalTransfer(Units(s.Receiver(), 5))[0]
	s.Cut(true)
	agreeing, err := w.Witnesses(t.Context(), transfer, 1)
	isFault(t, err, ports.ErrChainUnavailable)
	same(t, agreeing, 0)
	s.Cut(false)
	_, err = w.Witnesses(t.Context(), transfer, 2)
	ok(t, err)
}

func witnessForeign(t *testing.T, w WitnessWorld, s chainScene) {
	foreign := s.asset
	foreign.Contract = string(s.Receiver())
	same(t, w.Sources(foreign), 0)
	elsewhere := s.asset
	elsewhere.Network = chain.Sandbox
	same(t, w.Sources(elsewhere), 0)
}

// RereaderWorld is a chain, and what reads its past again.
type RereaderWorld struct {
	ChainWorld
	ports.Rereader
	Second bool // there is a second endpoint
	Unread bool // the coin is not read again
}

// Rereader holds a reader of a chain to what it promises of reading blocks again.
func Rereader(t *testing.T, open func(t *testing.T) RereaderWorld) {
	for _, byReceipts := range []bool{true, false} {
		for name, keep := range map[string]func(t *testing.T, w rereading){
			"every transfer is read again as it was scanned":    rereadSame,
			"only watched transfers are answered":               rereadWatch,
			"what is not final, or not there, is an error":      rereadHoles,
			"while no endpoint can be read nothing is answered": rereadOutage,
		} {
			how := " by a search"
			if byReceipts {
				how = " by receipts"
			}
			t.Run(name+how, func(t *testing.T) {
				w := open(t)
				scene := chainScene{ChainWorld: w.ChainWorld, t: t, asset: w.Chain.Assets()[0]}
				keep(t, rereading{scene, w, byReceipts})
			})
		}
	}
}

// rereading asks for blocks again in one of the two ways.
type rereading struct {
	chainScene
	w          RereaderWorld
	byReceipts bool
}

func (r rereading) ask(from, to uint64, receivers ...chain.Address) (ports.Reread, error) {
	return r.w.Reread(r.t.Context(), ports.Rereading{
		From: from, To: to, Watch: r.watch(receivers...), ByReceipts: r.byReceipts,
	})
}

func rereadSame(t *testing.T, w rereading) {
	to, start := w.Receiver(), w.head()
	for i := range int64(5) {
		w.Pay(Units(to, i+1), Units(w.Receiver(), 9), Units(to, i+1))
		w.PayFake(Units(to, 7))
		w.Fail(Units(to, 8))
	}
	from, final := start.Final+1, w.final()
	all := 0
	for at := from; at <= final; at += rereadSpan {
		last := min(at+rereadSpan-1, final)
		want, err := w.Chain.Scan(t.Context(), at, last, w.watch(to))
		ok(t, err)
		all += len(want.Transfers)
		want.ParentID = ""
		got, err := w.ask(at, last, to)
		ok(t, err)
		if w.w.Unread {
			want.Transfers = none
			same(t, got.Unread, []chain.Asset{w.asset})
		} else {
			same(t, len(got.Unread), 0)
		}
		same(t, got.Span, want)
		same(t, got.Second, w.w.Second)
		if got.Host == "" || got.Calls < 1 {
			t.Fatalf("read by %q in %d calls", got.Host, got.Calls)
		}
	}
	same(t, all, 10)
}

// rereadSpan is few enough blocks for any coin.
const rereadSpan = 8

func rereadWatch(t *testing.T, w rereading) {
	to, start := w.Receiver(), w.head()
	w.Pay(Units(to, 1), Units(w.Receiver(), 2))
	from, final := start.Final+1, w.final()
	got, err := w.ask(from, final, w.Receiver())
	ok(t, err)
	same(t, got.Transfers, none)
	got, err = w.ask(from, final, to)
	ok(t, err)
	if !w.w.Unread {
		same(t, amounts(got.Transfers), []int64{1})
	}
}

func rereadHoles(t *testing.T, w rereading) {
	to := w.Receiver()
	w.Pay(Units(to, 1))
	w.Grow(3)
	h := w.head()
	for name, r := range map[string][2]uint64{
		"final to beyond it": {h.Final, h.Final + 1},
		"not there":          {h.Latest + 1, h.Latest + 1},
		"backwards":          {h.Final, h.Final - 1},
	} {
		if got, err := w.ask(r[0], r[1], to); err == nil {
			t.Errorf("%s: %+v and no error", name, got)
		}
	}
	_, err := w.ask(h.Final, h.Final+ports.MaxScanSpan, to)
	isFault(t, err, ports.ErrSpanTooWide)
}

func rereadOutage(t *testing.T, w rereading) {
	to := w.Receiver()
	w.Pay(Units(to, 1))
	final := w.final()
	w.Cut(true)
	_, err := w.ask(final, final, to)
	isFault(t, err, ports.ErrChainUnavailable)
	w.Cut(false)
	_, err = w.ask(final, final, to)
	ok(t, err)
}
