package graphql

import (
	"context"
	"strconv"
	"strings"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var errAssignTo = fault.New(fault.Invalid, "payment_required", "name the payment this transfer pays").About("payment")

// Queue pages through transfers that settled nothing by themselves.
func (q queries) Queue(
	ctx context.Context, project string, mode Mode, decided *bool, first *int, after *string,
) (*QueueConnection, error) {
	who, err := q.enter(ctx, member.ReadMoney, project, mode)
	if err != nil {
		return nil, err
	}
	asked := ports.QueueQuery{Decided: decided != nil && *decided}
	if asked.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	at := list{q.API, "queue " + strconv.FormatBool(asked.Decided), who}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	if asked.Before, err = queueMark(from); err != nil {
		return nil, err
	}
	read, err := q.Settlement.Queue(ctx, who, asked)
	if err != nil {
		return nil, err
	}
	return &QueueConnection{listed[ports.TransferRow, QueuedTransfer, QueueEdge]{
		sheet: sheet[ports.TransferRow]{rows: read.Rows, more: read.More, cursor: func(row *ports.TransferRow) string {
			t := &row.Transfer
			return at.cursor(mark{row.RecordedAt, strings.Join(
				[]string{decimalOf(t.Height), decimalOf(t.Index), string(t.TxID)}, ".")})
		}},
		as: queuePages, show: showQueue, edge: queueEdge,
	}}, nil
}

// queueMark reads a position in a queue; the zero one for the beginning.
func queueMark(m mark) (ports.QueueMark, error) {
	if m.at.IsZero() {
		return ports.QueueMark{}, nil
	}
	parts := strings.Split(m.id, ".")
	if len(parts) != 3 {
		return ports.QueueMark{}, errCursor
	}
	height, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return ports.QueueMark{}, errCursor
	}
	index, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil {
		return ports.QueueMark{}, errCursor
	}
	return ports.QueueMark{RecordedAt: m.at, Height: height, Index: uint32(index), TxID: chain.TxID(parts[2])}, nil
}

func showQueued(row ports.TransferRow) *QueuedTransfer {
	t := row.Transfer
	shown := &QueuedTransfer{
		ID:      showTransferID(t),
		Network: string(t.Network), TxID: string(t.TxID), Index: decimalOf(t.Index), Amount: showCoin(t.Units, t.Asset),
		From: string(t.From), To: string(t.To), BlockTime: t.BlockTime, RecordedAt: row.RecordedAt,
		Disposition: QueueDisposition(strings.ToUpper(string(row.Disposition))), Reason: optional(row.Reason),
		PaymentID: optional(row.SessionID),
	}
	if d := row.Decision; d.Action != "" {
		shown.Decision = &QueueDecision{
			Action: QueueAction(strings.ToUpper(string(d.Action))), Note: d.Note, ReturnTxID: optional(d.ReturnTxID), At: d.At,
		}
	}
	return shown
}

func showTransferID(t chain.Transfer) string {
	return string(t.Network) + ":" + string(t.TxID) + ":" + decimalOf(t.Index)
}

// transferID reads the id showTransferID prints.
func transferID(id string) (app.TransferID, error) {
	parts := strings.Split(id, ":")
	if len(parts) != 3 {
		return app.TransferID{}, ports.ErrNotFound
	}
	tx, ok := chain.ParseTxID(parts[1])
	index, err := strconv.ParseUint(parts[2], 10, 32)
	if err != nil || !ok || !isNetwork(parts[0]) {
		return app.TransferID{}, ports.ErrNotFound
	}
	return app.TransferID{Network: chain.Network(parts[0]), TxID: tx, Index: uint32(index)}, nil
}

func isNetwork(name string) bool {
	for _, n := range append(chain.Networks(), chain.Sandbox) {
		if string(n) == name {
			return true
		}
	}
	return false
}

// DecideTransfer decides about a transfer of the queue.
func (m mutations) DecideTransfer(ctx context.Context, input DecisionInput) (*DecisionPayload, error) {
	who, err := m.enter(ctx, member.DecideQueue, input.Project, input.Mode)
	if err != nil {
		return nil, err
	}
	id, err := transferID(input.ID)
	if err != nil {
		return nil, err
	}
	if _, err := m.Settlement.Waiting(ctx, who, id); err != nil {
		return nil, err
	}
	v, err := m.verdict(ctx, who, input)
	v.Transfer = id
	var row ports.TransferRow
	if err == nil {
		row, _, err = m.Settlement.Decide(ctx, who, v, app.Once[ports.TransferRow]{})
	}
	out := &DecisionPayload{}
	return done(out, &out.UserErrors, err, func() { out.Transfer = showQueued(row) })
}

// verdict reads a decision. A payment that is not the caller's is as unknown as one that does not exist.
func (a *API) verdict(ctx context.Context, who merchant.Principal, in DecisionInput) (app.Verdict, error) {
	v := app.Verdict{Action: ports.Action(strings.ToLower(string(in.Action)))}
	if in.Note != nil {
		if err := edge.Text("note", *in.Note, maxNote, true); err != nil {
			return v, err
		}
		v.Note = *in.Note
	}
	if v.Action == ports.Assigned {
		if in.Payment == nil {
			return v, errAssignTo
		}
		of, s, err := a.payment(ctx, member.DecideQueue, *in.Payment)
		if err == nil && of != who {
			err = ports.ErrNotFound
		}
		if err != nil {
			return v, err
		}
		v.SessionID = checkout.SessionID(s.ID)
	}
	if v.Action == ports.Returned && in.ReturnTxID != nil && *in.ReturnTxID != "" {
		tx, ok := chain.ParseTxID(*in.ReturnTxID)
		if !ok {
			return v, app.ErrInvalidTxID.About("returnTxId")
		}
		v.ReturnTxID = tx
	}
	return v, nil
}
