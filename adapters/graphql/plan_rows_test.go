package graphql

import (
	"math/big"
	"time"

	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// oddTexts are those a printer could get wrong.
var oddTexts = []string{
	"", "plain", `"quoted"`, `back\slash`, "<", ">", "&", "line\nand\ttab\r", "\x00\x01\x1f\x7f", "\u2028", "\u2029", "Grüße, 価格 🎉",
	"cut \xff\xfe\xe2\x80", "\ufffd", "null",
}

// drawn draws values for rows.
type drawn struct{ *rapid.T }

func (d drawn) text() string { return rapid.SampledFrom(oddTexts).Draw(d.T, "text") }
func (d drawn) yes() bool    { return rapid.Bool().Draw(d.T, "yes") }

func (d drawn) units() *big.Int {
	return new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(d.T, "units"))
}

func (d drawn) at() time.Time {
	zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(d.T, "zone")*3600)
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(d.T, "second"), rapid.Int64Range(0, 999_999_999).Draw(d.T, "nano")).In(zone)
}

func (d drawn) mode() merchant.Mode {
	return rapid.SampledFrom([]merchant.Mode{merchant.Test, merchant.Live}).Draw(d.T, "mode")
}

func (d drawn) amount() money.Amount {
	a, err := money.FromMinor(rapid.SampledFrom([]money.Currency{money.USD, money.USDC, money.JPY}).Draw(d.T, "currency"), d.units())
	if err != nil {
		return money.Amount{}
	}
	return a
}

func (d drawn) asset() chain.Asset {
	return chain.Asset{Network: chain.Network(d.text()), Symbol: d.text(), Decimals: rapid.Uint8Range(0, 18).Draw(d.T, "decimals")}
}

func (d drawn) booked() ports.Booked {
	t := ledger.Transaction{
		OrderNo: ledger.OrderNo(d.text()), ProjectID: merchant.ProjectID(d.text()), Mode: d.mode(),
		Kind: rapid.SampledFrom(ledger.Kinds()).Draw(d.T, "kind"), SessionID: d.text(), Description: d.text(),
		Reverses: ledger.OrderNo(d.text()), BookedAt: d.at(),
	}
	for range rapid.IntRange(0, 3).Draw(d.T, "postings") {
		t.Postings = append(t.Postings, ledger.Posting{
			Source: ledger.Account(d.text()), Destination: ledger.Account(d.text()), Amount: d.amount(),
		})
	}
	b := ports.Booked{Transaction: t, Sequence: rapid.Int64().Draw(d.T, "sequence")}
	copy(b.Content[:], d.text())
	copy(b.Chain[:], d.text())
	return b
}

func (d drawn) session() checkout.Snapshot {
	s := checkout.Snapshot{
		ID: checkout.SessionID(d.text()), ProjectID: merchant.ProjectID(d.text()), Mode: d.mode(), Kind: checkout.Kind(d.text()),
		Due: d.amount(), Method: checkout.Method(d.text()), Description: d.text(), OrderID: d.text(),
		Status: rapid.SampledFrom(checkout.Statuses()).Draw(d.T, "status"), CreatedAt: d.at(), ExpiresAt: d.at(), UpdatedAt: d.at(),
		UnderpaidHeld: d.yes(), Metadata: map[string]string{},
	}
	for range rapid.IntRange(0, 3).Draw(d.T, "metadata") {
		s.Metadata[d.text()] = d.text()
	}
	if d.yes() {
		s.Intent = &checkout.Intent{
			ID: checkout.IntentID(d.text()), Method: checkout.Method(d.text()), Asset: d.asset(), Address: chain.Address(d.text()),
			Units: d.units(), CreatedAt: d.at(), ExpiresAt: d.at(),
			Rate:  money.Rate{From: d.text(), To: d.text(), Price: d.amount().Decimal(), Source: d.text(), At: d.at()},
			Terms: checkout.Terms{Matching: rapid.SampledFrom([]checkout.Matching{"", checkout.Dedicated}).Draw(d.T, "by")},
		}
	}
	if d.yes() {
		s.Paid = d.units()
	}
	if d.yes() {
		s.Receipt = &checkout.Receipt{
			Network: chain.Network(d.text()), TxID: chain.TxID(d.text()), Index: rapid.Uint32().Draw(d.T, "index"),
			From: chain.Address(d.text()), Units: d.units(), Height: rapid.Uint64().Draw(d.T, "height"), BlockTime: d.at(),
			OrderNo: d.text(), Late: d.yes(),
		}
	}
	return s
}

