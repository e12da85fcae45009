package postgres

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// chainID makes a column's number out of a network. One beyond it is negative, which the column refuses.
func chainID(n x402.Network) int64 { return int64(n) } //nolint:gosec // see above

// keyBytes is a claim key as its column has it: network, asset, payer, nonce.
func keyBytes(k x402.ClaimKey) []byte {
	network := x402.Uint(uint64(k.Network)).Bytes()
	return slices.Concat(network[len(network)-8:], k.Asset[:], k.Payer[:], k.Nonce[:])
}

// keyIn reads a claim key; zero where there is none.
func keyIn(b []byte) (k x402.ClaimKey) {
	if len(b) != len(keyBytes(k)) {
		return k
	}
	k.Network = x402.Network(new(big.Int).SetBytes(b[:8]).Uint64())
	b = b[8:]
	b = b[copy(k.Asset[:], b):]
	b = b[copy(k.Payer[:], b):]
	copy(k.Nonce[:], b)
	return k
}

// hashOrNull keeps the zero hash as NULL: "none yet".
func hashOrNull(h x402.Hash) []byte {
	if h == (x402.Hash{}) {
		return nil
	}
	return h[:]
}

// routes are the names of routes; the chain was not asked yet where there is none.
var routes = map[x402.Route]string{
	0: "", x402.RouteKey: "key", x402.RouteWallet: "wallet", x402.RouteFactory: "factory",
	x402.RouteSponsored: "sponsored",
}

// routeNamed finds a route by its name.
func routeNamed(name string) (x402.Route, bool) {
	for route, n := range routes {
		if n == name {
			return route, true
		}
	}
	return 0, false
}

type claimKeyRow struct{ Key []byte }

func (r claimKeyRow) key() (x402.ClaimKey, error) { return keyIn(r.Key), nil }

// authorizationRow is a settlement as it is stored.
type authorizationRow struct {
	ID            string
	Network       uint64
	Asset         []byte
	Payer         []byte
	PayTo         []byte
	Nonce         []byte
	Value         string
	ValidAfter    string
	ValidBefore   string
	Signature     []byte
	Route         string
	MerchantID    string
	ProjectID     merchant.ProjectID
	Mode          string
	Sku           string
	Request       []byte
	Signed        []byte
	Client        []byte
	Version       uint8
	ResourceID    string
	SessionID     string
	PriceCurrency string
	Price         string
	Title         string
	PaymentID     string
	Status        string
	Txid          []byte
	Reason        string
	OrderNo       ledger.OrderNo
	ClaimedAt     time.Time
	SettledAt     time.Time
	LookAt        time.Time
	ChangedAt     time.Time
	Method        string
	Token         []byte
	Most          *string
	Facilitator   []byte
	Allowance     []byte
}

const authorizationColumns = `s.id, s.network, s.asset, s.payer, s.pay_to, s.nonce, s.value, s.valid_after,
	s.valid_before, s.signature, s.route, s.merchant_id, s.project_id, s.mode, s.sku, s.request, s.signed,
	s.client, s.version, s.resource_id, s.session_id, s.price_currency, s.price, s.title, s.payment_id,
	s.status, s.txid, s.reason, s.order_no, s.claimed_at, s.settled_at, s.look_at, s.changed_at, s.method,
	s.token, s.most, s.facilitator, s.allowance`

func (r authorizationRow) row() (ports.AuthorizationRow, error) {
	a := ports.AuthorizationRow{
		ID: r.ID, Version: x402.Version(r.Version), ProjectID: r.ProjectID, ResourceID: r.ResourceID,
		SessionID: r.SessionID, Title: r.Title, PaymentID: r.PaymentID, OrderNo: r.OrderNo, LookAt: r.LookAt,
		ChangedAt: r.ChangedAt,
	}
	now, validAfter, err := r.snapshot()
	if err == nil {
		a.Settlement, err = x402.Restore(now)
	}
	if err == nil {
		a.Mode, err = merchant.ParseMode(r.Mode)
	}
	if err == nil {
		a.Price, err = r.price()
	}
	if err != nil {
		return ports.AuthorizationRow{}, fmt.Errorf("authorization %s: %w", r.ID, err)
	}
	a.Order = r.order(now.Due, validAfter)
	return a, nil
}

