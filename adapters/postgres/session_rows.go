package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

type sessionIDRow struct{ ID checkout.SessionID }

// intentRow is an intent, or all zero where a session has none.
type intentRow struct {
	IntentID        checkout.IntentID
	IntentSessionID checkout.SessionID
	IntentProjectID merchant.ProjectID
	IntentMethod    checkout.Method
	Network         chain.Network
	Symbol          string
	Contract        string
	Decimals        uint8
	Address         chain.Address
	Units           string
	RateFrom        string
	RateTo          string
	RatePrice       string
	RateSource      string
	RateAt          time.Time
	IntentCreatedAt time.Time
	IntentExpiresAt time.Time
	HoldUntil       time.Time
	Matching        checkout.Matching
	Tolerance       string
	Confirmations   int
	Sources         int
}

const (
	intentColumns = coinColumns + offerColumns + rateColumns

	coinColumns  = "i.method AS intent_method, i.network, i.symbol, i.decimals, i.units"
	offerColumns = `, i.id AS intent_id, i.session_id AS intent_session_id, i.project_id AS intent_project_id,
	i.contract, i.address, i.created_at AS intent_created_at, i.expires_at AS intent_expires_at, i.hold_until,
	i.matching, i.tolerance, i.confirmations, i.sources`
	rateColumns = ", i.rate_from, i.rate_to, i.rate_price, i.rate_source, i.rate_at"
)

// there reports whether a row has an intent.
func (r *intentRow) there() bool { return r.Units != "" }

// intent is the intent of what was read of it.
func (r intentRow) intent() (checkout.Intent, error) {
	units, err := integer(r.Units)
	if err != nil {
		return checkout.Intent{}, fmt.Errorf("intent %s: %w", r.IntentID, err)
	}
	i := checkout.Intent{
		ID: r.IntentID, SessionID: r.IntentSessionID, Method: r.IntentMethod,
		Asset: chain.Asset{
			Network: r.Network, Symbol: r.Symbol, Contract: r.Contract, Decimals: r.Decimals,
		},
		Address: r.Address, Units: units,
		Rate:      money.Rate{From: r.RateFrom, To: r.RateTo, Source: r.RateSource, At: r.RateAt},
		CreatedAt: r.IntentCreatedAt, ExpiresAt: r.IntentExpiresAt, HoldUntil: r.HoldUntil,
		Terms: checkout.Terms{Matching: r.Matching, Confirmations: r.Confirmations, Sources: r.Sources},
	}
	if r.Tolerance != "" && r.Tolerance != "0" {
		if i.Terms.Tolerance, err = integer(r.Tolerance); err != nil {
			return checkout.Intent{}, fmt.Errorf("intent %s: tolerance: %w", r.IntentID, err)
		}
	}
	if r.RatePrice == "" {
		return i, nil
	}
	if err := i.Rate.Price.UnmarshalText([]byte(r.RatePrice)); err != nil {
		return checkout.Intent{}, fmt.Errorf("intent %s: price: %w", r.IntentID, err)
	}
	return i, nil
}

// sessionRow is a session with its current intent and, when settled, its receipt.
type sessionRow struct {
	ID            checkout.SessionID
	MerchantID    merchant.ID
	ProjectID     merchant.ProjectID
	Mode          string
	Kind          checkout.Kind
	DueCurrency   string
	DueAmount     string
	Method        checkout.Method
	Description   string
	OrderID       string
	Metadata      []byte
	SuccessURL    string
	FailURL       string
	Status        string
	CreatedAt     time.Time
	ExpiresAt     time.Time
	UpdatedAt     time.Time
	Version       int64
	Paid          string
	Parts         int
	UnderpaidHeld bool
	PartsClosed   bool
	intentRow

	ReceiptIntentID  checkout.IntentID
	ReceiptNetwork   chain.Network
	ReceiptTxid      chain.TxID
	ReceiptIdx       uint32
	ReceiptSender    chain.Address
	ReceiptUnits     string
	ReceiptHeight    uint64
	ReceiptBlockTime time.Time
	ReceiptOrderNo   string
	ReceiptLate      bool
}

