package relayer

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Relay sends settlements with keys of ours. It implements ports.Relay and is safe for concurrent use.
type Relay struct {
	chain  *Chain
	keys   []Key
	maxFee *big.Int // wei per gas
}

// NewRelay prepares a relay of a chain's network. maxFee is the most it pays for gas, in wei.
func NewRelay(c *Chain, keys []Key, maxFee *big.Int) (*Relay, error) {
	if c == nil || len(keys) == 0 || maxFee == nil || maxFee.Sign() <= 0 {
		return nil, errors.New("a relay needs a network, a key and a cap of fees")
	}
	for i, k := range keys {
		if k.secret == nil || slices.ContainsFunc(keys[:i], func(other Key) bool { return other.account == k.account }) {
			return nil, fmt.Errorf("the relayer's key %d is none, or is there twice", i+1)
		}
	}
	return &Relay{chain: c, keys: slices.Clone(keys), maxFee: new(big.Int).Set(maxFee)}, nil
}

// Network implements ports.Relay.
func (r *Relay) Network() x402.Network { return r.chain.cfg.Network }

// Accounts implements ports.Relay.
func (r *Relay) Accounts() []x402.Address {
	out := make([]x402.Address, len(r.keys))
	for i, k := range r.keys {
		out[i] = k.account
	}
	return out
}

// errSign refuses to sign.
var errSign = errors.New("the relayer does not sign this")

// Sign implements ports.RelaySigner.
func (r *Relay) Sign(
	account x402.Address, nonce uint64, d x402.Due, o ports.AuthorizationOrder, f ports.RelayFees,
) (ports.RelayTransaction, error) {
	to, input, gas, err := r.settlement(account, d, o)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	out, err := r.sign(account, transaction{r.Network(), nonce, f, to, input}, gas)
	if err != nil {
		return ports.RelayTransaction{}, err
	}
	out.Key = d.Key()
	return out, nil
}

// Fill implements ports.RelaySigner.
func (r *Relay) Fill(account x402.Address, nonce uint64, f ports.RelayFees) (ports.RelayTransaction, error) {
	return r.sign(account, transaction{r.Network(), nonce, f, account, nil}, maxGasFilling)
}

// settlement is the call that settles what is due, and the most gas it may take. It is the only thing that
// is made of what a payer sent, and all of it is held against what is due and what is listed.
func (r *Relay) settlement(
	account x402.Address, d x402.Due, o ports.AuthorizationOrder,
) (to x402.Address, input []byte, gas uint64, err error) {
	a := o.Authorization
	switch {
	case d.Network != r.Network() || !r.chain.lists(d.Asset):
		return to, nil, 0, fmt.Errorf("%w: the token is not on its list", errSign)
	case !o.Moves(d):
		return to, nil, 0, fmt.Errorf("%w: the authorization is not of what is due", errSign)
	}
	s, ok := x402.ReadSignature(o.Signature)
	if !ok {
		return to, nil, 0, fmt.Errorf("%w: the signature cannot be read", errSign)
	}
	if d.Method.Permits() {
		input, err = r.permit(account, d, o, s)
		return d.Method.Proxy(), input, maxGas, err
	}
	switch o.Route {
	case x402.RouteSponsored:
	case x402.RouteKey:
		input, err = byKey(a, s)
		if err != nil {
			return to, nil, 0, fmt.Errorf("%w: %w", errSign, err)
		}
		return d.Asset, input, maxGas, nil
	case x402.RouteWallet:
		return d.Asset, byBytes(a, s.Bytes()), maxGas, nil
	case x402.RouteFactory:
		if err := r.chain.lists6492(s); err != nil {
			return to, nil, 0, fmt.Errorf("%w: %w", errSign, err)
		}
		// Somebody may have deployed the wallet by then; the transfer may not fail.
		return batchCaller, bundle(
			part{s.Deployment().Factory, true, s.Deployment().Call}, part{d.Asset, false, byBytes(a, s.Bytes())},
		), maxGasDeploying, nil
	}
	return to, nil, 0, fmt.Errorf("%w: nobody knows how the payer signs", errSign)
}