// order is what a relayer signs, of which the settlement keeps what is due.
func (r authorizationRow) order(d x402.Due, validAfter x402.Uint256) ports.AuthorizationOrder {
	signed := x402.Authorization{
		From: d.Payer, To: d.PayTo, Value: d.Permitted(), ValidAfter: validAfter, ValidBefore: d.ValidBefore,
		Nonce: d.Nonce, Method: d.Method, Spender: d.Method.Proxy(), Facilitator: addressOrNone(r.Facilitator),
	}
	if d.Method.Permits() {
		signed.Token = d.Asset
	}
	o := ports.AuthorizationOrder{Authorization: signed, Signature: r.Signature}
	o.Route, _ = routeNamed(r.Route) // the column takes no other names
	if allowance, brought := x402.ReadAllowance(r.Allowance); brought {
		o.Allowance = &allowance
	}
	return o
}

// addressOrNone reads an address; zero where there is none.
func addressOrNone(b []byte) (a x402.Address) {
	copy(a[:], b)
	return a
}

// permitColumns are what a settlement by permit has beside others: its method, its token, the most that may
// be used and who may say what was.
func permitColumns(d x402.Due, o ports.AuthorizationOrder) []any {
	var token, facilitator, allowance []byte
	var most *string
	if d.Method.Permits() {
		token = d.Asset[:]
	}
	if d.Method == x402.Permit2UpTo {
		text := d.Most.String()
		facilitator, most = o.Authorization.Facilitator[:], &text
	}
	if o.Allowance != nil {
		allowance = o.Allowance.Bytes()
	}
	return []any{d.Method.String(), token, most, facilitator, allowance}
}

// claimKey is the key of a settlement, of what its columns say.
func (r authorizationRow) claimKey() x402.ClaimKey {
	return x402.ClaimKey{
		Network: x402.Network(r.Network), Asset: x402.Address(r.Asset), Payer: x402.Address(r.Payer),
		Nonce: x402.Nonce(r.Nonce),
	}
}

func (r authorizationRow) price() (money.Amount, error) {
	currency, err := money.ParseNotation(r.PriceCurrency)
	if err != nil {
		return money.Amount{}, err
	}
	return money.FromMinorText(currency, r.Price)
}

// snapshot is the settlement, and from when on its authorization holds.
func (r authorizationRow) snapshot() (s x402.Snapshot, validAfter x402.Uint256, err error) {
	value, ok := x402.ParseUint(r.Value)
	validBefore, okBefore := x402.ParseUint(r.ValidBefore)
	validAfter, okAfter := x402.ParseUint(r.ValidAfter)
	if !ok || !okBefore || !okAfter {
		return s, validAfter, fmt.Errorf("numbers %s, %s, %s: not of 256 bits", r.Value, r.ValidAfter, r.ValidBefore)
	}
	s = x402.Snapshot{
		Due: x402.Due{
			Network: x402.Network(r.Network), Asset: x402.Address(r.Asset), Payer: x402.Address(r.Payer),
			PayTo: x402.Address(r.PayTo), Value: value, ValidBefore: validBefore, Nonce: x402.Nonce(r.Nonce),
		},
		Binding: x402.Binding{
			MerchantID: r.MerchantID, SKU: r.Sku, Request: x402.Fingerprint(r.Request),
			Authorization: x402.Hash(r.Signed), Client: x402.Fingerprint(r.Client),
		},
		ClaimedAt: r.ClaimedAt, SettledAt: r.SettledAt,
	}
	s.Due.Method, _ = x402.ParseMethod(r.Method) // the column takes no other names
	if len(r.Token) > 0 {
		s.Due.Asset = x402.Address(r.Token)
	}
	if r.Most != nil {
		s.Due.Most, _ = x402.ParseUint(*r.Most) // Restore refuses what is less than the value
	}
	if len(r.Txid) > 0 {
		s.TxID = x402.Hash(r.Txid)
	}
	s.Status, _ = x402.ParseStatus(r.Status) // Restore refuses what is none
	s.Reason, _ = x402.ParseReason(r.Reason)
	return s, validAfter, nil
}

// deliveredRow is an answer; its time is zero where a settlement has none.
type deliveredRow struct {
	AnswerStatus  int
	AnswerHeaders []byte
	AnswerBody    []byte
	AnswerExpires time.Time
}

const deliveredColumns = `a.status AS answer_status, a.headers AS answer_headers, a.body AS answer_body,
	a.expires_at AS answer_expires`

func (r deliveredRow) answer() (ports.AuthorizationAnswer, error) {
	a := ports.AuthorizationAnswer{Status: r.AnswerStatus, Body: r.AnswerBody, Expires: r.AnswerExpires}
	if err := json.Unmarshal(r.AnswerHeaders, &a.Headers); err != nil {
		return a, fmt.Errorf("answer of an authorization: %w", err)
	}
	return a, nil
}
