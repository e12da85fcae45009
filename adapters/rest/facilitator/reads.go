package facilitator

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

type kindJSON struct {
	X402Version int      `json:"x402Version"`
	Scheme      string   `json:"scheme"`
	Network     string   `json:"network"`
	Extra       *whoJSON `json:"extra,omitempty"`
}

// whoJSON names who settles, where payers sign that too.
type whoJSON struct {
	FacilitatorAddress string `json:"facilitatorAddress"`
}

// signersOf is whom SupportedResponse says signers are for: every network they are used on is an EVM one.
const signersOf = "eip155:*"

func (a *API) supported(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	s, err := a.Facilitator.Supported(c.Request.Context())
	if err != nil {
		return err
	}
	kinds := []kindJSON{}
	for _, v := range []x402.Version{x402.V2, x402.V1} {
		for _, n := range s.Networks {
			if name := n.Name(v); name != "" {
				kinds = append(kinds, kindJSON{X402Version: int(v), Scheme: x402.SchemeExact, Network: name})
			}
		}
	}
	for _, n := range s.Networks {
		if who, settles := s.UpTo[n]; settles {
			kinds = append(kinds, kindJSON{int(x402.V2), x402.SchemeUpTo, n.Name(x402.V2), &whoJSON{who.String()}})
		}
	}
	extensions := []string{}
	if s.Sponsored {
		extensions = append(extensions, x402.ExtensionSponsoring)
	}
	signers := map[string][]string{}
	for _, s := range s.Signers {
		signers[signersOf] = append(signers[signersOf], s.String())
	}
	return show(c, struct {
		Kinds      []kindJSON          `json:"kinds"`
		Extensions []string            `json:"extensions"`
		Signers    map[string][]string `json:"signers"`
	}{kinds, extensions, signers})
}

// statusJSON is a settlement as its merchant's server may ask for it at any time.
type statusJSON struct {
	ID          string                 `json:"id"`
	Status      app.SettlementProgress `json:"status"`
	State       string                 `json:"state"` // more precisely: a status of domain/x402
	Reason      string                 `json:"reason,omitempty"`
	Network     string                 `json:"network"`
	Asset       string                 `json:"asset"`
	Amount      string                 `json:"amount"` // base units
	Payer       string                 `json:"payer"`
	PayTo       string                 `json:"payTo"`
	Transaction string                 `json:"transaction"` // the newest sent, or the one that settled; "" if none
	OrderNo     string                 `json:"orderNo,omitempty"`
	CreatedAt   string                 `json:"createdAt"`
	SettledAt   string                 `json:"settledAt,omitempty"`
}

func (a *API) status(c *gin.Context) error {
	if _, err := edge.Query(c); err != nil {
		return err
	}
	who, err := a.principal(c)
	if err != nil {
		return err
	}
	id := c.Param("id")
	if !isUUID(id) {
		return ports.ErrNotFound
	}
	row, err := a.Facilitator.Status(c.Request.Context(), who, id)
	if err != nil {
		return err
	}
	return show(c, showStatus(row))
}

func showStatus(row ports.AuthorizationRow) statusJSON {
	s := row.Settlement.Snapshot()
	out := statusJSON{
		ID: row.ID, Status: app.SettlementProgressOf(s.Status), State: s.Status.String(),
		Network: s.Due.Network.String(), Asset: s.Due.Asset.String(), Amount: s.Due.Value.String(),
		Payer: s.Due.Payer.String(), PayTo: s.Due.PayTo.String(), OrderNo: string(row.OrderNo),
		CreatedAt: instant(s.ClaimedAt), SettledAt: instant(s.SettledAt),
	}
	if s.TxID != (x402.Hash{}) {
		out.Transaction = s.TxID.String()
	}
	if s.Reason != 0 {
		out.Reason = s.Reason.String()
	}
	return out
}

// instant prints a time; the zero time is "".
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// isUUID reports whether an id looks like those we give.
func isUUID(s string) bool {
	const length = 36
	if len(s) != length {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f'
		if dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// pageDefault is how many items a page of the catalog has unless it is told.
const pageDefault = 20

type pageJSON struct {
	Limit  int `json:"limit"`
	Offset int `json:"offset"`
	Total  int `json:"total"`
}

func (a *API) discover(c *gin.Context) error {
	query, err := edge.Query(c, "type", "mode", "limit", "offset")
	if err != nil {
		return err
	}
	mode := merchant.Live
	if query.Has("mode") {
		if mode, err = merchant.ParseMode(query.Get("mode")); err != nil {
			return err
		}
	}
	page := pageJSON{Limit: pageDefault}
	if query.Has("limit") {
		if page.Limit, err = number(query.Get("limit"), 1, app.MaxDiscovered); err != nil {
			return edge.ErrPagination.About("limit")
		}
	}
	if query.Has("offset") {
		if page.Offset, err = number(query.Get("offset"), 0, ports.MaxDiscovered); err != nil {
			return edge.ErrPagination.About("offset").Saying("offset must be a whole number from 0 to 10000")
		}
	}
	items := []json.RawMessage{}
	if kind := query.Get("type"); kind == "" || kind == "http" { // nothing else is sold
		listed, total, err := a.Facilitator.Discover(c.Request.Context(), mode, page.Offset, page.Limit)
		if err != nil {
			return err
		}
		page.Total = total
		for _, item := range listed {
			items = append(items, item)
		}
	}
	return show(c, struct {
		X402Version int               `json:"x402Version"`
		Items       []json.RawMessage `json:"items"`
		Pagination  pageJSON          `json:"pagination"`
	}{int(x402.V2), items, page})
}

// number reads a whole number in its one spelling.
func number(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < least || n > most {
		return 0, edge.ErrPagination
	}
	return n, nil
}
