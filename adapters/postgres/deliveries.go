package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

type deliveries struct{ *unit }

type deliveryRow struct {
	DeliveryID string
	EventID    string
	EndpointID string
	MerchantID merchant.ID
	Status     webhook.DeliveryStatus
	Attempts   int
	Round      int
	NextAt     time.Time
	UpdatedAt  time.Time
}

const deliveryColumns = "d.id AS delivery_id, d.event_id, d.endpoint_id, d.merchant_id, d.status," +
	" d.attempts, d.round, d.next_at, d.updated_at"

func (r deliveryRow) delivery() webhook.Delivery {
	return webhook.Delivery{
		ID: r.DeliveryID, EventID: r.EventID, EndpointID: r.EndpointID, MerchantID: r.MerchantID,
		Status: r.Status, Attempts: r.Attempts, Round: r.Round, NextAt: r.NextAt, UpdatedAt: r.UpdatedAt,
	}
}

func deliveriesOf(rows []deliveryRow) []webhook.Delivery {
	var out []webhook.Delivery
	for _, row := range rows {
		out = append(out, row.delivery())
	}
	return out
}

// Load locks the endpoint first, as RemoveEndpoint does, and then the delivery.
func (r deliveries) Load(ctx context.Context, id string) (ports.DeliveryCase, error) {
	if !isText(id) {
		return ports.DeliveryCase{}, ports.ErrNotFound
	}
	row, err := one[caseRow](ctx, r.in(),
		caseQuery+"WHERE d.id = $1 FOR UPDATE OF e, d", prepared, id)
	if err != nil {
		return ports.DeliveryCase{}, err
	}
	return row.deliveryCase()
}

func (r deliveries) Save(ctx context.Context, d webhook.Delivery) error {
	if !isText(d.ID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE webhook_deliveries
		SET status = $2, attempts = $3, round = $4, next_at = $5, updated_at = $6 WHERE id = $1`,
		prepared, d.ID, d.Status, d.Attempts, d.Round, orNull(d.NextAt), d.UpdatedAt))
}

func (r deliveries) AddAttempt(ctx context.Context, a webhook.Attempt) error {
	if !isText(a.DeliveryID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `
		INSERT INTO webhook_attempts (delivery_id, number, at, took_ns, status_code, outcome, answer,
			request_head, answer_head)
		SELECT id, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9::text::jsonb FROM webhook_deliveries WHERE id = $1`,
		prepared, a.DeliveryID, a.Number, a.At, a.Took.Nanoseconds(), a.StatusCode, a.Outcome, a.Answer,
		headText(a.Sent), headText(a.Answered)))
}

func (r deliveries) Add(ctx context.Context, d webhook.Delivery) error {
	return r.addAll(ctx, []webhook.Delivery{d})
}

// addDeliveries records them in the order they come in: their numbers rise with it.
const addDeliveries = `
	INSERT INTO webhook_deliveries (id, event_id, event_at, endpoint_id, merchant_id, status, attempts,
		round, next_at, updated_at)
	SELECT d.id, e.id, e.created_at, d.endpoint_id, d.merchant_id::uuid, d.status, d.attempts, d.round,
		d.next_at, d.updated_at
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
		$8::timestamptz[], $9::timestamptz[]) WITH ORDINALITY
		AS d (id, event_id, endpoint_id, merchant_id, status, attempts, round, next_at, updated_at, place)
	JOIN webhook_events e ON e.id = d.event_id ORDER BY d.place`

func (r deliveries) addAll(ctx context.Context, owed []webhook.Delivery) error {
	if len(owed) == 0 {
		return nil
	}
	var o debts
	for _, d := range owed {
		o.add(d)
	}
	n, err := exec(ctx, r.in(), addDeliveries, append([]any{prepared}, o.args()...)...)
	if err == nil && n < int64(len(owed)) {
		return fmt.Errorf("%d of %d deliveries have no event", int64(len(owed))-n, len(owed))
	}
	return err
}

const ofEventQuery = "SELECT " + deliveryColumns +
	" FROM webhook_deliveries d WHERE d.event_id = $1 ORDER BY d.number"

func (r deliveries) OfEvent(ctx context.Context, eventID string) ([]webhook.Delivery, error) {
	if !isText(eventID) {
		return nil, nil
	}
	rows, err := all[deliveryRow](ctx, r.in(), ofEventQuery, eventID)
	return deliveriesOf(rows), err
}

type attemptRow struct {
	Number      int
	At          time.Time
	TookNs      int64
	StatusCode  int
	Outcome     string
	Answer      string
	RequestHead []byte
	AnswerHead  []byte
}

const attemptColumns = "a.number, a.at, a.took_ns, a.status_code, a.outcome, a.answer, a.request_head, a.answer_head"

// Attempts implements ports.WebhookReads.
func (s *Store) Attempts(
	ctx context.Context, p merchant.ProjectID, deliveryID string,
) ([]webhook.Attempt, error) {
	if !isUUID(p) || !isText(deliveryID) {
		return nil, ports.ErrNotFound
	}
	err := exists(exec(ctx, s.in(), `
		SELECT d.id FROM webhook_deliveries d JOIN webhook_events ev ON ev.id = d.event_id
		WHERE d.id = $1 AND ev.project_id = $2`, deliveryID, p))
	if err != nil {
		return nil, err
	}
	rows, err := all[attemptRow](ctx, s.in(), "SELECT "+attemptColumns+
		" FROM webhook_attempts a WHERE a.delivery_id = $1 ORDER BY a.number", deliveryID)
	if err != nil {
		return nil, err
	}
	return each(rows, func(r attemptRow) (webhook.Attempt, error) { return r.attempt(deliveryID) })
}

func (r attemptRow) attempt(deliveryID string) (webhook.Attempt, error) {
	a := webhook.Attempt{
		DeliveryID: deliveryID, Number: r.Number, At: r.At, Took: time.Duration(r.TookNs),
		StatusCode: r.StatusCode, Outcome: r.Outcome, Answer: r.Answer,
	}
	var err error
	if a.Sent, err = readHead(r.RequestHead); err == nil {
		a.Answered, err = readHead(r.AnswerHead)
	}
	return a, err
}

// headText is the head of a message as pairs of name and value, in their order.
func headText(head []webhook.Header) string {
	pairs := make([][2]string, len(head))
	for i, h := range head {
		pairs[i] = [2]string{h.Name, h.Value}
	}
	text, _ := json.Marshal(pairs) // texts always are JSON
	return string(text)
}

func readHead(text []byte) (head []webhook.Header, err error) {
	var pairs [][2]string
	if err := json.Unmarshal(text, &pairs); err != nil {
		return nil, fmt.Errorf("head of a message: %w", err)
	}
	for _, p := range pairs {
		head = append(head, webhook.Header{Name: p[0], Value: p[1]})
	}
	return head, nil
}

// EndpointDeliveries implements ports.WebhookReads.
func (s *Store) EndpointDeliveries(
	ctx context.Context, p merchant.ProjectID, endpointID string, limit int,
) ([]ports.DeliveryCase, error) {
	if err := s.hasEndpoint(ctx, p, endpointID); err != nil {
		return nil, err
	}
	rows, err := all[caseRow](ctx, s.in(), caseQuery+
		"WHERE d.endpoint_id = $1 ORDER BY d.event_at DESC, d.number DESC LIMIT $2",
		endpointID, limited(limit))
	if err != nil {
		return nil, err
	}
	return each(rows, caseRow.deliveryCase)
}
