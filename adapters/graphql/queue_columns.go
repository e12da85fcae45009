package graphql

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/ports"
)

// QueueConnection is a page of transfers that settled nothing by themselves.
type QueueConnection struct {
	listed[ports.TransferRow, QueuedTransfer, QueueEdge]
}

func showQueue(rows []ports.TransferRow) []*QueuedTransfer { return each(rows, showQueued) }

func queueEdge(cursor string, node *QueuedTransfer) *QueueEdge {
	return &QueueEdge{Cursor: cursor, Node: node}
}

var decisionColumns = object[ports.Decision]{"QueueDecision", map[string]column[ports.Decision]{
	"action":     word(func(d *ports.Decision) ports.Action { return d.Action }),
	"note":       text(func(d *ports.Decision) string { return d.Note }),
	"returnTxId": maybe(func(d *ports.Decision) chain.TxID { return d.ReturnTxID }),
	"at":         instant(func(d *ports.Decision) time.Time { return d.At }),
}}

var queueColumns = object[ports.TransferRow]{"QueuedTransfer", map[string]column[ports.TransferRow]{
	"id":      text(func(r *ports.TransferRow) string { return showTransferID(r.Transfer) }),
	"network": text(func(r *ports.TransferRow) chain.Network { return r.Transfer.Network }),
	"txId":    text(func(r *ports.TransferRow) chain.TxID { return r.Transfer.TxID }),
	"index":   number(func(r *ports.TransferRow) uint32 { return r.Transfer.Index }),
	"amount": within(coinColumns, func(r *ports.TransferRow) *coins {
		return &coins{r.Transfer.Units, &r.Transfer.Asset}
	}),
	"from":        text(func(r *ports.TransferRow) chain.Address { return r.Transfer.From }),
	"to":          text(func(r *ports.TransferRow) chain.Address { return r.Transfer.To }),
	"blockTime":   instant(func(r *ports.TransferRow) time.Time { return r.Transfer.BlockTime }),
	"recordedAt":  instant(func(r *ports.TransferRow) time.Time { return r.RecordedAt }),
	"disposition": word(func(r *ports.TransferRow) ports.Disposition { return r.Disposition }),
	"reason":      maybe(func(r *ports.TransferRow) ports.Reason { return r.Reason }),
	"paymentId":   maybe(func(r *ports.TransferRow) checkout.SessionID { return r.SessionID }),
	"decision": within(decisionColumns, func(r *ports.TransferRow) *ports.Decision {
		if r.Decision.Action == "" {
			return nil
		}
		return &r.Decision
	}),
}}

var queuePages = connection("Queue", queueColumns)
