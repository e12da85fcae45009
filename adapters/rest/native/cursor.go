package native

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/merchant"
)

// A cursor is a position in a list: an instant and an id. It is tagged, so that only those we
// issued are read, and only for the list and the principal they were issued for.

// makeCursor prints a position in a list.
func (a *API) makeCursor(list string, who merchant.Principal, at time.Time, id string) string {
	position := strconv.FormatInt(at.UnixMicro(), 10) + " " + id
	return base64.RawURLEncoding.EncodeToString(append(a.cursorTag(list, who, position), position...))
}

// askedPage is what of a list a request asks for: so many behind a position, from the top if at is zero.
type askedPage struct {
	limit int
	at    time.Time
	id    string
}

// askedPage reads which page of a list a request asks for, of at most so many.
func (a *API) askedPage(c *gin.Context, list string, who merchant.Principal, most int) (p askedPage, err error) {
	var cursor string
	if p.limit, cursor, err = edge.Page(c, most); err != nil {
		return p, err
	}
	p.at, p.id, err = a.readCursor(list, who, cursor)
	return p, err
}

// readCursor reads a position; the zero time for "".
func (a *API) readCursor(
	list string, who merchant.Principal, cursor string,
) (at time.Time, id string, err error) {
	if cursor == "" {
		return time.Time{}, "", nil
	}
	refused := edge.ErrPagination.About("cursor")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	size := len(a.cursorTag(list, who, ""))
	if err != nil || len(raw) < size {
		return time.Time{}, "", refused
	}
	position := string(raw[size:])
	if subtle.ConstantTimeCompare(raw[:size], a.cursorTag(list, who, position)) != 1 {
		return time.Time{}, "", refused
	}
	micros, id, _ := strings.Cut(position, " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return time.Time{}, "", refused
	}
	return time.UnixMicro(n).UTC(), id, nil
}

func (a *API) cursorTag(list string, who merchant.Principal, position string) []byte {
	return a.Credentials.Vault.Tag("cursor",
		list+" "+string(who.Project)+" "+who.Mode.String()+" "+position)
}
