package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Bounds of a settlement, as the request that pays for something sees it.
const (
	// settleFor is how long a request waits for its payment to be in the chain. What is not by then is
	// pending, and the reconciler's.
	settleFor = 20 * time.Second
	// settleBound bounds all of it: quoting, signing, sending, waiting and writing down.
	settleBound = settleFor + 20*time.Second
	// claimPatience is how long a claim may go unsigned, beside the time it takes to make what is sold,
	// before its request is taken for dead: until then its payer, who may have a minute to be settled in,
	// is told to wait. A request that is slower than that finds its claim refused, and signs nothing.
	claimPatience = 20 * time.Second
	// signedPatience is when the reconciler looks after a transaction whose request should have.
	signedPatience = settleFor + 5*time.Second
	// finalPatience is when it looks whether what settled has become final.
	finalPatience = 30 * time.Second
	// maxUnmined is how many transactions of one account may be in no block: nodes keep few of an account
	// that come one after another, and drop the rest. Those in a block that is not final do not count.
	maxUnmined = 64
	// budgetPeriod is what a rail's budget is for.
	budgetPeriod = 24 * time.Hour
)

// Relayer settles authorizations: it signs, stores and sends transactions, and proves on the chain what
// became of them. Whatever step a crash comes after, what is stored is enough for the Reconciler.
type Relayer struct {
	Core   Core
	Rails  TokenRails
	Reads  ports.AuthorizationReads
	Lanes  ports.LaneReads
	Orders ports.OrderNumbers
	Events Announcer
	// Till is where what pays a checkout session is entered; nil where none is paid.
	Till *Settlement
	// Played is the sandbox chain as it is scripted: test payments of sessions are shown on it.
	Played ports.SandboxReads
	Log    *slog.Logger

	vigils vigils
	floors floors

	settlings together[*settling]
	sendings  together[*sending]
	signings  signings
}

// Deal is a claimed payment on its way to be settled.
type Deal struct {
	Rail     TokenRail
	Verified x402.Verified
	Route    x402.Route
	// Answer is what will be delivered, if that is known before: it is kept together with the signature,
	// so that a payment that turns out to be made after a crash is not left without what it bought.
	Answer *ports.AuthorizationAnswer
	// Session is what it pays, "" for a resource.
	Session checkout.SessionID
}

func (d Deal) key() x402.ClaimKey { return d.Verified.Due().Key() }

// Claim records that a payment is ours to settle, before anything is asked of the chain or done for its
// payer. making is how long what is sold may take to be made before anything is signed. Of many who race
// one claims; the others are answered ports.ErrTaken.
func (s *Relayer) Claim(ctx context.Context, row ports.AuthorizationRow, making time.Duration) error {
	now := s.now()
	row.ChangedAt, row.LookAt = now, now.Add(claimPatience+making)
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		if err := r.Authorizations.Claim(ctx, row); err != nil {
			return err
		}
		return admit(ctx, r, row, now)
	})
}

// ClaimAgain takes up a payment that was refused, as what refused it may have changed. Of many who race one
// does; the others are answered ports.ErrStale.
func (s *Relayer) ClaimAgain(ctx context.Context, v x402.Verified, b x402.Binding, making time.Duration) error {
	now := s.now()
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		row, err := r.Authorizations.Load(ctx, v.Due().Key())
		if err != nil {
			return err
		}
		row, err = advance(ctx, r, row, now, func(row *ports.AuthorizationRow, now time.Time) error {
			again, err := row.Settlement.ClaimAgain(v, b, now)
			row.Settlement, row.LookAt = again, now.Add(claimPatience+making)
			return err
		})
		if err != nil {
			return err
		}
		return admit(ctx, r, row, now)
	})
	if errors.Is(err, x402.ErrTransition) {
		return ports.ErrStale
	}
	return err
}

// Refuse ends a claim before anything was signed, and answers it as it stands then: somebody else may have
// moved it first.
func (s *Relayer) Refuse(
	ctx context.Context, k x402.ClaimKey, by x402.Actor, why x402.Reason,
) (ports.AuthorizationRow, error) {
	return s.moveOrRead(ctx, k, refusedFor(by, why))
}

// refusedFor moves a claim to refused. It is looked at once more, as somebody else may submit what was
// signed: at once if somebody seems to have.
func refusedFor(by x402.Actor, why x402.Reason) change {
	return func(row *ports.AuthorizationRow, now time.Time) error {
		refused, err := row.Settlement.Refuse(by, why)
		row.LookAt = overAt(row.Settlement)
		if row.Settlement = refused; why == x402.ReasonUsed {
			row.LookAt = now
		}
		return err
	}
}

// LetGo gives a claim back that a fault of ours kept from being settled: the reconciler refuses it at its
// next look, and then the same payment may be presented again. The chain or the payer were not at fault,
// so nothing is said of them.
func (s *Relayer) LetGo(ctx context.Context, k x402.ClaimKey) error {
	_, err := s.move(ctx, k, func(row *ports.AuthorizationRow, now time.Time) error {
		if row.Settlement.Snapshot().Status != x402.Claimed {
			return x402.ErrTransition
		}
		row.LookAt = now
		return nil
	})
	if errors.Is(err, x402.ErrTransition) {
		return nil
	}
	return err
}

