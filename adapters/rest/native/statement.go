package native

import (
	"encoding/csv"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// batchTimeout is how long a client may take to read one batch of a statement. The server's own
// limit is for a whole answer, which a long statement outlasts.
const batchTimeout = 30 * time.Second

// statement writes every line of a period, newest first.
func (a *API) statement(c *gin.Context, who merchant.Principal) error {
	query, err := edge.Query(c, modeParam, "from", "to", "currency", "status", "type", "format")
	if err != nil {
		return err
	}
	in, err := readFilter(who, query)
	if err != nil {
		return err
	}
	if err := in.Check(); err != nil {
		return err
	}
	format := "json"
	if query.Has("format") {
		format = query.Get("format")
	}
	switch format {
	case "json":
		return a.writeJSON(c, in)
	case "csv":
		return a.writeCSV(c, in)
	}
	return fault.ErrInvalid.Saying("format must be json or csv").About("format")
}

// write streams batches. The first is read before anything is sent, so that a failure to read can
// still be answered as one; a later one drops the connection (edge.Fail).
func (a *API) write(c *gin.Context, in app.StatementInput, batch func([]ports.Booked) error) error {
	control := http.NewResponseController(c.Writer)
	return a.Statements.Write(c.Request.Context(), in, func(lines []ports.Booked) error {
		err := control.SetWriteDeadline(time.Now().Add(batchTimeout))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		return batch(lines)
	})
}

// writeJSON writes one object, whose lines are encoded as they are read.
func (a *API) writeJSON(c *gin.Context, in app.StatementInput) error {
	var begun, separate bool
	err := a.write(c, in, func(lines []ports.Booked) error {
		b := make([]byte, 0, lineBytes*(len(lines)+1))
		if !begun {
			begun = true
			c.Header("Content-Type", jsonType)
			b = append(b, `{"mode":"`+in.Who.Mode.String()+`","from":"`+instant(in.From)+
				`","to":"`+instant(in.To)+`","transactions":[`...)
		}
		for _, line := range lines {
			if separate {
				b = append(b, ',')
			}
			separate = true
			var err error
			if b, err = appendLine(b, line); err != nil {
				return err
			}
		}
		_, err := c.Writer.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	_, err = c.Writer.WriteString("]}")
	return err
}

var csvHeader = []string{
	"orderNo", "bookedAt", "type", "status", "direction", "currency", "amount", "amountMinor",
	"description", "sessionId", "reverses", "source", "transaction",
}

func csvRow(b ports.Booked) []string {
	l := showLine(b)
	row := []string{
		string(l.OrderNo), l.BookedAt, string(l.Type), string(l.Status), l.Direction, l.Currency,
		l.Amount, l.AmountMinor, l.Description, l.SessionID, string(l.Reverses), l.Source, l.Transaction,
	}
	for i, cell := range row {
		row[i] = inert(cell)
	}
	return row
}

// formulaMarks begin what spreadsheets compute rather than show; the wide ones in East Asian
// editions.
const formulaMarks = "=+-@\t\r\n＝＋－＠"

// inert keeps a spreadsheet from running a cell: "'" says that what follows is text (row D04).
func inert(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if cell != "" && strings.ContainsRune(formulaMarks, first) {
		return "'" + cell
	}
	return cell
}

// writeCSV writes a header and a row per line (RFC 4180).
func (a *API) writeCSV(c *gin.Context, in app.StatementInput) error {
	w := csv.NewWriter(c.Writer)
	w.UseCRLF = true
	begun := false
	return a.write(c, in, func(lines []ports.Booked) error {
		if !begun {
			begun = true
			c.Header("Content-Type", "text/csv; charset=utf-8")
			c.Header("Content-Disposition", `attachment; filename="`+csvName(in)+`"`)
			if err := w.Write(csvHeader); err != nil {
				return err
			}
		}
		for _, line := range lines {
			if err := w.Write(csvRow(line)); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
}

func csvName(in app.StatementInput) string {
	last := in.To.Add(-time.Microsecond) // the last day that is in it
	mode := ""
	if in.Who.Mode == merchant.Test {
		mode = "test-"
	}
	return "statement-" + mode + in.From.Format(time.DateOnly) + "-" + last.Format(time.DateOnly) + ".csv"
}
