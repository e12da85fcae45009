package graphql

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

var errOrderID = fault.New(fault.Invalid, "invalid_order_id",
	"orderId must have 1 to 64 visible characters, none of which hides or reorders others").About("orderId")

// Payments pages through a project's payments.
func (q queries) Payments(
	ctx context.Context, project string, mode Mode, filter *PaymentFilter, first *int, after *string,
) (*PaymentConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	size, err := sizeOf(first)
	if err != nil {
		return nil, err
	}
	at := list{q.API, "payments", who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	asked := ports.SessionQuery{
		Merchant: who.Merchant, Project: who.Project, Mode: who.Mode, Limit: size,
		Before: ports.SessionMark{At: from.at, ID: checkout.SessionID(from.id)},
	}
	filter.apply(&asked)
	read, err := q.Checkout.List(ctx, asked)
	if err != nil {
		return nil, err
	}
	rows := make([]paymentRow, len(read.Sessions))
	for i, s := range read.Sessions {
		rows[i] = paymentRow{s.View(), q.API}
	}
	return &PaymentConnection{listed[paymentRow, Payment, PaymentEdge]{
		sheet: sheet[paymentRow]{rows: rows, more: read.More, cursor: func(p *paymentRow) string {
			return at.cursor(mark{p.CreatedAt, string(p.ID)})
		}},
		as: paymentPages, show: showPayments, edge: paymentEdge,
	}}, nil
}

func (f *PaymentFilter) apply(q *ports.SessionQuery) {
	if f == nil {
		return
	}
	for _, status := range f.Statuses {
		if s, known := checkout.ParseStatus(strings.ToLower(string(status))); known && !slices.Contains(q.Statuses, s) {
			q.Statuses = append(q.Statuses, s)
		}
	}
	if f.Kind != nil {
		q.Kind = checkout.Kind(*f.Kind)
	}
	q.From, q.To = instantOf(f.From), instantOf(f.To)
}

func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Payment finds a payment.
func (q queries) Payment(ctx context.Context, id string) (*Payment, error) {
	_, s, err := q.payment(ctx, member.ReadMoney, id)
	if err != nil {
		return nil, err
	}
	return q.showPayment(s), nil
}

func (a *API) payment(ctx context.Context, right member.Right, id string) (merchant.Principal, checkout.Snapshot, error) {
	who, err := a.actor(ctx)
	if err != nil {
		return merchant.Principal{}, checkout.Snapshot{}, err
	}
	return a.Desk.Payment(ctx, who, right, checkout.SessionID(id))
}

// Search finds payments by what people have in front of them.
func (q queries) Search(ctx context.Context, project string, mode Mode, text string) ([]*Payment, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	found, err := q.Finder.Find(ctx, who, text)
	return each(found, q.showPayment), err
}

func (a *API) showPayment(s checkout.Snapshot) *Payment {
	shown := &Payment{
		ID: string(s.ID), ProjectID: string(s.ProjectID), Mode: showMode(s.Mode), Kind: string(s.Kind),
		Status: PaymentStatus(strings.ToUpper(s.Status.String())), Due: showMoney(s.Due),
		Description: s.Description, OrderID: optional(s.OrderID), Metadata: []*MetadataEntry{},
		Method: optional(s.Method), CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt, UpdatedAt: s.UpdatedAt,
		CheckoutURL: a.checkoutURL(s.ID), AwaitsDecision: s.UnderpaidHeld,
		session: s,
	}
	for k, v := range s.Metadata {
		shown.Metadata = append(shown.Metadata, &MetadataEntry{Key: k, Value: v})
	}
	slices.SortFunc(shown.Metadata, func(a, b *MetadataEntry) int { return strings.Compare(a.Key, b.Key) })
	if i := s.Intent; i != nil {
		shown.Intent = showIntent(*i)
		shown.Received, shown.Rest = showCoin(s.Received(), i.Asset), showCoin(s.Rest(), i.Asset)
	}
	if r := s.Receipt; r != nil && s.Intent != nil {
		asset := s.Intent.Asset
		shown.Receipt = &Receipt{
			Network: string(r.Network), TxID: string(r.TxID), Index: int(r.Index), From: string(r.From),
			Amount: showCoin(r.Units, asset), Block: decimalOf(r.Height), BlockTime: r.BlockTime,
			OrderNo: r.OrderNo, Late: r.Late,
		}
	}
	return shown
}

// checkoutURL is where a payment is paid.
func (a *API) checkoutURL(id checkout.SessionID) string {
	return a.PublicURL + "/checkout/" + string(id)
}

func showIntent(i checkout.Intent) *Intent {
	return &Intent{
		ID: string(i.ID), Method: string(i.Method), Amount: showCoin(i.Units, i.Asset), Address: string(i.Address),
		Dedicated: i.Terms.Matching == checkout.Dedicated, Rate: showRate(i.Rate), CreatedAt: i.CreatedAt,
		ExpiresAt: i.ExpiresAt,
	}
}

// CreatePayment opens a payment.
func (m mutations) CreatePayment(ctx context.Context, input PaymentInput) (*PaymentPayload, error) {
	right := member.ManageProjects
	if input.Mode == ModeTest {
		right = member.TestMode
	}
	who, err := m.enter(ctx, right, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	in, err := openInput(input)
	in.Who = who
	var opened app.OpenedSession
	if err == nil {
		opened, _, err = m.Checkout.Open(ctx, in, app.Once[app.OpenedSession]{})
	}
	return m.paymentPayload(opened.Snapshot, err)
}

func openInput(input PaymentInput) (app.OpenInput, error) {
	in := app.OpenInput{Kind: checkout.KindCheckout}
	unit, err := money.ParseCurrency(input.Currency)
	if err != nil {
		return in, err
	}
	if in.Due, err = money.Parse(unit, input.Amount); err != nil {
		return in, err
	}
	if input.Method != nil {
		if in.Method, err = checkout.ParseMethod(*input.Method); err != nil {
			return in, err
		}
	}
	if input.Description != nil {
		if err := edge.Text("description", *input.Description, maxDescription, true); err != nil {
			return in, err
		}
		in.Description = *input.Description
	}
	if id := input.OrderID; id != nil {
		if *id == "" || strings.TrimSpace(*id) != *id || edge.Text("orderId", *id, maxOrderID, false) != nil {
			return in, errOrderID
		}
		in.OrderID = *id
	}
	return in, nil
}

func (a *API) paymentPayload(s checkout.Snapshot, err error) (*PaymentPayload, error) {
	out := &PaymentPayload{}
	return done(out, &out.UserErrors, err, func() { out.Payment = a.showPayment(s) })
}

// CancelPayment withdraws a payment.
func (m mutations) CancelPayment(ctx context.Context, id string) (*PaymentPayload, error) {
	who, s, err := m.payment(ctx, member.ManageProjects, id)
	if err != nil {
		return nil, err
	}
	s, err = m.Checkout.Cancel(ctx, who, s.ID)
	return m.paymentPayload(s, err)
}

// PlayScenario makes something happen to a test payment.
func (m mutations) PlayScenario(ctx context.Context, id, scenario string) (*PaymentPayload, error) {
	_, s, err := m.payment(ctx, member.TestMode, id)
	if err != nil {
		return nil, err
	}
	if err = m.Sandbox.Play(ctx, s.ID, app.Scenario(scenario)); err == nil {
		s, err = m.Checkout.Get(ctx, s.ID)
	}
	return m.paymentPayload(s, err)
}

// ProveTransaction looks a transaction up for a payment.
func (m mutations) ProveTransaction(ctx context.Context, payment, txID string) (*ProofPayload, error) {
	_, s, err := m.payment(ctx, member.DecideQueue, payment)
	if err != nil {
		return nil, err
	}
	proof, err := m.Settlement.Prove(ctx, s.ID, txID)
	if err == nil {
		s, err = m.Checkout.Get(ctx, s.ID)
	}
	out := &ProofPayload{}
	return done(out, &out.UserErrors, err, func() {
		confirmations, needed := int(proof.Confirmations), int(proof.Needed) //nolint:gosec // at most some thousands
		out.Outcome, out.Confirmations, out.Needed = optional(proof.Outcome), &confirmations, &needed
		out.Payment = m.showPayment(s)
	})
}
