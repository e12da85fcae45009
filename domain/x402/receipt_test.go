package x402

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// proof is a receipt that shows a settlement, as USDC tells it.
func proof(d Due) Receipt {
	value := d.Value.Bytes()
	return Receipt{
		Network: d.Network, TxID: Hash{0x77}, Succeeded: true, Confirmations: 3,
		Logs: []Log{
			{Contract: d.Asset, Topics: []Hash{usedEvent, word(d.Payer), Hash(d.Nonce)}},
			{Contract: d.Asset, Topics: []Hash{transferEvent, word(d.Payer), word(d.PayTo)}, Data: value[:]},
		},
	}
}

func specDue(t testing.TB) Due {
	t.Helper()
	v, err := offerOf(t, usdc(t)).Verify(specPayment().decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	return v.Due()
}

// A transaction that succeeded is not a payment. Each case has been somebody's free lunch.
func TestReceiptsThatProveNothing(t *testing.T) {
	due := specDue(t)
	elsewhere := address(t, usdcBase)
	less := Uint(price - 1).Bytes()
	for name, c := range map[string]struct {
		change func(*Receipt)
		want   Reason
	}{
		"none":                        {func(*Receipt) {}, 0},
		"failed":                      {func(r *Receipt) { r.Succeeded = false }, ReasonReverted},
		"no events":                   {func(r *Receipt) { r.Logs = nil }, ReasonNotObserved},
		"no transfer":                 {func(r *Receipt) { r.Logs = r.Logs[:1] }, ReasonNotObserved},
		"nonce not used":              {func(r *Receipt) { r.Logs = r.Logs[1:] }, ReasonNotObserved},
		"nonce used before (PYUSD)":   {func(r *Receipt) { r.Logs[0].Topics[0] = keccak([]byte("AuthorizationAlreadyUsed(address,bytes32)")) }, ReasonNotObserved},
		"nonce cancelled":             {func(r *Receipt) { r.Logs[0].Topics[0] = keccak([]byte("AuthorizationCanceled(address,bytes32)")) }, ReasonNotObserved},
		"another nonce":               {func(r *Receipt) { r.Logs[0].Topics[2] = Hash{1} }, ReasonNotObserved},
		"nonce of another payer":      {func(r *Receipt) { r.Logs[0].Topics[1] = word(elsewhere) }, ReasonNotObserved},
		"transfer of another token":   {func(r *Receipt) { r.Logs[1].Contract = elsewhere }, ReasonNotObserved},
		"nonce told by another token": {func(r *Receipt) { r.Logs[0].Contract = elsewhere }, ReasonNotObserved},
		"transfer from another":       {func(r *Receipt) { r.Logs[1].Topics[1] = word(elsewhere) }, ReasonNotObserved},
		"transfer to another":         {func(r *Receipt) { r.Logs[1].Topics[2] = word(elsewhere) }, ReasonNotObserved},
		"a fee taken on the way":      {func(r *Receipt) { r.Logs[1].Data = less[:] }, ReasonNotObserved},
		"value of another length":     {func(r *Receipt) { r.Logs[1].Data = append(r.Logs[1].Data, 0) }, ReasonNotObserved},
		"a topic too many":            {func(r *Receipt) { r.Logs[1].Topics = append(r.Logs[1].Topics, Hash{}) }, ReasonNotObserved},
		"other transfers beside it": {func(r *Receipt) {
			r.Logs = append(r.Logs, Log{Contract: elsewhere, Topics: r.Logs[1].Topics, Data: r.Logs[1].Data})
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := proof(due)
			c.change(&r)
			p, err := Prove(due, r, 3)
			wants(t, err, c.want)
			if err == nil && (p.Due() != due || p.TxID() != r.TxID || p.Index() != 1) {
				t.Errorf("proven %+v", p)
			}
		})
	}
}

// A receipt that is not deep enough says nothing yet, for or against.
func TestReceiptsWait(t *testing.T) {
	due := specDue(t)
	r := proof(due)
	r.Succeeded = false
	if _, err := Prove(due, r, 4); !errors.Is(err, ErrShallow) {
		t.Errorf("a failed transaction 3 deep where 4 are asked: %v", err)
	}
	r = proof(due)
	r.Confirmations = 0
	if _, err := Prove(due, r, 0); !errors.Is(err, ErrShallow) {
		t.Errorf("a transaction that no block holds: %v", err)
	}
}

// What is of something else is the caller's mistake, and nothing to tell a payer.
func TestReceiptsOfSomethingElse(t *testing.T) {
	due := specDue(t)
	elsewhere, nothing := proof(due), proof(due)
	elsewhere.Network, nothing.TxID = 1, Hash{}
	for name, try := range map[string]func() (Proven, error){
		"another network": func() (Proven, error) { return Prove(due, elsewhere, 1) },
		"no transaction":  func() (Proven, error) { return Prove(due, nothing, 1) },
		"nothing due":     func() (Proven, error) { return Prove(Due{}, proof(Due{}), 1) },
	} {
		if _, err := try(); !errors.Is(err, ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two payments of one price in one transaction are told apart by nothing, so neither is proven; but nobody
// is told that the money did not move either.
func TestTwoPaymentsInOneTransaction(t *testing.T) {
	due := specDue(t)
	other := due
	other.Nonce = Nonce{1}
	r := proof(due)
	r.Logs = slices.Concat(r.Logs, proof(other).Logs)
	for name, logs := range map[string][]Log{
		"two payments": r.Logs, "transferred twice": append(proof(due).Logs, r.Logs[1]),
		"used twice": append(proof(due).Logs, r.Logs[0]),
	} {
		if _, err := Prove(due, Receipt{Network: r.Network, TxID: r.TxID, Succeeded: true, Confirmations: 1, Logs: logs}, 1); !errors.Is(err, ErrAmbiguous) {
			t.Errorf("%s: %v", name, err)
		}
	}

	other.Value = Uint(price + 1)
	r.Logs = slices.Concat(proof(due).Logs, proof(other).Logs)
	for _, d := range []Due{due, other} {
		if p, err := Prove(d, r, 1); err != nil || !bytes.Equal(p.due.Nonce[:], d.Nonce[:]) {
			t.Errorf("payments of two prices: %v", err)
		}
	}
}
