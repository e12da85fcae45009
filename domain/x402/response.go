package x402

import (
	"encoding/base64"
	"errors"
	"time"
)

// Response is what a client is told of its payment's settlement.
type Response struct {
	due     Due
	tx      Hash
	refusal *Refusal

	settledAt time.Time
	receipt   string // "" unless signed
}

// Response tells of the settlement as it is: success, or why not with the transaction that was sent.
func (s Settlement) Response() Response {
	out := Response{due: s.now.Due, tx: s.now.TxID, settledAt: s.now.SettledAt}
	if _, err := s.Result(); !errors.As(err, &out.refusal) && err != nil {
		out.refusal = ReasonSettleFailed.Refuse("this is not a settlement") // the zero value
	}
	return out
}

// Relayed tells of a settlement by the word of the facilitator that was asked for it: what it sent, or why
// not. It is for servers that cannot ask a chain and take its word.
func Relayed(d Due, tx Hash, why *Refusal) Response { return Response{due: d, tx: tx, refusal: why} }

// Unused tells of a payment of which nothing was used: it succeeded, and nothing has moved nor will.
func Unused(v Verified) Response {
	d := v.Due()
	d.Value = Uint256{}
	return Response{due: d}
}

// Header prints the response for a version: the name and the value of its header. network and payer are
// always there, as clients read them after failures too; transaction is "" unless it moved the money or
// still may.
func (r Response) Header(v Version) (name, value string) {
	name = HeaderResponseV2
	if v == V1 {
		name = HeaderResponseV1
	}
	return name, base64.StdEncoding.EncodeToString(r.json(v))
}

// json is the response as transports other than HTTP carry it, too.
func (r Response) json(v Version) []byte {
	var w writer
	w.open('{')
	w.bool("success", r.refusal == nil)
	if r.refusal != nil {
		w.string("errorReason", r.refusal.Reason.Code(v))
		if v == V2 {
			w.string("errorMessage", r.refusal.Detail)
		}
	}
	transaction := ""
	if sent := r.refusal == nil || r.refusal.Reason == ReasonPending; sent && r.tx != (Hash{}) {
		transaction = r.tx.String()
	}
	w.string("transaction", transaction)
	w.string("network", r.due.Network.Name(v))
	w.string("payer", r.due.Payer.String())
	if v == V2 && r.refusal == nil {
		w.string("amount", r.due.Value.String())
	}
	if r.receipt != "" {
		r.writeReceipt(&w)
	}
	w.close('}')
	return w.out
}