// Settle brings a claimed payment to rest, or to where the reconciler goes on, and answers it. Errors that
// are Refusals say what the chain has against it: it is refused then. Every other error is ours, and leaves
// it to the reconciler. The caller's end does not end it: what is signed must be sent.
func (s *Relayer) Settle(ctx context.Context, d Deal) (ports.AuthorizationRow, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleBound)
	defer cancel()
	if err := s.awaited(ctx, d.Session); err != nil {
		return ports.AuthorizationRow{}, s.giveUp(ctx, d, err)
	}
	if d.Rail.Delegate != nil {
		return s.delegate(ctx, d)
	}
	tx, err := s.sign(ctx, d)
	switch {
	case errors.Is(err, x402.ErrTransition):
		return s.read(ctx, d.key()) // somebody else moved it meanwhile
	case err != nil:
		return ports.AuthorizationRow{}, s.giveUp(ctx, d, err)
	}
	at := lane{tx.Network, tx.Account}
	defer s.floors.depart(at)()
	return s.await(ctx, pursuit{
		rail: d.Rail, due: d.Verified.Due(), tx: tx.TxID, unsent: &tx, kept: d.Answer != nil,
		used: func() { s.floors.put(at, tx.Nonce+1) },
	})
}

// giveUp handles what kept a payment from being signed: a refusal ends it, a fault of ours gives it back.
func (s *Relayer) giveUp(ctx context.Context, d Deal, err error) error {
	var refusal *x402.Refusal
	if errors.As(err, &refusal) {
		if _, lost := s.Refuse(ctx, d.key(), x402.Relayer, refusal.Reason); lost != nil {
			return lost
		}
		return err
	}
	says := ""
	switch {
	case errors.Is(err, ports.ErrFeesTooHigh):
		says = "not signed: the network asks more than may be paid"
	case errors.Is(err, ErrGasBudgetSpent):
		says = "not signed: the budget for fees is spent"
	}
	if says != "" {
		s.Log.LogAttrs(ctx, slog.LevelWarn, says,
			slog.String("network", d.Rail.Network().String()), slog.String("error", err.Error()))
	}
	if errors.Is(err, ports.ErrOutcomeUnknown) {
		return err // it may be signed
	}
	return errors.Join(err, s.LetGo(ctx, d.key()))
}

// delegate asks another facilitator to settle, and believes the chain only.
func (s *Relayer) delegate(ctx context.Context, d Deal) (ports.AuthorizationRow, error) {
	asked := func(tx x402.Hash) func(*ports.AuthorizationRow, time.Time) error {
		return func(row *ports.AuthorizationRow, now time.Time) error {
			delegated, err := row.Settlement.Delegate(x402.Relayer, tx)
			row.Settlement, row.LookAt = delegated, now.Add(signedPatience)
			row.Order.Route = d.Route
			return err
		}
	}
	if err := d.Verified.Still(s.Core.Clock.Now()); err != nil {
		return ports.AuthorizationRow{}, s.giveUp(ctx, d, err)
	}
	row, err := s.moveKeeping(ctx, d.key(), d.Answer, asked(x402.Hash{}))
	switch {
	case errors.Is(err, x402.ErrTransition):
		return s.read(ctx, d.key())
	case err != nil:
		return ports.AuthorizationRow{}, s.giveUp(ctx, d, err)
	}
	tx, err := d.Rail.Delegate.Settle(ctx, d.Verified)
	var refusal *x402.Refusal
	switch {
	case errors.As(err, &refusal):
		return ports.AuthorizationRow{}, s.giveUp(ctx, d, err)
	case err != nil:
		s.Log.LogAttrs(ctx, slog.LevelWarn, "nobody knows whether the facilitator settled",
			slog.String("authorization", d.key().String()), slog.String("error", err.Error()))
	}
	if tx == (x402.Hash{}) {
		return row, nil // it names none: the reconciler asks the chain
	}
	if _, err = s.moveOrRead(ctx, d.key(), asked(tx)); err != nil {
		return ports.AuthorizationRow{}, err
	}
	return s.await(ctx, pursuit{rail: d.Rail, due: d.Verified.Due(), tx: tx})
}

// overAt is when a settlement that nobody works on any more is looked at once more: its window is over
// then, and with it the chance that somebody else submits its authorization.
func overAt(s x402.Settlement) time.Time {
	until, ok := s.Snapshot().Due.Over()
	if !ok || until > maxUnix {
		until = maxUnix
	}
	return time.Unix(int64(until), 0).UTC()
}

// maxUnix is a time no authorization that was verified reaches, and every store keeps.
const maxUnix = 253_402_300_799

func (s *Relayer) now() time.Time { return ledger.Instant(s.Core.Clock.Now()) }