func (d drawn) event() webhook.Event {
	return webhook.Event{
		ID: d.text(), Mode: d.mode(), Type: webhook.Type(d.text()), SessionID: d.text(), Body: []byte(d.text()), CreatedAt: d.at(),
	}
}

func (d drawn) transfer() ports.TransferRow {
	row := ports.TransferRow{
		Transfer: chain.Transfer{
			Network: chain.Network(d.text()), TxID: chain.TxID(d.text()), Index: rapid.Uint32().Draw(d.T, "index"), Asset: d.asset(),
			From: chain.Address(d.text()), To: chain.Address(d.text()), Units: d.units(), BlockTime: d.at(),
		},
		SessionID: checkout.SessionID(d.text()), Reason: ports.Reason(d.text()), RecordedAt: d.at(),
		Disposition: rapid.SampledFrom([]ports.Disposition{ports.Held, ports.Unmatched, ports.Agent}).Draw(d.T, "disposition"),
	}
	if d.yes() {
		row.Decision = ports.Decision{
			Action: rapid.SampledFrom([]ports.Action{ports.Accepted, ports.Closed}).Draw(d.T, "action"), Note: d.text(),
			ReturnTxID: chain.TxID(d.text()), At: d.at(),
		}
	}
	return row
}

func (d drawn) count() int { return rapid.Int().Draw(d.T, "count") }

func (d drawn) overview() *Overview {
	o := &Overview{
		From: d.at(), To: d.at(), Finality: &FinalityTimes{Payments: d.count()},
		Webhooks: &WebhookHealth{Deliveries: d.count(), Delivered: d.count(), Pending: d.count(), Failed: d.count()},
	}
	if d.yes() {
		median, p95 := d.count(), d.count()
		o.Finality.Median, o.Finality.P95 = &median, &p95
	}
	for range rapid.IntRange(0, 3).Draw(d.T, "days") {
		o.Conversion = append(o.Conversion, &DayConversion{Day: d.at(), Created: d.count(), Paid: d.count()})
		o.Volume = append(o.Volume, &DayVolume{
			Day: d.at(), Currency: d.text(), Network: d.text(), Kind: rapid.SampledFrom(AllEntryKind).Draw(d.T, "kind"),
			Amount: d.text(), Entries: d.count(),
		})
	}
	return o
}

func (d drawn) report() *Report {
	r := &Report{
		From: d.at(), To: d.at(), By: rapid.SampledFrom(AllReportBy).Draw(d.T, "by"), CSVURL: d.text(), JSONURL: d.text(),
		PrintURL: d.text(),
	}
	for range rapid.IntRange(0, 3).Draw(d.T, "lines") {
		line := &ReportLine{
			From: d.at(), Network: d.text(), Currency: d.text(), Entries: d.count(), Received: d.text(),
			Reversals: d.count(), Reversed: d.text(), Net: d.text(),
		}
		for range rapid.IntRange(0, 2).Draw(d.T, "worths") {
			line.Worth = append(line.Worth, &Worth{
				Currency: d.text(), Amount: d.text(), Sources: []string{d.text(), d.text()}[:rapid.IntRange(0, 2).Draw(d.T, "sources")],
			})
		}
		r.Lines = append(r.Lines, line)
	}
	return r
}
