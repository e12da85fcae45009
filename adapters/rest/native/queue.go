package native

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

const (
	maxNote      = 500
	maxQueuePage = 100
)

var (
	errDecided = fault.New(fault.Invalid, "invalid_filter", "decided must be true or false").About("decided")
	errSession = fault.New(fault.Invalid, "payment_required",
		"name the payment or checkout session this transfer pays").About("payment")
)

func (a *API) mountQueue(v1 *gin.RouterGroup) {
	a.forMerchant(v1, http.MethodGet, "/queue", orFail(a.queue))
	a.forTransfer(v1, "/accept", a.acceptTransfer)
	a.forTransfer(v1, "/assign", a.assignTransfer)
	a.forTransfer(v1, "/return", a.returnTransfer)
	a.forTransfer(v1, "/close", a.closeTransfer)
}

// forTransfer registers what may be decided about the transfer of its path.
func (a *API) forTransfer(
	g *gin.RouterGroup, path string,
	read func(c *gin.Context) (app.Verdict, error),
) {
	a.forMerchant(g, http.MethodPost, "/queue/:id"+path, orFail(func(c *gin.Context, who merchant.Principal) error {
		id, ok := readTransferID(c.Param("id"))
		if !ok {
			return ports.ErrNotFound
		}
		v, err := read(c)
		if err != nil {
			return err
		}
		if err := edge.Text("note", v.Note, maxNote, true); err != nil {
			return err
		}
		v.Transfer = id
		who = a.inMode(c, who, func(who merchant.Principal) error {
			_, err := a.Settlement.Waiting(c.Request.Context(), who, id)
			return err
		})
		once, err := onceFor(a, c, http.StatusOK, func(row ports.TransferRow) any {
			return struct {
				Transfer queuedJSON `json:"transfer"`
			}{showQueued(row)}
		})
		if err != nil {
			return err
		}
		row, stored, err := a.Settlement.Decide(c.Request.Context(), who, v, once)
		respond(c, once, row, stored, err)
		return nil
	}))
}

// queuedJSON is a transfer that settled nothing by itself, and what was decided about it.
type queuedJSON struct {
	ID string `json:"id"` // chain, transaction and index
	transferJSON
	Reason     ports.Reason       `json:"reason,omitempty"`
	Block      uint64             `json:"block"`
	RecordedAt string             `json:"recordedAt"`
	Payment    checkout.SessionID `json:"payment,omitempty"` // it came for, or pays
	OrderNo    string             `json:"orderNo,omitempty"`
	Decision   *decisionJSON      `json:"decision,omitempty"`
}

type decisionJSON struct {
	Action            ports.Action `json:"action"`
	Note              string       `json:"note"`
	ReturnTransaction chain.TxID   `json:"returnTransaction,omitempty"`
	DecidedAt         string       `json:"decidedAt"`
}

func showQueued(row ports.TransferRow) queuedJSON {
	t := row.Transfer
	shown := queuedJSON{
		ID: string(t.Network) + ":" + string(t.TxID) + ":" + strconv.FormatUint(uint64(t.Index), 10),
		transferJSON: transferJSON{
			Transaction: t.TxID, Index: t.Index, Chain: t.Network, From: t.From, To: t.To,
			Amount: transferAmount(t), Currency: t.Asset.Symbol, BlockTime: instant(t.BlockTime),
			Disposition: string(row.Disposition),
		},
		Reason: row.Reason, Block: t.Height, RecordedAt: instant(row.RecordedAt), Payment: row.SessionID, OrderNo: row.OrderNo,
	}
	if d := row.Decision; d.Action != "" {
		shown.Decision = &decisionJSON{d.Action, d.Note, d.ReturnTxID, instant(d.At)}
	}
	return shown
}

// readTransferID reads what queuedJSON.ID prints.
func readTransferID(s string) (app.TransferID, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 || len(parts[0]) > len("avalanche") {
		return app.TransferID{}, false
	}
	tx, ok := chain.ParseTxID(parts[1])
	index, err := strconv.ParseUint(parts[2], 10, 32)
	return app.TransferID{Network: chain.Network(parts[0]), TxID: tx, Index: uint32(index)}, ok && err == nil
}

