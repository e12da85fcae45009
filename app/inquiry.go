package app

import (
	"context"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// elsewhereTimeout bounds how long other networks are asked for a transaction that the payment's own
// does not have.
const elsewhereTimeout = 4 * time.Second

// inquire says why a transaction that holds no transfer of the asset is none: it failed, it moves
// something else, it is on another network, or nobody knows it.
func (s *Settlement) inquire(ctx context.Context, session checkout.Snapshot, tx chain.TxID) (Proof, error) {
	intent := *session.Intent
	told, err := s.Rails.Chains[intent.Asset.Network].Inspect(ctx, tx)
	if err != nil {
		return Proof{}, err
	}
	if !told.Known {
		return s.elsewhere(ctx, session, tx)
	}
	if told.Failed {
		return Proof{Outcome: OutcomeUnsuccessful}, nil
	}
	proof := Proof{Outcome: OutcomeNoTransfer}
	for _, t := range told.Strange {
		switch {
		case t.To != intent.Address:
		case t.Reason == ports.ForeignToken:
			return Proof{Outcome: OutcomeForeignToken, Contract: t.Contract}, nil
		case t.Reason == ports.ZeroValue:
			proof.Outcome = OutcomeZeroValue
		}
	}
	return proof, nil
}

// elsewhere asks the other networks on which the payer may have paid: those where the address is the
// same, and those he was told an amount on before he chose another. What is found to go to us there
// is recorded, as any transfer is. A network that does not answer in time is as good as one that
// does not know the transaction.
func (s *Settlement) elsewhere(ctx context.Context, session checkout.Snapshot, tx chain.TxID) (Proof, error) {
	asked, err := s.Sessions.IntentsOf(ctx, session.ID, explainedIntents)
	if err != nil {
		return Proof{}, err
	}
	best := Proof{Outcome: OutcomeUnknown}
	for _, f := range s.findAll(ctx, s.others(*session.Intent, asked), tx) {
		if err := s.recordFinal(ctx, f.head, f.found); err != nil {
			return Proof{}, err
		}
		proof, err := s.there(ctx, session, asked, f)
		if err != nil {
			return Proof{}, err
		}
		if rank(proof.Outcome) > rank(best.Outcome) {
			best = proof
		}
	}
	return best, nil
}

// others are the networks to look on beside an intent's own.
func (s *Settlement) others(i checkout.Intent, asked []checkout.Intent) (out []chain.Network) {
	candidates := i.Asset.Network.Family()
	for _, a := range asked {
		candidates = append(candidates, a.Asset.Network)
	}
	for _, n := range candidates {
		if _, enabled := s.Rails.Chains[n]; enabled && n != i.Asset.Network && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// foundOn is what a network has of a transaction.
type foundOn struct {
	head  chain.Head
	found []chain.Transfer
}

// findAll looks a transaction up on several networks at once.
func (s *Settlement) findAll(ctx context.Context, on []chain.Network, tx chain.TxID) (out []foundOn) {
	ctx, cancel := context.WithTimeout(ctx, elsewhereTimeout)
	defer cancel()
	answers := make(chan foundOn, len(on))
	for _, n := range on {
		go func(c ports.Chain) {
			head, found, err := lookup(ctx, c, tx)
			if err != nil {
				found = nil
			}
			answers <- foundOn{head, found}
		}(s.Rails.Chains[n])
	}
	for range on {
		if f := <-answers; len(f.found) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// there says what a transaction means that was found on another network.
func (s *Settlement) there(
	ctx context.Context, session checkout.Snapshot, asked []checkout.Intent, f foundOn,
) (Proof, error) {
	for _, i := range asked {
		if i.Asset.Network == f.head.Network && slices.ContainsFunc(f.found, func(t chain.Transfer) bool {
			return t.To == i.Address && t.Asset == i.Asset
		}) {
			return s.explain(ctx, session.ID, i, f.head, f.found)
		}
	}
	for _, t := range f.found {
		if t.To == session.Intent.Address {
			return proofOf(OutcomeOtherNetwork, t, nil, f.head), nil
		}
	}
	return Proof{Outcome: OutcomeOtherAddress}, nil
}
