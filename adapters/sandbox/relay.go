package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What transactions cost: gas, and wei per gas.
const (
	gasUsed    = 85_000
	gasLimit   = 120_000
	gasPrice   = 1_000_000
	startFee   = 2_000_000
	startTip   = 100_000
	highestFee = 100_000_000 // beyond that nothing is signed
)

// relayAccounts is how many accounts send: whoever gives out a nonce holds its account's lane.
const relayAccounts = 4

// accounts are the senders. Nobody has keys of them, as nothing here checks a sender's signature.
var accounts = func() (out []x402.Address) {
	for i := range relayAccounts {
		out = append(out, accountNamed("relayer "+strconv.Itoa(i)))
	}
	return out
}()

func accountNamed(name string) (a x402.Address) {
	sum := sha256.Sum256([]byte("101pay sandbox account " + name))
	copy(a[:], sum[:])
	return a
}

// Accounts implements ports.Relay.
func (t *Tokens) Accounts() []x402.Address { return slices.Clone(accounts) }

// balance is what every sender has, in wei, whatever it spends.
var balance = new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)

// Standing implements ports.Relay.
func (t *Tokens) Standing(ctx context.Context, account x402.Address) (uint64, *big.Int, error) {
	if _, err := t.chain.look(ctx); err != nil {
		return 0, nil, err
	}
	next, err := t.calls.NextNonce(ctx, account, t.clock.Now())
	return next, new(big.Int).Set(balance), err
}

// errSign refuses to sign.
var errSign = errors.New("the sandbox's relayer does not sign this")

// transaction is the raw form of a transaction of this chain.
type transaction struct {
	Account x402.Address `json:"account"`
	Nonce   uint64       `json:"nonce"`
	Due     []byte       `json:"due,omitempty"` // what it moves, word by word; nothing for one that fills a gap
	MaxFee  *big.Int     `json:"max_fee"`
	Tip     *big.Int     `json:"tip"`
}

// Sign implements ports.RelaySigner.
func (t *Tokens) Sign(
	account x402.Address, nonce uint64, d x402.Due, o ports.AuthorizationOrder, f ports.RelayFees,
) (ports.RelayTransaction, error) {
	switch {
	case !listed(d):
		return ports.RelayTransaction{}, fmt.Errorf("%w: the token is not on its list", errSign)
	case !o.Moves(d):
		return ports.RelayTransaction{}, fmt.Errorf("%w: the authorization is not of what is due", errSign)
	case d.Value.IsZero() || d.Value.Cmp(d.Permitted()) > 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: not of a value that was permitted", errSign)
	case d.Method == x402.Permit2UpTo && o.Authorization.Facilitator != account:
		return ports.RelayTransaction{}, fmt.Errorf("%w: the payer named another facilitator", errSign)
	case o.Route != x402.RouteKey:
		return ports.RelayTransaction{}, fmt.Errorf("%w: it knows no wallet contracts", errSign)
	}
	out, err := sign(transaction{Account: account, Nonce: nonce, Due: packed(d)}, f)
	out.Key = d.Key()
	return out, err
}

// Fill implements ports.RelaySigner.
func (t *Tokens) Fill(account x402.Address, nonce uint64, f ports.RelayFees) (ports.RelayTransaction, error) {
	return sign(transaction{Account: account, Nonce: nonce}, f)
}

func sign(tx transaction, f ports.RelayFees) (ports.RelayTransaction, error) {
	switch {
	case !slices.Contains(accounts, tx.Account):
		return ports.RelayTransaction{}, fmt.Errorf("%w: %s is not its account", errSign, tx.Account)
	case f.MaxFee == nil || f.Tip == nil || f.MaxFee.Sign() <= 0 || f.Tip.Sign() < 0 || f.Tip.Cmp(f.MaxFee) > 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: fees are missing or contradict each other", errSign)
	case f.Gas > gasLimit || f.MaxFee.Cmp(big.NewInt(highestFee)) > 0:
		return ports.RelayTransaction{}, fmt.Errorf("%w: %w", errSign, ports.ErrFeesTooHigh)
	}
	tx.MaxFee, tx.Tip = f.MaxFee, f.Tip
	raw, err := json.Marshal(tx)
	return ports.RelayTransaction{
		Network: TokenNetwork, Account: tx.Account, Nonce: tx.Nonce, TxID: idOf(raw), Raw: raw, Fees: f,
	}, err
}

func idOf(raw []byte) x402.Hash {
	return sha256.Sum256(append([]byte("101pay sandbox transaction "), raw...))
}