const (
	sessionQuery = sessionsOf + "sessions " + withIntents

	withIntents = "s LEFT JOIN intents i ON i.id = s.intent_id "

	sessionsOf = "SELECT " + intentColumns + requestColumns + whoseColumns + metadataColumn + returnColumns + receiptColumns +
		" FROM "

	requestColumns = `, s.id, s.kind, s.due_currency, s.due_amount, s.method, s.description, s.order_id, s.status,
	s.created_at, s.expires_at, s.updated_at, s.version, s.paid, s.parts, s.underpaid_held, s.parts_closed`
	whoseColumns   = ", s.merchant_id, s.project_id, s.mode"
	metadataColumn = ", s.metadata"
	returnColumns  = ", s.success_url, s.fail_url"
	receiptColumns = `, s.receipt_intent_id, s.receipt_network, s.receipt_txid, s.receipt_idx, s.receipt_sender,
	s.receipt_units, s.receipt_height, s.receipt_block_time, s.receipt_order_no, s.receipt_late`
)

// sessionBy finds a session.
func sessionBy(ctx context.Context, in source, id checkout.SessionID) (*checkout.Session, error) {
	if !isUUID(id) {
		return nil, ports.ErrNotFound
	}
	row, err := one[sessionRow](ctx, in, sessionQuery+"WHERE s.id = $1", prepared, id)
	if err != nil {
		return nil, err
	}
	return row.session()
}

func (r sessionRow) session() (*checkout.Session, error) {
	snapshot, err := r.shown()
	if err != nil {
		return nil, err
	}
	return checkout.Restore(snapshot)
}

// shown is the session laid open, of what was read of it.
func (r *sessionRow) shown() (checkout.Snapshot, error) {
	snapshot, err := r.snapshot()
	if err != nil {
		err = fmt.Errorf("session %s: %w", r.ID, err)
	}
	return snapshot, err
}

func (r *sessionRow) snapshot() (checkout.Snapshot, error) {
	s := checkout.Snapshot{
		ID: r.ID, MerchantID: r.MerchantID, ProjectID: r.ProjectID, Kind: r.Kind, Method: r.Method,
		Description: r.Description, OrderID: r.OrderID, SuccessURL: r.SuccessURL, FailURL: r.FailURL,
		CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt, UpdatedAt: r.UpdatedAt, Version: r.Version,
		Parts: r.Parts, UnderpaidHeld: r.UnderpaidHeld, PartsClosed: r.PartsClosed,
	}
	var err error
	if s.Mode, err = merchant.ParseMode(r.Mode); err != nil {
		return s, err
	}
	currency, err := money.ParseNotation(r.DueCurrency)
	if err != nil {
		return s, err
	}
	if s.Due, err = money.FromMinorText(currency, r.DueAmount); err != nil {
		return s, err
	}
	if r.Parts > 0 {
		if s.Paid, err = integer(r.Paid); err != nil {
			return s, err
		}
	}
	known := false
	if s.Status, known = checkout.ParseStatus(r.Status); !known {
		return s, fmt.Errorf("status %q", r.Status)
	}
	if len(r.Metadata) > 0 {
		if err := json.Unmarshal(r.Metadata, &s.Metadata); err != nil {
			return s, err
		}
	}
	if r.there() {
		intent, err := r.intent()
		if err != nil {
			return s, err
		}
		s.Intent = &intent
	}
	if r.ReceiptTxid != "" {
		s.Receipt, err = r.receipt()
	}
	return s, err
}

func (r *sessionRow) receipt() (*checkout.Receipt, error) {
	units, err := integer(r.ReceiptUnits)
	return &checkout.Receipt{
		IntentID: r.ReceiptIntentID, Network: r.ReceiptNetwork, TxID: r.ReceiptTxid,
		Index: r.ReceiptIdx, From: r.ReceiptSender, Units: units, Height: r.ReceiptHeight,
		BlockTime: r.ReceiptBlockTime, OrderNo: r.ReceiptOrderNo, Late: r.ReceiptLate,
	}, err
}

// metadataText is what the metadata column takes, nil for none.
func metadataText(m map[string]string) (*string, error) {
	if m == nil {
		return nil, nil
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	s := string(text)
	return &s, nil
}
