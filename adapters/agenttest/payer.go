// Package agenttest pays in tests: it reads a challenge and signs what it asks for, as agents do.
//
// It owns what agents read and write. It does not own keys (portstest's payers have them) nor what is right: a
// payment it makes is one only if package x402 says so.
package agenttest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports/portstest"
)

// Payer is somebody with a key, and an account of its own.
type Payer struct{ signer portstest.TokenPayer }

// Named is the payer of a name, the same every time.
func Named(name string) Payer { return Payer{portstest.PayerNamed(name)} }

// Key is the payer's private key in hex after 0x, as wallets take it.
func (p Payer) Key() string { return "0x" + hex.EncodeToString(p.signer.Key()) }

// Address is the payer's account.
func (p Payer) Address() x402.Address { return p.signer.Account }

// Bill is what a payer pays and how. The zero values of Value, Nonce, From and the times mean what a
// client would send.
type Bill struct {
	Version    x402.Version
	Way        Way
	Nonce      x402.Nonce // random if zero
	Value      string     // of the way if ""
	To         string     // of the way if ""
	From       string     // the payer if ""
	After      time.Time  // 0 if zero
	Before     time.Time  // now and the way's timeout if zero
	Now        time.Time  // what the payer's clock says
	Signature  []byte     // instead of one by the payer's key
	Extensions string     // JSON of extensions, "" for none
	Spender    string     // whom a permit is for; the way's contract if ""
}

// Way is one way to pay, as version 2 tells it.
type Way struct {
	Scheme, Network, Amount, Asset, PayTo, Name, Version string
	Transfer, Facilitator                                string // of payments by permit
	Timeout                                              int64

	text json.RawMessage // as it was told
}

// Ways reads a challenge: the value of PAYMENT-REQUIRED.
func Ways(required string) ([]Way, error) {
	text, err := base64.StdEncoding.DecodeString(required)
	if err != nil {
		return nil, err
	}
	var told map[string]json.RawMessage
	if err := json.Unmarshal(text, &told); err != nil {
		return nil, err
	}
	var accepts []json.RawMessage
	if err := json.Unmarshal(told["accepts"], &accepts); err != nil {
		return nil, err
	}
	out := make([]Way, len(accepts))
	for i, one := range accepts {
		if out[i], err = readWay(one); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readWay(text json.RawMessage) (Way, error) {
	var told, extra map[string]any
	if err := json.Unmarshal(text, &told); err != nil {
		return Way{}, err
	}
	extra, _ = told["extra"].(map[string]any)
	word := func(in map[string]any, name string) string {
		s, _ := in[name].(string)
		return s
	}
	seconds, _ := told["maxTimeoutSeconds"].(float64)
	return Way{
		Scheme: word(told, "scheme"), Network: word(told, "network"), Amount: word(told, "amount"),
		Asset: word(told, "asset"), PayTo: word(told, "payTo"), Name: word(extra, "name"),
		Version: word(extra, "version"), Timeout: int64(seconds), text: text,
		Transfer: word(extra, "assetTransferMethod"), Facilitator: word(extra, "facilitatorAddress"),
	}, nil
}

// Pay makes the value of the payment header for a bill.
func (p Payer) Pay(b Bill) (string, error) {
	text, err := p.Payload(b)
	return base64.StdEncoding.EncodeToString([]byte(text)), err
}

// Payload is what Pay encodes: the JSON of the payload.
func (p Payer) Payload(b Bill) (string, error) {
	if b.Nonce == (x402.Nonce{}) {
		_, _ = rand.Read(b.Nonce[:])
	}
	if b.Before.IsZero() {
		b.Before = b.Now.Add(time.Duration(b.Way.Timeout) * time.Second)
	}
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	if proxy := b.Way.method().Proxy(); b.Spender == "" {
		b.Spender = proxy.String()
	}
	b.Value, b.To, b.From = or(b.Value, b.Way.Amount), or(b.To, b.Way.PayTo), or(b.From, p.Address().String())
	if b.Signature == nil {
		digest, err := b.digest()
		if err != nil {
			return "", err
		}
		b.Signature = p.signer.Raw(digest)
	}
	return b.text(), nil
}

// digest is what is signed for the bill.
func (b Bill) digest() (x402.Hash, error) {
	network, ok := x402.ParseNetwork(x402.V2, b.Way.Network)
	asset, is := x402.ParseAddress(b.Way.Asset)
	if !ok || !is {
		return x402.Hash{}, fmt.Errorf("%s on %s", b.Way.Asset, b.Way.Network)
	}
	token, err := x402.PlainToken(network, asset)
	if b.Way.Name != "" {
		token, err = x402.NewToken(network, asset, b.Way.Name, b.Way.Version)
	}
	if err != nil {
		return x402.Hash{}, err
	}
	b.Signature = []byte{0}
	unsigned, err := x402.DecodeJSON(b.Version, []byte(b.text()))
	if err != nil {
		return x402.Hash{}, err
	}
	return unsigned.Authorization().Digest(token), nil
}

// text is the payload as clients of its version write it.
func (b Bill) text() string {
	after := int64(0)
	if !b.After.IsZero() {
		after = b.After.Unix()
	}
	proof := fmt.Sprintf(`"payload":{"signature":"0x%x","authorization":{"from":%q,"to":%q,"value":%q,`+
		`"validAfter":"%d","validBefore":"%d","nonce":%q}}`,
		b.Signature, b.From, b.To, b.Value, after, b.Before.Unix(), b.Nonce.String())
	if b.Way.method().Permits() {
		proof = b.permit(after)
	}
	if b.Version == x402.V1 {
		network, _ := x402.ParseNetwork(x402.V2, b.Way.Network)
		return fmt.Sprintf(`{"x402Version":1,"scheme":%q,"network":%q,%s}`, b.Way.Scheme, network.Name(x402.V1), proof)
	}
	if b.Extensions != "" {
		proof += `,"extensions":` + b.Extensions
	}
	return fmt.Sprintf(`{"x402Version":2,"accepted":%s,%s}`, b.Way.text, proof)
}

// method is how the way is paid.
func (w Way) method() x402.Method {
	switch {
	case w.Scheme == x402.SchemeUpTo:
		return x402.Permit2UpTo
	case w.Transfer == "permit2":
		return x402.Permit2
	}
	return x402.EIP3009
}

// permit is the proof of a payment by permit.
func (b Bill) permit(after int64) string {
	who := ""
	if b.Way.method() == x402.Permit2UpTo {
		who = fmt.Sprintf(`"facilitator":%q,`, b.Way.Facilitator)
	}
	nonce := new(big.Int).SetBytes(b.Nonce[:])
	return fmt.Sprintf(`"payload":{"signature":"0x%x","permit2Authorization":{"from":%q,"permitted":{"token":%q,`+
		`"amount":%q},"spender":%q,"nonce":%q,"deadline":"%d","witness":{"to":%q,%s"validAfter":"%d"}}}`,
		b.Signature, b.From, b.Way.Asset, b.Value, b.Spender, nonce.String(), b.Before.Unix(), b.To, who, after)
}