// Send implements ports.Relay.
func (t *Tokens) Send(ctx context.Context, sent ports.RelayTransaction) error {
	var tx transaction
	if err := json.Unmarshal(sent.Raw, &tx); err != nil || sent.TxID != idOf(sent.Raw) || tx.MaxFee == nil {
		return errors.New("this is no transaction of the sandbox's chain")
	}
	d, ok := unpacked(tx.Due)
	if !ok {
		return errors.New("the transaction moves what is no money of the sandbox's chain")
	}
	if _, err := t.look(ctx, d); err != nil {
		return err
	}
	c := ports.SandboxCall{TxID: sent.TxID, Account: tx.Account, Nonce: tx.Nonce, Due: d, MinedAt: t.now()}
	switch Scripted(d.Permitted()) {
	case Reverts:
		c.Fails = true
	case Stuck:
		if tx.MaxFee.Cmp(big.NewInt(startFee)) <= 0 {
			c.MinedAt = c.MinedAt.Add(StuckFor)
		}
	case Lost:
		return nil
	case Undone:
		c.GoneAt = c.MinedAt.Add(UndoneAfter)
	case Beaten:
		if err := t.beat(ctx, c); err != nil {
			return err
		}
	case Settles, NoFunds, UsedBefore, NoAllowance, Unreachable:
	}
	return t.calls.Mine(ctx, c)
}

// beat has somebody else submit the same authorization first.
func (t *Tokens) beat(ctx context.Context, c ports.SandboxCall) error {
	key := c.Due.Key().String()
	c.Account, c.Nonce, c.TxID = accountNamed("third party "+key), 0, idOf([]byte("third party "+key))
	return t.calls.Mine(ctx, c)
}

// now is the time as stores keep it.
func (t *Tokens) now() time.Time { return t.clock.Now().UTC().Truncate(time.Microsecond) }

// Quote implements ports.RelayFeed.
func (t *Tokens) Quote(
	ctx context.Context, _ x402.Address, d x402.Due, _ ports.AuthorizationOrder,
) (ports.RelayFees, error) {
	if _, err := t.look(ctx, d); err != nil {
		return ports.RelayFees{}, err
	}
	if err := t.takes(ctx, d); err != nil {
		return ports.RelayFees{}, err
	}
	return ports.RelayFees{
		Gas: gasLimit, MaxFee: big.NewInt(startFee), Tip: big.NewInt(startTip), ExpectedPrice: big.NewInt(gasPrice),
	}, nil
}

// Raise implements ports.RelayFeed: by an eighth, rounded up.
func (t *Tokens) Raise(ctx context.Context, was ports.RelayFees) (ports.RelayFees, error) {
	if _, err := t.chain.look(ctx); err != nil {
		return ports.RelayFees{}, err
	}
	more := func(n *big.Int) *big.Int {
		const eighth = 8
		step := new(big.Int).Div(new(big.Int).Add(n, big.NewInt(eighth-1)), big.NewInt(eighth))
		return step.Add(step, n)
	}
	out := ports.RelayFees{
		Gas: was.Gas, MaxFee: more(was.MaxFee), Tip: more(was.Tip), ExpectedPrice: big.NewInt(gasPrice),
	}
	if out.MaxFee.Cmp(big.NewInt(highestFee)) > 0 {
		return ports.RelayFees{}, ports.ErrFeesTooHigh
	}
	return out, nil
}

// packed writes what is due: payer, payee, value, deadline and nonce, of the token that takes authorizations;
// by permit its token, the most that was permitted and the method, too.
func packed(d x402.Due) []byte {
	value, until := d.Value.Bytes(), d.ValidBefore.Bytes()
	out := bytes.Join([][]byte{d.Payer[:], d.PayTo[:], value[:], until[:], d.Nonce[:]}, nil)
	if d.Method.Permits() {
		most := d.Most.Bytes()
		out = bytes.Join([][]byte{out, d.Asset[:], most[:], {byte(d.Method)}}, nil)
	}
	return out
}

// unpacked reads what packed wrote; nothing is nothing due.
func unpacked(b []byte) (d x402.Due, ok bool) {
	const address, word = 20, 32
	if len(b) == 0 {
		return d, true
	}
	permits := len(b) == 3*address+4*word+1
	if len(b) != 2*address+3*word && !permits {
		return d, false
	}
	d.Network, d.Asset = TokenNetwork, USDC.Contract()
	take := func(n int) []byte {
		part := b[:n]
		b = b[n:]
		return part
	}
	copy(d.Payer[:], take(address))
	copy(d.PayTo[:], take(address))
	value, small := x402.UintOf(new(big.Int).SetBytes(take(word)))
	until, near := x402.UintOf(new(big.Int).SetBytes(take(word)))
	d.Value, d.ValidBefore = value, until
	copy(d.Nonce[:], take(word))
	if permits {
		copy(d.Asset[:], take(address))
		d.Most, _ = x402.UintOf(new(big.Int).SetBytes(take(word)))
		d.Method = x402.Method(b[0])
	}
	return d, small && near
}
