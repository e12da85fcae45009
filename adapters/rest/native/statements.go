package native

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// statementPageMax bounds a page, in lines.
const statementPageMax = 100

// statementList names the list cursors are issued for.
const statementList = "transactions"

func (a *API) mountStatements(v1 *gin.RouterGroup) {
	v1.POST("/transactions/charge", a.limits.authenticated, failing(a.charge))
	a.forLogin(v1, http.MethodGet, "/transactions", orFail(a.listTransactions))
	a.forLogin(v1, http.MethodGet, "/transactions/statement", orFail(a.statement))
	v1.GET("/transactions/:orderNo", a.limits.authenticated, failing(a.transaction))
}

// lineJSON is a transaction as a statement shows it.
type lineJSON struct {
	OrderNo     ledger.OrderNo      `json:"orderNo"`
	Transaction string              `json:"transaction"` // the content hash
	Type        ledger.Kind         `json:"type"`
	Status      app.StatementStatus `json:"status"`
	Direction   string              `json:"direction"` // "in" or "out", as the merchant sees it
	Amount      string              `json:"amount"`
	AmountMinor string              `json:"amountMinor"`
	Currency    string              `json:"currency"`
	Description string              `json:"description"`
	SessionID   string              `json:"sessionId,omitempty"`
	Reverses    ledger.OrderNo      `json:"reverses,omitempty"`
	Source      string              `json:"source"` // what caused it
	Mode        string              `json:"mode"`
	BookedAt    string              `json:"bookedAt"`
}

// showLine shows a transaction by its first posting: of several, the first is what it is about.
func showLine(b ports.Booked) lineJSON {
	t := b.Transaction
	amount := t.Postings[0].Amount
	return lineJSON{
		OrderNo: t.OrderNo, Transaction: b.Content.String(), Type: t.Kind, Status: app.StatusOf(t),
		Direction: directionOf(t.Kind), Amount: amount.String(), AmountMinor: amount.MinorText(),
		Currency: amount.Currency().Code(), Description: t.Description, SessionID: t.SessionID,
		Reverses: t.Reverses, Source: t.SourceRef, Mode: t.Mode.String(), BookedAt: instant(t.BookedAt),
	}
}

func (a *API) listTransactions(c *gin.Context, who merchant.Principal) error {
	query, err := edge.Query(c,
		modeParam, "from", "to", "currency", "status", "type", "cursor", "limit")
	if err != nil {
		return err
	}
	in, err := readFilter(who, query)
	if err != nil {
		return err
	}
	limit, cursor, err := edge.Page(c, statementPageMax)
	if err != nil {
		return err
	}
	at, no, err := a.readCursor(statementList, who, cursor)
	if err != nil {
		return err
	}
	in.Limit, in.Before = limit, ports.StatementMark{At: at, No: ledger.OrderNo(no)}
	part, err := a.Statements.Page(c.Request.Context(), in)
	if err != nil {
		return err
	}
	next := ""
	if part.More {
		next = a.makeCursor(statementList, who, part.Next.At, string(part.Next.No))
	}
	return sendLines(c, part.Lines, next)
}

// readFilter reads what selects lines.
func readFilter(who merchant.Principal, query url.Values) (app.StatementInput, error) {
	in := app.StatementInput{Who: who, Without: ports.LinePlace}
	var err error
	if in.From, err = readInstant("from", query, 0); err != nil {
		return in, err
	}
	// A bare date means the whole day, on either side.
	if in.To, err = readInstant("to", query, 24*time.Hour); err != nil {
		return in, err
	}
	if query.Has("currency") {
		unit, err := money.ParseCurrency(query.Get("currency"))
		if err != nil {
			return in, err
		}
		in.Currency = unit.Code()
	}
	if query.Has("type") {
		kind, ok := ledger.ParseKind(query.Get("type"))
		if !ok {
			return in, fault.ErrInvalid.Saying("type must be charge, payment, reversal or x402").About("type")
		}
		in.Kind = kind
	}
	if query.Has("status") {
		in.Status = app.StatementStatus(query.Get("status"))
		if in.Status != app.LineSettled && in.Status != app.LineReversed {
			return in, fault.ErrInvalid.Saying("status must be settled or reversed").About("status")
		}
	}
	return in, nil
}

// readInstant reads an instant or a date; day is added to a date.
func readInstant(param string, query url.Values, day time.Duration) (time.Time, error) {
	if !query.Has(param) {
		return time.Time{}, nil
	}
	text := query.Get(param)
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t, err = time.Parse(time.RFC3339Nano, text)
		day = 0
	}
	if err != nil || t.Year() < 1 {
		return time.Time{}, app.ErrInvalidPeriod.About(param)
	}
	return t.UTC().Add(day), nil
}

// transactionJSON is all of a transaction, so that anybody can check that nothing was edited:
// SHA-256 of content.text is content.hash, and every line of the text is in the answer.
type transactionJSON struct {
	lineJSON
	MerchantID merchant.ID        `json:"merchantId"`
	ProjectID  merchant.ProjectID `json:"projectId"`
	Postings   []postingJSON      `json:"postings"`
	Content    contentJSON        `json:"content"`
	Chain      chainJSON          `json:"chain"`
}

type postingJSON struct {
	Source      ledger.Account `json:"source"`
	Destination ledger.Account `json:"destination"`
	Amount      string         `json:"amount"`
	AmountMinor string         `json:"amountMinor"`
	Currency    string         `json:"currency"`
	Unit        string         `json:"unit"` // as the text has it: currency and places
}

type contentJSON struct {
	Hash      string `json:"hash"`
	Algorithm string `json:"algorithm"`
	Text      string `json:"text"`
}

// chainJSON places a transaction among the merchant's: its hash covers the one before it and this
// one's content.
type chainJSON struct {
	Sequence string `json:"sequence"`
	Hash     string `json:"hash"`
}

func showTransaction(b ports.Booked) any {
	t := b.Transaction
	shown := transactionJSON{
		lineJSON: showLine(b), MerchantID: t.MerchantID, ProjectID: t.ProjectID,
		Postings: make([]postingJSON, len(t.Postings)),
		Content:  contentJSON{b.Content.String(), "sha256", t.ContentText()},
		Chain:    chainJSON{strconv.FormatInt(b.Sequence, 10), b.Chain.String()},
	}
	for i, p := range t.Postings {
		shown.Postings[i] = postingJSON{
			Source: p.Source, Destination: p.Destination, Amount: p.Amount.String(),
			AmountMinor: p.Amount.MinorText(), Currency: p.Amount.Currency().Code(),
			Unit: p.Amount.Currency().String(),
		}
	}
	return struct {
		Transaction transactionJSON `json:"transaction"`
	}{shown}
}

// transaction shows one transaction. "charge" is no order number but a path of its own, which
// answers to POST alone.
func (a *API) transaction(c *gin.Context) error {
	no := ledger.OrderNo(c.Param("orderNo"))
	if no == "charge" {
		c.Header("Allow", http.MethodPost)
		return edge.ErrMethodNotAllowed
	}
	who, err := a.loginPrincipal(c)
	if err != nil {
		return err
	}
	if _, err := edge.Query(c, modeParam); err != nil {
		return err
	}
	booked, err := a.Statements.Find(c.Request.Context(), who, no)
	if err != nil {
		return err
	}
	show(c, showTransaction(booked))
	return nil
}
