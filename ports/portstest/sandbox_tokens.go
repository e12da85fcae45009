package portstest

import (
	"crypto/sha256"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var sandboxTokenPromises = []promise{
	{"a call that is mined is found as it was sent", callFound},
	{"a call by permit is found as it was sent, and used once for all tokens", callPermits},
	{"a call that only uses up a nonce moves nothing and succeeds", callFills},
	{"an authorization is used once", callUsedOnce},
	{"what is scripted to fail, or comes too late, fails", callFails},
	{"the same call again is no error, another with its nonce is", callAgain},
	{"a call that is mined earlier takes the place of one with its nonce", callReplaced},
	{"a call too late for sealed time is mined at its end", callSealed},
	{"the next nonce is the first that was not used", callNextNonce},
	{"of many with one authorization exactly one succeeds", callRace},
}

// account answers an EVM account nobody was given before.
func account() (a x402.Address) {
	sum := sha256.Sum256([]byte("account " + TxID()))
	copy(a[:], sum[:])
	return a
}

// hash answers 32 bytes nobody was given before.
func hash() x402.Hash { return sha256.Sum256([]byte("hash " + TxID())) }

var calls atomic.Uint64

// Call answers a call of the sandbox's chain of tokens, as an account's first.
func Call(mined time.Time) ports.SandboxCall {
	return ports.SandboxCall{
		TxID: hash(), Account: account(), MinedAt: mined, Succeeded: true,
		Due: x402.Due{
			Network: 84532, Asset: x402.Address{1}, Payer: account(), PayTo: account(),
			Value: x402.Uint(10_000 + calls.Add(1)), Nonce: x402.Nonce(hash()),
			ValidBefore: x402.Uint(uint64(mined.Add(time.Minute).Unix())),
		},
	}
}

func mineCalls(t *testing.T, w World, cs ...ports.SandboxCall) {
	t.Helper()
	for _, c := range cs {
		ok(t, w.SandboxCalls.Mine(t.Context(), c))
	}
}

// minedCall is the call of a transaction.
func minedCall(t *testing.T, w World, id x402.Hash) ports.SandboxCall {
	t.Helper()
	c, err := w.SandboxCalls.Call(t.Context(), id)
	ok(t, err)
	c.Fails = false // a store need not keep what the finding follows from
	return c
}

func callPermits(t *testing.T, w World) {
	exact, upTo := Call(Epoch), Call(Epoch)
	exact.Due.Method, upTo.Due.Method = x402.Permit2, x402.Permit2UpTo
	upTo.Due.Most = x402.Uint(1 << 62)
	mineCalls(t, w, exact, upTo)
	same(t, minedCall(t, w, exact.TxID), exact)
	same(t, minedCall(t, w, upTo.TxID), upTo)
	again := Call(Epoch)
	again.Due.Payer, again.Due.Nonce, again.Due.Method = exact.Due.Payer, exact.Due.Nonce, x402.Permit2
	again.Due.Asset[19]++
	mineCalls(t, w, again)
	same(t, minedCall(t, w, again.TxID).Succeeded, false)
}

func callFound(t *testing.T, w World) {
	c := Call(Epoch)
	c.GoneAt = Epoch.Add(time.Second)
	c.Due.Value = x402.Uint(1 << 63)
	mineCalls(t, w, c, Call(Epoch))
	same(t, minedCall(t, w, c.TxID), c)
	used, err := w.SandboxCalls.Used(t.Context(), c.Due.Key())
	ok(t, err)
	same(t, used.TxID, c.TxID)
	_, err = w.SandboxCalls.Call(t.Context(), hash())
	isFault(t, err, ports.ErrNotFound)
	for _, other := range []func(k *x402.ClaimKey){
		func(k *x402.ClaimKey) { k.Nonce[31]++ }, func(k *x402.ClaimKey) { k.Network++ },
		func(k *x402.ClaimKey) { k.Asset[19]++ }, func(k *x402.ClaimKey) { k.Payer[19]++ },
	} {
		k := c.Due.Key()
		other(&k)
		_, err = w.SandboxCalls.Used(t.Context(), k)
		isFault(t, err, ports.ErrNotFound)
	}
}

func callFills(t *testing.T, w World) {
	a, b := Call(Epoch), Call(Epoch)
	a.Due, b.Due = x402.Due{}, x402.Due{}
	mineCalls(t, w, a, b)
	same(t, minedCall(t, w, a.TxID), a)
	same(t, minedCall(t, w, b.TxID), b)
	_, err := w.SandboxCalls.Used(t.Context(), x402.ClaimKey{})
	isFault(t, err, ports.ErrNotFound)
}

func callUsedOnce(t *testing.T, w World) {
	first, second := Call(Epoch), Call(Epoch)
	second.Due.Payer, second.Due.Nonce = first.Due.Payer, first.Due.Nonce // another value: the same key
	elsewhere := Call(Epoch)
	elsewhere.Due.Payer = first.Due.Payer
	mineCalls(t, w, first, second, elsewhere)
	second.Succeeded = false
	same(t, minedCall(t, w, second.TxID), second)
	same(t, minedCall(t, w, elsewhere.TxID), elsewhere)
	used, err := w.SandboxCalls.Used(t.Context(), first.Due.Key())
	ok(t, err)
	same(t, used.TxID, first.TxID)
}

func callFails(t *testing.T, w World) {
	broken, late, inTime := Call(Epoch), Call(Epoch), Call(Epoch)
	broken.Fails = true
	late.MinedAt = Epoch.Add(time.Minute)
	inTime.MinedAt = Epoch.Truncate(time.Second).Add(time.Minute - time.Microsecond)
	mineCalls(t, w, broken, late, inTime)
	for _, c := range []ports.SandboxCall{broken, late} {
		same(t, minedCall(t, w, c.TxID).Succeeded, false)
		_, err := w.SandboxCalls.Used(t.Context(), c.Due.Key())
		isFault(t, err, ports.ErrNotFound)
	}
	same(t, minedCall(t, w, inTime.TxID), inTime)
}

func callAgain(t *testing.T, w World) {
	c := Call(Epoch)
	mineCalls(t, w, c, c)
	again := c
	again.MinedAt = Epoch.Add(-time.Second) // sent again by a clock that is behind
	mineCalls(t, w, again)
	same(t, minedCall(t, w, c.TxID).Succeeded, true)
	other := Call(Epoch)
	other.Account = c.Account
	isFault(t, w.SandboxCalls.Mine(t.Context(), other), ports.ErrNonceSpent)
	_, err := w.SandboxCalls.Call(t.Context(), other.TxID)
	isFault(t, err, ports.ErrNotFound)
	other.Nonce = 1
	mineCalls(t, w, other)
	same(t, minedCall(t, w, other.TxID), other)
}

func callReplaced(t *testing.T, w World) {
	slow := Call(Epoch.Add(30 * time.Second))
	fast := slow
	fast.TxID, fast.MinedAt = hash(), Epoch
	mineCalls(t, w, slow, fast)
	same(t, minedCall(t, w, fast.TxID), fast)
	_, err := w.SandboxCalls.Call(t.Context(), slow.TxID)
	isFault(t, err, ports.ErrNotFound)
	isFault(t, w.SandboxCalls.Mine(t.Context(), slow), ports.ErrNonceSpent)
	used, err := w.SandboxCalls.Used(t.Context(), slow.Due.Key())
	ok(t, err)
	same(t, used.TxID, fast.TxID)
}

func callSealed(t *testing.T, w World) {
	seal(t, w, Epoch.Add(time.Second))
	late := Call(Epoch)
	tooLate := Call(Epoch)
	tooLate.Due.ValidBefore = x402.Uint(uint64(Epoch.Add(time.Second).Unix()))
	mineCalls(t, w, late, tooLate)
	late.MinedAt = Epoch.Add(time.Second)
	same(t, minedCall(t, w, late.TxID), late)
	same(t, minedCall(t, w, tooLate.TxID).Succeeded, false)
}

func callNextNonce(t *testing.T, w World) {
	sender := account()
	next := func(now time.Time, want uint64) {
		t.Helper()
		got, err := w.SandboxCalls.NextNonce(t.Context(), sender, now)
		ok(t, err)
		same(t, got, want)
	}
	next(Epoch, 0)
	for _, nonce := range []uint64{1, 2, 4} {
		c := Call(Epoch)
		c.Account, c.Nonce = sender, nonce
		mineCalls(t, w, c)
	}
	next(Epoch, 0)
	c := Call(Epoch.Add(time.Second))
	c.Account = sender
	mineCalls(t, w, c)
	next(Epoch, 0)
	next(Epoch.Add(time.Second), 3)
}

func callRace(t *testing.T, w World) {
	first := Call(Epoch)
	var sent [racers]ports.SandboxCall
	for i := range sent {
		sent[i] = Call(Epoch)
		sent[i].Due = first.Due
	}
	allWon(t, race(racers, func(i int) error { return w.SandboxCalls.Mine(t.Context(), sent[i]) }))
	succeeded := 0
	for _, c := range sent {
		got, err := w.SandboxCalls.Call(t.Context(), c.TxID)
		if errors.Is(err, ports.ErrNotFound) {
			t.Fatal("a call that was sent is not in the chain")
		}
		ok(t, err)
		if got.Succeeded {
			succeeded++
		}
	}
	same(t, succeeded, 1)
}
