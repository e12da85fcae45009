package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What a settlement does that pays a checkout session: its transfer enters the book by the way every
// payment of a session takes, and is taken back with it. Nothing here settles or reverses a session.

// admit refuses a claim for a session that is not to be paid, or that another program is paying. The
// session is locked until the claim is recorded, and whoever ends it asks for claims while he holds it.
func admit(ctx context.Context, r ports.Repos, row ports.AuthorizationRow, now time.Time) error {
	if row.SessionID == "" {
		return nil
	}
	id := checkout.SessionID(row.SessionID)
	session, err := r.Sessions.Load(ctx, id)
	if err != nil {
		return err
	}
	if err := session.CanAuthorize(now); err != nil {
		return err
	}
	paying, err := r.Authorizations.Paying(ctx, id)
	if err != nil {
		return err
	}
	mine := row.Settlement.Snapshot().Due.Key()
	if slices.ContainsFunc(paying, func(k x402.ClaimKey) bool { return k != mine }) {
		return checkout.ErrPaymentInProgress.After(orderAgain)
	}
	return nil
}

// awaited refuses to sign for an order that somebody else has paid since it was claimed. That is a look, and
// no lock: who pays after it is told that he paid twice.
func (s *Relayer) awaited(ctx context.Context, id checkout.SessionID) error {
	if id == "" {
		return nil
	}
	session, err := s.Till.Sessions.ByID(ctx, id)
	if err != nil {
		return err
	}
	if st := session.Status(); st == checkout.Settled || st == checkout.Cancelled {
		return x402.ReasonSettleFailed.Refuse("this checkout is not to be paid any more; nothing was charged")
	}
	return nil
}

// errOrder says that a settlement pays a checkout session.
var errOrder = errors.New("x402: it pays a checkout session")

// errUncounted says that a transfer was not found, or does not count yet.
var errUncounted = errors.New("x402: its transfer does not count yet")

// settleOrder is settle for what pays a session: transfer, booking, session, what its merchant is told and
// the settlement, all at once. A settlement whose transfer does not count yet by the session's own terms is
// answered as it is.
func (s *Relayer) settleOrder(ctx context.Context, e evidence) (out ports.AuthorizationRow, err error) {
	if out, err = s.read(ctx, e.key()); err != nil {
		return out, err
	}
	f, on, err := s.present(ctx, e, out)
	if errors.Is(err, errUncounted) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	now := s.now()
	var spent bool
	var counted []ports.Disposition
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		spent, counted = false, nil
		row, err := r.Authorizations.Load(ctx, e.key())
		if err != nil {
			return err
		}
		if row.Settlement.Snapshot().Status == x402.Settled {
			out = row
			return nil
		}
		b := booking{s: s.Till, r: r, now: now, recorded: &counted}
		went, taken, err := b.takeOver(ctx, f)
		if err != nil {
			return err
		}
		if on.Network != "" { // the watcher has not gone back meanwhile
			if err := r.Cursors.Stand(ctx, on); err != nil {
				return err
			}
		}
		if spent = !taken; spent {
			out, err = advance(ctx, r, row, now, spentOn(e.by))
			return err
		}
		if out, err = advance(ctx, r, row, now, provenBy(e, orderNoOf(went))); err != nil {
			return err
		}
		return indebt(ctx, r, out, now)
	})
	switch {
	case errors.Is(err, x402.ErrTransition), errors.Is(err, errUncounted), errors.Is(err, ports.ErrStale):
		return s.read(ctx, e.key())
	case err != nil:
		return out, err
	case spent:
		s.Log.LogAttrs(ctx, slog.LevelError, "the transfer of an agent's payment had paid something else",
			slog.String("authorization", e.key().String()), slog.String("transaction", e.proven.TxID().String()))
	}
	if s.Till.Recorded != nil {
		for _, d := range counted {
			s.Till.Recorded(f.proof.Transfer().Network, d)
		}
	}
	return out, nil
}

// present proves the transfer of a settlement to be one that counts: on the network and by the terms its
// session asks for, which may be stricter than those the settlement is proven by. on is where the watcher
// stands, in whose history it is; zero where none has begun.
func (s *Relayer) present(
	ctx context.Context, e evidence, row ports.AuthorizationRow,
) (f find, on ports.Cursor, err error) {
	at := passage{e.rail.Watched, txOf(e.proven.TxID()), e.proven.Index()}
	if at.network == "" {
		if at, err = s.mirror(ctx, e.proven.Due(), row); err != nil {
			return find{}, on, err
		}
	}
	read, ok := s.Till.Rails.Chains[at.network]
	if !ok {
		return find{}, on, ports.ErrChainUnavailable
	}
	head, found, err := lookup(ctx, read, at.tx)
	if err != nil {
		return find{}, on, err
	}
	i := slices.IndexFunc(found, func(t chain.Transfer) bool { return t.Index == at.index })
	if i < 0 {
		return find{}, on, errUncounted
	}
	held, err := s.intentFor(ctx, row, found[i])
	if err != nil {
		return find{}, on, err
	}
	on, same, err := s.Till.familiar(ctx, at.network, blocksOf(found[i:i+1]))
	if err != nil || !same {
		return find{}, on, errors.Join(err, errUncounted)
	}
	f, err = s.Till.proveFor(ctx, head, found[i], held)
	if errors.Is(err, chain.ErrNotFinal) {
		err = errUncounted
	}
	if err != nil {
		return find{}, on, err
	}
	one := []find{f}
	if err := s.Till.corroborate(ctx, one); err != nil {
		return find{}, on, err
	}
	f, err = s.vouched(one[0], row)
	return f, on, err
}

