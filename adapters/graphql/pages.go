package graphql

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
)

// Bounds of a page.
const (
	pageDefault = 20
	pageMost    = 100
	cursorMax   = 512 // bytes
)

var (
	errFirst  = fault.New(fault.Invalid, "invalid_page", "first must be from 1 to 100").About("first")
	errCursor = fault.New(fault.Invalid, "invalid_page",
		"after must be the endCursor of an earlier page of the same list").About("after")
)

// sizeOf reads how long a page may be. null is not a number: whoever says it meant something else.
func sizeOf(first *int) (int, error) {
	if first == nil || *first < 1 || *first > pageMost {
		return 0, errFirst
	}
	return *first, nil
}

// list is one list of one principal: a cursor of another means nothing in it.
type list struct {
	api  *API
	name string
	who  merchant.Principal
}

// mark is a position in a list: an instant and what tells apart what shares it.
type mark struct {
	at time.Time
	id string
}

func (l list) tag(position string) []byte {
	return l.api.Vault.Tag("graphql cursor",
		l.name+" "+string(l.who.Merchant)+" "+string(l.who.Project)+" "+l.who.Mode.String()+" "+position)
}

// cursor prints a position.
func (l list) cursor(m mark) string {
	position := strconv.FormatInt(m.at.UnixMicro(), 10) + " " + m.id
	return base64.RawURLEncoding.EncodeToString(append(l.tag(position), position...))
}

// read reads what cursor printed; the zero mark for none.
func (l list) read(after *string) (mark, error) {
	if after == nil || *after == "" {
		return mark{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*after)
	size := len(l.tag(""))
	if err != nil || len(*after) > cursorMax || len(raw) < size {
		return mark{}, errCursor
	}
	position := string(raw[size:])
	if subtle.ConstantTimeCompare(raw[:size], l.tag(position)) != 1 {
		return mark{}, errCursor
	}
	micros, id, _ := strings.Cut(position, " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return mark{}, errCursor
	}
	return mark{time.UnixMicro(n).UTC(), id}, nil
}

// ending is where a page of cursors ends.
func ending(cursors []string, more bool) *PageInfo {
	info := &PageInfo{HasNextPage: more}
	if len(cursors) > 0 {
		info.EndCursor = &cursors[len(cursors)-1]
	}
	return info
}
