package app

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/money"
)

// A report's file says the same wherever it is got, so how it is written is here and in no dialect.

// ReportColumns head the lines of a report.
func ReportColumns() []string {
	return []string{
		"from", "network", "currency", "entries", "received", "reversals", "reversed", "net", "worth",
		"worth_currency", "rate_sources",
	}
}

// Rows are the report's lines as cells, one for every currency something was worth.
func (r Report) Rows() (rows [][]string) {
	for _, l := range r.Lines {
		places := l.Currency.Scale()
		row := []string{
			l.From.Format(time.DateOnly), l.Place, l.Currency.Code(), strconv.FormatInt(l.Entries, 10),
			money.FormatSigned(l.Received, places), strconv.FormatInt(l.Reversals, 10),
			money.FormatSigned(l.Undone, places), money.FormatSigned(l.Net(), places),
		}
		if len(l.Worth) == 0 {
			rows = append(rows, append(row, "", "", ""))
		}
		for _, w := range l.Worth {
			rows = append(rows, append(row[:len(row):len(row)],
				money.FormatSigned(w.Rounded(), w.Currency.Scale()), w.Currency.Code(), strings.Join(w.Sources, " ")))
		}
	}
	return rows
}

// CSV is the report as a table (RFC 4180).
func (r Report) CSV() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	_ = w.Write(ReportColumns()) // a buffer takes everything
	for _, row := range r.Rows() {
		for i, cell := range row {
			row[i] = inert(cell)
		}
		_ = w.Write(row)
	}
	w.Flush()
	return b.Bytes()
}

// inert makes a cell that a spreadsheet takes for text, if it could take it for a formula. Numbers, also
// those below nothing, stay numbers.
func inert(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) || isNumber(cell) {
		return cell
	}
	return "'" + cell
}

func isNumber(cell string) bool {
	digits := strings.TrimPrefix(cell, "-")
	return digits != "" && strings.Trim(digits, "0123456789.") == "" && strings.Count(digits, ".") < 2
}

type reportJSON struct {
	From  string           `json:"from"`
	To    string           `json:"to"` // the last day
	By    ReportBy         `json:"by"`
	Mode  string           `json:"mode"`
	Lines []reportLineJSON `json:"lines"`
}

type reportLineJSON struct {
	From      string      `json:"from"`
	Network   string      `json:"network"`
	Currency  string      `json:"currency"`
	Entries   int64       `json:"entries"`
	Received  string      `json:"received"`
	Reversals int64       `json:"reversals"`
	Reversed  string      `json:"reversed"`
	Net       string      `json:"net"`
	Worth     []worthJSON `json:"worth"`
}

type worthJSON struct {
	Amount   string   `json:"amount"`
	Currency string   `json:"currency"`
	Sources  []string `json:"sources"`
}

// JSON is the report as one object.
func (r Report) JSON() ([]byte, error) {
	out := reportJSON{
		From: r.From.Format(time.DateOnly), To: r.To.Format(time.DateOnly), By: r.By, Mode: r.Who.Mode.String(),
		Lines: make([]reportLineJSON, len(r.Lines)),
	}
	for i, l := range r.Lines {
		places := l.Currency.Scale()
		line := reportLineJSON{
			From: l.From.Format(time.DateOnly), Network: l.Place, Currency: l.Currency.Code(), Entries: l.Entries,
			Received: money.FormatSigned(l.Received, places), Reversals: l.Reversals,
			Reversed: money.FormatSigned(l.Undone, places), Net: money.FormatSigned(l.Net(), places),
			Worth: make([]worthJSON, len(l.Worth)),
		}
		for j, w := range l.Worth {
			line.Worth[j] = worthJSON{money.FormatSigned(w.Rounded(), w.Currency.Scale()), w.Currency.Code(), w.Sources}
		}
		out.Lines[i] = line
	}
	return json.Marshal(out)
}
