package x402

import (
	"bytes"
	"errors"
	"slices"
)

// Due is what a settlement must move: the payee gets the value of the payer, by this authorization and no
// other. Values are comparable.
type Due struct {
	Network             Network
	Asset, Payer, PayTo Address
	Value               Uint256
	ValidBefore         Uint256 // Unix seconds; after it the token refuses
	Nonce               Nonce

	Method Method
	Most   Uint256 // what the payer signed by Permit2UpTo, of which Value is used; zero otherwise
}

func (r Requirements) due(a Authorization) Due {
	d := Due{
		Network: r.Token.network, Asset: r.Token.contract, Payer: a.From, PayTo: r.PayTo,
		Value: r.Amount, ValidBefore: a.ValidBefore, Nonce: a.Nonce, Method: r.Method,
	}
	if r.Method == Permit2UpTo {
		d.Most = r.Amount
	}
	return d
}

// Key is the key of the claim on the authorization: of the contract that takes each nonce of its payer
// once. Permit2 does for all tokens together.
func (d Due) Key() ClaimKey {
	k := ClaimKey{Network: d.Network, Asset: d.Asset, Payer: d.Payer, Nonce: d.Nonce}
	if d.Method.Permits() {
		k.Asset = Permit2Contract
	}
	return k
}

// Over is the first second (Unix) in which nobody can move the money by this authorization any more; ok is
// false for one beyond 64 bits. A token takes it until right before ValidBefore, Permit2 in that second too.
func (d Due) Over() (second uint64, ok bool) {
	second, ok = d.ValidBefore.Uint64()
	if ok && d.Method.Permits() {
		ok = second+1 != 0
		second++
	}
	return second, ok
}

// Permitted is the value that was signed, of which Value is to be moved.
func (d Due) Permitted() Uint256 {
	if d.Method == Permit2UpTo {
		return d.Most
	}
	return d.Value
}

// Claimed is what is due as it was claimed, before it was known how much was used.
func (d Due) Claimed() Due {
	d.Value = d.Permitted()
	return d
}

// Log is an event of a transaction as a node tells it, decoded from hex.
type Log struct {
	Contract Address
	Topics   []Hash
	Data     []byte
}

// Receipt is what a node tells of a mined transaction.
type Receipt struct {
	Network       Network
	TxID          Hash
	Succeeded     bool   // status 1
	Confirmations uint64 // blocks up to the newest that hold it, its own included; 0 if none does
	Logs          []Log  // all of the transaction's, in order
	// To and Input are the call that the transaction is. They are told where the contract called is one that
	// settles permits, which tells nothing of what it settles; elsewhere they may be left out.
	To    Address
	Input []byte
}

// Proven is a settlement that a receipt has shown. Only Prove makes one.
type Proven struct {
	due   Due
	tx    Hash
	index uint32
}

// What leaves a settlement pending: a receipt that is not deep enough yet, and one that shows the transfer
// more than once, as when a payer's two payments of one price are submitted in one transaction. The money
// has moved then, but nobody can say for which of the two; a person must look.
var (
	ErrShallow   = errors.New("receipt: too few blocks hold the transaction")
	ErrAmbiguous = errors.New("receipt: it shows the transfer more than once")
)

// What tokens tell. EIP-3009 requires the second beside the first of ERC-20.
var (
	transferEvent = keccak([]byte("Transfer(address,address,uint256)"))
	usedEvent     = keccak([]byte("AuthorizationUsed(address,bytes32)"))
)

// Prove holds a receipt against what is due: on its network, deep enough, status 1, exactly one
// Transfer of the value from payer to payee, told by the token itself, and what shows by which authorization
// it moved: exactly one AuthorizationUsed of the nonce, told by the token too, or, of a permit, that the
// transaction is the call that settles it. Status 1 alone proves nothing: a token may tell of a nonce used before instead of
// reverting (PYUSD does). It does not matter who sent the transaction, as anybody may.
//
// Errors are ErrEvidence, ErrShallow, ErrAmbiguous, or Refusals: ReasonReverted if the transaction failed,
// else ReasonNotObserved.
func Prove(d Due, r Receipt, confirmations uint64) (Proven, error) {
	switch {
	case d == Due{} || r.Network != d.Network || r.TxID == Hash{}:
		return Proven{}, ErrEvidence
	case r.Confirmations < max(1, confirmations):
		return Proven{}, ErrShallow
	case !r.Succeeded:
		return Proven{}, ReasonReverted.Refuse("the transaction failed: the token refused the transfer")
	}
	value := Hash(d.Value.Bytes())
	moved, at := r.count(d.Asset, value[:], transferEvent, word(d.Payer), word(d.PayTo))
	used := r.uses(d)
	switch {
	case moved == 0 || used == 0:
		return Proven{}, ReasonNotObserved.Refuse("the transaction does not show this transfer")
	case moved > 1 || used > 1:
		return Proven{}, ErrAmbiguous
	}
	return Proven{due: d, tx: r.TxID, index: at}, nil
}

// uses is how many times the authorization was used, as far as the receipt shows.
func (r Receipt) uses(d Due) int {
	if d.Method.Permits() {
		if d.SettledBy(r.To, r.Input) {
			return 1
		}
		return 0
	}
	n, _ := r.count(d.Asset, nil, usedEvent, word(d.Payer), Hash(d.Nonce))
	return n
}

// count is how many times a contract told exactly this, and the place of the last among the logs.
func (r Receipt) count(contract Address, data []byte, topics ...Hash) (n int, at uint32) {
	for i, l := range r.Logs {
		if l.Contract == contract && slices.Equal(l.Topics, topics) && bytes.Equal(l.Data, data) {
			n, at = n+1, uint32(i) // #nosec G115 -- a block's gas allows far fewer logs
		}
	}
	return n, at
}

// Due is what was settled.
func (p Proven) Due() Due { return p.due }

// TxID is the transaction that moved it.
func (p Proven) TxID() Hash { return p.tx }

// Index is the place of the transfer's log among those of its transaction: what chain.Transfer calls so.
func (p Proven) Index() uint32 { return p.index }