// permit is the call that settles a permit: of the contract that it is signed for, and no other.
func (r *Relay) permit(
	account x402.Address, d x402.Due, o ports.AuthorizationOrder, s x402.Signature,
) ([]byte, error) {
	signature, byKey := keySignature(s)
	switch {
	case !r.chain.cfg.Permits:
		return nil, fmt.Errorf("%w: permits are not settled here", errSign)
	case d.Value.IsZero() || d.Value.Cmp(d.Permitted()) > 0:
		return nil, fmt.Errorf("%w: not of a value that was permitted", errSign)
	case d.Method == x402.Permit2UpTo && o.Authorization.Facilitator != account:
		return nil, fmt.Errorf("%w: the payer named another facilitator", errSign)
	case o.Route == x402.RouteWallet:
		return byPermit(d, o.Authorization, s.Bytes(), nil), nil
	case o.Route == x402.RouteKey && byKey:
		return byPermit(d, o.Authorization, signature, nil), nil
	case o.Route == x402.RouteSponsored && byKey && o.Allowance != nil:
		return byPermit(d, o.Authorization, signature, o.Allowance), nil
	}
	return nil, fmt.Errorf("%w: nobody knows how the payer signs", errSign)
}

// sign signs a call within the caps.
func (r *Relay) sign(account x402.Address, t transaction, mostGas uint64) (ports.RelayTransaction, error) {
	f := t.fees
	at := slices.IndexFunc(r.keys, func(k Key) bool { return k.account == account })
	switch {
	case at < 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: %s is not its account", errSign, account)
	case f.MaxFee == nil || f.Tip == nil || f.MaxFee.Sign() <= 0 || f.Tip.Sign() < 0 || f.Tip.Cmp(f.MaxFee) > 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: fees are missing or contradict each other", errSign)
	case f.Gas == 0 || f.Gas > mostGas || f.MaxFee.Cmp(r.maxFee) > 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: %w", errSign, ports.ErrFeesTooHigh)
	}
	raw, id := t.signed(r.keys[at])
	return ports.RelayTransaction{
		Network: r.Network(), Account: account, Nonce: t.nonce, TxID: id, Raw: raw, Fees: f,
	}, nil
}

// Words by which nodes say what they think of a transaction.
var (
	knownWords = []string{"already known", "known transaction", "already imported", "alreadyknown", "already exists"}
	spentWords = []string{"nonce too low", "nonce is too low", "oldnonce", "nonce has already been used"}
	poorWords  = []string{"insufficient funds", "insufficient balance"}
)

// Faults of sending.
var (
	errPoor = fault.New(fault.Unavailable, "relayer_unavailable",
		"the gateway cannot pay the network's fees right now; do not sign again, present the same payment later")
	errNotTaken = fault.New(fault.Unavailable, "relayer_unavailable",
		"the network does not take the transaction right now; do not sign again, present the same payment later")
)

// Send implements ports.Relay. The transaction is told to several nodes, so that one that keeps it to
// itself cannot hold up a payment.
func (r *Relay) Send(ctx context.Context, t ports.RelayTransaction) error {
	if t.Network != r.Network() || t.TxID != keccak(t.Raw) {
		return errors.New("this is no transaction of the relay's network")
	}
	told, err := r.chain.cfg.Client.Tell(ctx, ethrpc.Question{
		Method: "eth_sendRawTransaction", Params: []any{hexOf(t.Raw)},
	})
	if err != nil {
		return err
	}
	said := ""
	for _, reply := range told {
		if reply.Refused == nil || says(reply.Refused, knownWords) {
			return nil
		}
		said += reply.Refused.Error() + "; "
	}
	spent := slices.ContainsFunc(told, func(reply ethrpc.Reply) bool { return says(reply.Refused, spentWords) })
	if spent {
		return r.whoSpent(ctx, t.TxID)
	}
	if slices.ContainsFunc(told, func(reply ethrpc.Reply) bool { return says(reply.Refused, poorWords) }) {
		return fmt.Errorf("%s: %w", said, errPoor)
	}
	return fmt.Errorf("%s: %w", said, errNotTaken)
}

func says(refused *ethrpc.Refusal, words []string) bool {
	said := strings.ToLower(refused.Message)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(said, w) })
}

// whoSpent tells a nonce that the transaction itself has used from one that another has.
func (r *Relay) whoSpent(ctx context.Context, id x402.Hash) error {
	_, err := r.chain.Receipt(ctx, id)
	if errors.Is(err, ports.ErrNotFound) {
		return ports.ErrNonceSpent
	}
	return err
}

// Standing implements ports.Relay.
func (r *Relay) Standing(ctx context.Context, account x402.Address) (next uint64, balance *big.Int, err error) {
	questions := []ethrpc.Question{
		{Method: "eth_getTransactionCount", Params: []any{account.String(), latest}},
		{Method: "eth_getBalance", Params: []any{account.String(), latest}},
	}
	err = r.chain.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) error {
		count, err := bigOf(replies[0])
		if err == nil {
			balance, err = bigOf(replies[1])
		}
		if err != nil || !count.IsUint64() {
			return ethrpc.Doubt("it does not tell how an account stands")
		}
		next = count.Uint64()
		return nil
	})
	return next, balance, err
}