func (a *API) queue(c *gin.Context, who merchant.Principal) error {
	query, err := edge.Query(c, modeParam, "decided", "limit", "cursor")
	if err != nil {
		return err
	}
	q := ports.QueueQuery{}
	switch query.Get("decided") {
	case "", "false":
	case "true":
		q.Decided = true
	default:
		return errDecided
	}
	limit, cursor, err := edge.Page(c, maxQueuePage)
	if err != nil {
		return err
	}
	list := "queue " + strconv.FormatBool(q.Decided)
	q.Limit = limit
	if q.Before, err = a.readQueueCursor(list, who, cursor); err != nil {
		return err
	}
	page, err := a.Settlement.Queue(c.Request.Context(), who, q)
	if err != nil {
		return err
	}
	next := ""
	shown := make([]queuedJSON, len(page.Rows))
	for i, row := range page.Rows {
		shown[i] = showQueued(row)
		if page.More {
			next = a.makeQueueCursor(list, who, row)
		}
	}
	show(c, struct {
		Transfers  []queuedJSON `json:"transfers"`
		NextCursor string       `json:"nextCursor,omitempty"`
	}{shown, next})
	return nil
}

// makeQueueCursor prints the position of a row in a queue.
func (a *API) makeQueueCursor(list string, who merchant.Principal, row ports.TransferRow) string {
	t := row.Transfer
	at := strconv.FormatUint(t.Height, 10) + "." + strconv.FormatUint(uint64(t.Index), 10) + "." + string(t.TxID)
	return a.makeCursor(list, who, row.RecordedAt, at)
}

func (a *API) readQueueCursor(list string, who merchant.Principal, cursor string) (ports.QueueMark, error) {
	at, position, err := a.readCursor(list, who, cursor)
	if err != nil || at.IsZero() {
		return ports.QueueMark{}, err
	}
	parts := strings.Split(position, ".")
	if len(parts) != 3 {
		return ports.QueueMark{}, edge.ErrPagination.About("cursor")
	}
	height, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return ports.QueueMark{}, edge.ErrPagination.About("cursor")
	}
	index, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil {
		return ports.QueueMark{}, edge.ErrPagination.About("cursor")
	}
	return ports.QueueMark{
		RecordedAt: at, Height: height, Index: uint32(index), TxID: chain.TxID(parts[2]),
	}, nil
}

func (a *API) acceptTransfer(c *gin.Context) (app.Verdict, error) {
	note, err := readNote(c)
	return app.Verdict{Action: ports.Accepted, Note: note}, err
}

func (a *API) closeTransfer(c *gin.Context) (app.Verdict, error) {
	note, err := readNote(c)
	return app.Verdict{Action: ports.Closed, Note: note}, err
}

func readNote(c *gin.Context) (string, error) {
	var body struct {
		Note string `json:"note"`
	}
	err := edge.Decode(c, &body)
	return body.Note, err
}

func (a *API) assignTransfer(c *gin.Context) (app.Verdict, error) {
	var body struct {
		Payment checkout.SessionID `json:"payment"`
		Note    string             `json:"note"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return app.Verdict{}, err
	}
	if body.Payment == "" {
		return app.Verdict{}, errSession
	}
	return app.Verdict{Action: ports.Assigned, SessionID: body.Payment, Note: body.Note}, nil
}

func (a *API) returnTransfer(c *gin.Context) (app.Verdict, error) {
	var body struct {
		Transaction string `json:"transaction"`
		Note        string `json:"note"`
	}
	if err := edge.Decode(c, &body); err != nil {
		return app.Verdict{}, err
	}
	v := app.Verdict{Action: ports.Returned, Note: body.Note}
	if body.Transaction != "" {
		var ok bool
		if v.ReturnTxID, ok = chain.ParseTxID(body.Transaction); !ok {
			return app.Verdict{}, app.ErrInvalidTxID
		}
	}
	return v, nil
}
