package native

import (
	"bytes"
	"encoding/csv"
	"time"

	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// totalJSON is what a period brought at one place in one currency.
type totalJSON struct {
	Network   string           `json:"network"`
	Currency  string           `json:"currency"`
	Entries   int64            `json:"entries"`
	Received  string           `json:"received"`
	Reversals int64            `json:"reversals"`
	Reversed  string           `json:"reversed"`
	Net       string           `json:"net"`
	Worth     []totalWorthJSON `json:"worth"`
}

// totalWorthJSON is what it was worth when it was asked for.
type totalWorthJSON struct {
	Amount   string   `json:"amount"`
	Currency string   `json:"currency"`
	Sources  []string `json:"sources"` // whose rates
}

func showTotal(t ports.Total) totalJSON {
	places := t.Currency.Scale()
	shown := totalJSON{
		Network: t.Place, Currency: t.Currency.Code(), Entries: t.Entries,
		Received: money.FormatSigned(t.Received, places), Reversals: t.Reversals,
		Reversed: money.FormatSigned(t.Undone, places), Net: money.FormatSigned(t.Net(), places),
		Worth: make([]totalWorthJSON, len(t.Worth)),
	}
	for i, w := range t.Worth {
		shown.Worth[i] = totalWorthJSON{
			Amount: money.FormatSigned(w.Minor, w.Currency.Scale()), Currency: w.Currency.Code(), Sources: w.Sources,
		}
	}
	return shown
}

// toldJSON is a report as its event tells it.
type toldJSON struct {
	reportJSON

	Totals []totalJSON `json:"totals"`
	// Cut says that the totals would not fit into an event; the file has them.
	Cut bool `json:"totalsOmitted,omitempty"`
}

// EncodeReport implements ports.ReportEncoder.
func (w EventWords) EncodeReport(
	e webhook.Event, r report.Run, totals []ports.Total,
) ([]byte, error) {
	told := toldJSON{reportJSON: showReport(r, w.PublicURL), Totals: make([]totalJSON, len(totals))}
	for i, t := range totals {
		told.Totals[i] = showTotal(t)
	}
	body := eventJSON{
		ID: e.ID, Type: e.Type, Timestamp: stamp(e.CreatedAt), Mode: e.Mode.String(),
		Data: eventDataJSON{Report: &told},
	}
	text, err := encode(body)
	if err == nil && len(text) >= webhook.MaxBodyBytes {
		told.Totals, told.Cut = []totalJSON{}, true
		text, err = encode(body)
	}
	return text, err
}

// EncodeEntries implements ports.ReportEncoder: lines as in a statement, the oldest first.
func (w EventWords) EncodeEntries(r report.Run, entries []ports.Booked) ([]byte, error) {
	if r.Format == report.CSV {
		var b bytes.Buffer
		out := csv.NewWriter(&b)
		out.UseCRLF = true
		_ = out.Write(csvHeader) // a buffer takes everything
		for _, line := range entries {
			_ = out.Write(csvRow(line))
		}
		out.Flush()
		return b.Bytes(), nil
	}
	lines := make([]lineJSON, len(entries))
	for i, line := range entries {
		lines[i] = showLine(line)
	}
	return encode(struct {
		From         string     `json:"from"`
		To           string     `json:"to"`
		Mode         string     `json:"mode"`
		Transactions []lineJSON `json:"transactions"`
	}{
		r.Period.From.Format(time.DateOnly), r.Period.Last().Format(time.DateOnly), r.Mode.String(), lines,
	})
}