// vouched waits for the second source that a session's terms ask for, as long as any payment waits. What none
// proves in that time is its merchant's to judge.
func (s *Relayer) vouched(f find, row ports.AuthorizationRow) (find, error) {
	if f.doubt != ports.AwaitingSource && f.doubt != ports.SourcesDiffer {
		return f, nil
	}
	if s.now().Sub(row.Settlement.Snapshot().ClaimedAt) < vouchPatience {
		return find{}, errUncounted
	}
	f.doubt = ports.Uncorroborated
	return f, nil
}

// intentFor is the intent of its session that a transfer pays.
func (s *Relayer) intentFor(
	ctx context.Context, row ports.AuthorizationRow, t chain.Transfer,
) (ports.HeldAmount, error) {
	intents, err := s.Till.Sessions.IntentsOf(ctx, checkout.SessionID(row.SessionID), orderIntents)
	if err != nil {
		return ports.HeldAmount{}, err
	}
	for _, i := range intents {
		if i.Terms.Matching == checkout.Authorized && i.Matches(t) {
			return ports.HeldAmount{Intent: i, Owner: row.ProjectID}, nil
		}
	}
	return ports.HeldAmount{}, errNoIntent
}

// errNoIntent says that a settlement moved what its session never asked for.
var errNoIntent = errors.New("x402: no intent of its session asks for what was settled")

// passage is where a settlement's transfer is.
type passage struct {
	network chain.Network
	tx      chain.TxID
	index   uint32
}

// maxMirrors bounds how often a test payment is shown anew.
const maxMirrors = 8

// errMirrors says that the chain undid a test payment more often than anybody tries that.
var errMirrors = errors.New("x402: the sandbox chain undid a payment too often")

// mirror shows a test payment on the sandbox chain, where test sessions are paid. It is there once: what was
// undone there is shown anew under another name.
func (s *Relayer) mirror(ctx context.Context, d x402.Due, row ports.AuthorizationRow) (passage, error) {
	asset, known := s.Till.Rails.asset(chain.Sandbox, coinSold)
	if !known {
		return passage{}, ports.ErrChainUnavailable
	}
	for n := range maxMirrors {
		at := passage{network: chain.Sandbox, tx: mirrorOf(d.Key(), n)}
		shown, err := s.Played.Transaction(ctx, at.tx)
		if err != nil || len(shown) > 0 {
			return at, err
		}
		err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return r.Sandbox.Emit(ctx, []ports.SandboxTransfer{{
				TxID: at.tx, Contract: asset.Contract, Symbol: asset.Symbol, From: chain.EVMAddress(d.Payer),
				To: chain.SandboxAddress("project " + string(row.ProjectID)), Units: d.Value.String(), MinedAt: s.now(),
			}})
		})
		if !errors.Is(err, ports.ErrTaken) { // it was there, and is gone
			return at, err
		}
	}
	return passage{}, errMirrors
}

// mirrorOf names the transaction that shows a test payment on the sandbox chain for the nth time.
func mirrorOf(k x402.ClaimKey, n int) chain.TxID {
	sum := sha256.Sum256([]byte("101pay sandbox x402 " + k.String() + " " + strconv.Itoa(n)))
	return chain.TxID(hex.EncodeToString(sum[:]))
}

// mirrors reports whether a transaction shows a test payment on the sandbox chain.
func mirrors(tx chain.TxID, k x402.ClaimKey) bool {
	for n := range maxMirrors {
		if mirrorOf(k, n) == tx {
			return true
		}
	}
	return false
}

// movedFor is the transfer by which a settlement pays its session, where that stands; nil if it does not.
func movedFor(ctx context.Context, r ports.Repos, row ports.AuthorizationRow) (*ports.TransferRow, error) {
	rows, _, err := r.Transfers.OfSession(ctx, checkout.SessionID(row.SessionID))
	if err != nil {
		return nil, err
	}
	was := row.Settlement.Snapshot()
	for _, t := range rows {
		if t.Disposition == ports.Reversed {
			continue
		}
		if t.Transfer.TxID == txOf(was.TxID) && alike(t, was.Due) ||
			t.Transfer.Network == chain.Sandbox && mirrors(t.Transfer.TxID, was.Due.Key()) {
			return &t, nil
		}
	}
	return nil, nil
}
