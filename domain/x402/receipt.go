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
}

func (r Requirements) due(a Authorization) Due {
	return Due{
		Network: r.Token.network, Asset: r.Token.contract, Payer: a.From, PayTo: r.PayTo,
		Value: r.Amount, ValidBefore: a.ValidBefore, Nonce: a.Nonce,
	}
}

// Key is the key of the claim on the authorization.
func (d Due) Key() ClaimKey {
	return ClaimKey{Network: d.Network, Asset: d.Asset, Payer: d.Payer, Nonce: d.Nonce}
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
// Transfer of the value from payer to payee and exactly one AuthorizationUsed of the nonce, both told by
// the token itself. Status 1 alone proves nothing: a token may tell of a nonce used before instead of
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
	used, _ := r.count(d.Asset, nil, usedEvent, word(d.Payer), Hash(d.Nonce))
	switch {
	case moved == 0 || used == 0:
		return Proven{}, ReasonNotObserved.Refuse("the transaction does not show this transfer")
	case moved > 1 || used > 1:
		return Proven{}, ErrAmbiguous
	}
	return Proven{due: d, tx: r.TxID, index: at}, nil
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
