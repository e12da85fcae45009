package postgres

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// moves are movements of tokens as columns, in the order of movedColumns: one statement writes any
// number of them.
type moves struct {
	networks, txids, symbols, contracts []string
	senders, receivers, units, blocks   []string
	indexes, decimals, heights          []int64
	times                               []time.Time
}

func (m *moves) add(t chain.Transfer) {
	m.networks, m.txids = append(m.networks, string(t.Network)), append(m.txids, string(t.TxID))
	m.indexes = append(m.indexes, int64(t.Index))
	m.symbols, m.contracts = append(m.symbols, t.Asset.Symbol), append(m.contracts, t.Asset.Contract)
	m.decimals = append(m.decimals, int64(t.Asset.Decimals))
	m.senders, m.receivers = append(m.senders, string(t.From)), append(m.receivers, string(t.To))
	m.units, m.heights = append(m.units, t.Units.String()), append(m.heights, height(t.Height))
	m.blocks, m.times = append(m.blocks, t.BlockID), append(m.times, t.BlockTime)
}

// args are the arguments of movedTypes.
func (m *moves) args() []any {
	return []any{
		m.networks, m.txids, m.indexes, m.symbols, m.contracts, m.decimals, m.senders, m.receivers,
		m.units, m.heights, m.blocks, m.times,
	}
}

// movedTypes are the columns as arguments; movedValues are those columns of m as a table takes them.
const (
	movedTypes = `$1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[],
		$8::text[], $9::text[], $10::bigint[], $11::text[], $12::timestamptz[]`

	movedValues = `m.network, m.txid, m.idx, m.symbol, m.contract, m.decimals, m.sender, m.receiver,
		m.units::numeric, m.height, m.block_id, m.block_time`
)

// attributions are what of final transfers is not of the chain, as columns.
type attributions struct {
	projects, sessions, intents, reasons []*string
	dispositions, orders                 []string
	times                                []time.Time
}

func (a *attributions) add(t ports.TransferRow) {
	a.projects, a.sessions = append(a.projects, orNoID(t.ProjectID)), append(a.sessions, orNoID(t.SessionID))
	a.intents, a.reasons = append(a.intents, orNoID(t.IntentID)), append(a.reasons, orNoID(t.Reason))
	a.dispositions = append(a.dispositions, string(t.Disposition))
	a.orders, a.times = append(a.orders, t.OrderNo), append(a.times, t.RecordedAt)
}

func (a *attributions) args() []any {
	return []any{a.projects, a.sessions, a.intents, a.dispositions, a.orders, a.times, a.reasons}
}

// lives are what of sessions may change, as columns.
type lives struct {
	ids, statuses, paid    []string
	expire, updated        []time.Time
	versions, parts        []int64
	underpaid, closed      []bool
	intents                []*string
	receiptIntents, on     []*string
	txids, senders, units  []*string
	orders                 []*string
	indexes, receiptHeight []*int64
	blockTimes             []*time.Time
	late                   []*bool
}

// orders are what never changes of sessions, as columns.
type orders struct {
	merchants, projects, modes, kinds, currencies, amounts []string
	methods, descriptions, references, successes, failures []string
	metadata                                               []*string
	created                                                []time.Time
}

func (o *orders) add(s checkout.Snapshot) error {
	metadata, err := metadataText(s.Metadata)
	if err != nil {
		return err
	}
	o.merchants, o.projects = append(o.merchants, string(s.MerchantID)), append(o.projects, string(s.ProjectID))
	o.modes, o.kinds = append(o.modes, s.Mode.String()), append(o.kinds, string(s.Kind))
	o.currencies, o.amounts = append(o.currencies, s.Due.Currency().String()), append(o.amounts, s.Due.MinorText())
	o.methods, o.descriptions = append(o.methods, string(s.Method)), append(o.descriptions, s.Description)
	o.references, o.metadata = append(o.references, s.OrderID), append(o.metadata, metadata)
	o.successes, o.failures = append(o.successes, s.SuccessURL), append(o.failures, s.FailURL)
	o.created = append(o.created, s.CreatedAt)
	return nil
}

// args are the first arguments of addSessions; those of the sessions' lives follow.
func (o *orders) args() []any {
	return []any{
		o.merchants, o.projects, o.modes, o.kinds, o.currencies, o.amounts, o.methods, o.descriptions,
		o.references, o.metadata, o.successes, o.failures, o.created,
	}
}

func (l *lives) add(s checkout.Snapshot) {
	l.ids, l.statuses = append(l.ids, string(s.ID)), append(l.statuses, s.Status.String())
	l.expire, l.updated = append(l.expire, s.ExpiresAt), append(l.updated, s.UpdatedAt)
	l.versions, l.parts = append(l.versions, s.Version), append(l.parts, int64(s.Parts))
	l.paid = append(l.paid, paidText(s))
	l.underpaid, l.closed = append(l.underpaid, s.UnderpaidHeld), append(l.closed, s.PartsClosed)
	var intent checkout.IntentID
	if s.Intent != nil {
		intent = s.Intent.ID
	}
	l.intents = append(l.intents, orNoID(intent))
	l.receipt(s.Receipt)
}

func (l *lives) receipt(r *checkout.Receipt) {
	var intent, network, txid, sender, units, order *string
	var index, at *int64
	var blockTime *time.Time
	var late *bool
	if r != nil {
		intent, network, txid, sender = text(r.IntentID), text(r.Network), text(r.TxID), text(r.From)
		units, order = text(r.Units.String()), text(r.OrderNo)
		n, h := int64(r.Index), height(r.Height)
		index, at, blockTime, late = &n, &h, &r.BlockTime, &r.Late
	}
	l.receiptIntents, l.on = append(l.receiptIntents, intent), append(l.on, network)
	l.txids, l.indexes = append(l.txids, txid), append(l.indexes, index)
	l.senders, l.units = append(l.senders, sender), append(l.units, units)
	l.receiptHeight, l.blockTimes = append(l.receiptHeight, at), append(l.blockTimes, blockTime)
	l.orders, l.late = append(l.orders, order), append(l.late, late)
}

func text[T ~string](s T) *string {
	plain := string(s)
	return &plain
}

// args are the arguments of saveSessions, and the last ones of addSessions.
func (l *lives) args() []any {
	return []any{
		l.ids, l.statuses, l.expire, l.updated, l.versions, l.intents, l.paid, l.parts, l.underpaid,
		l.closed, l.receiptIntents, l.on, l.txids, l.indexes, l.senders, l.units, l.receiptHeight,
		l.blockTimes, l.orders, l.late,
	}
}

// debts are deliveries as columns.
type debts struct {
	ids, events, endpoints, merchants, statuses []string
	attempts, rounds                            []int64
	next                                        []*time.Time
	updated                                     []time.Time
}

func (o *debts) add(d webhook.Delivery) {
	o.ids, o.events = append(o.ids, d.ID), append(o.events, d.EventID)
	o.endpoints, o.merchants = append(o.endpoints, d.EndpointID), append(o.merchants, string(d.MerchantID))
	o.statuses = append(o.statuses, string(d.Status))
	o.attempts, o.rounds = append(o.attempts, int64(d.Attempts)), append(o.rounds, int64(d.Round))
	o.next, o.updated = append(o.next, orNull(d.NextAt)), append(o.updated, d.UpdatedAt)
}

// args are the arguments of addDeliveries.
func (o *debts) args() []any {
	return []any{
		o.ids, o.events, o.endpoints, o.merchants, o.statuses, o.attempts, o.rounds, o.next, o.updated,
	}
}
