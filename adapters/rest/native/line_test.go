package native

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// aLine draws a transaction with whatever texts the book could hold, and worse.
func aLine(t *rapid.T) ports.Booked {
	odd := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a\"\\<>&\x00\x1f\n\t\x7f\u2028\u2029é€😀"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	code := rapid.SampledFrom([]string{"USDT/6", "JPY/0", "BTC/18", "X/1"}).Draw(t, "currency")
	currency, err := money.ParseNotation(code)
	if err != nil {
		t.Fatal(err)
	}
	minor := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "minor"))
	amount, err := money.FromMinor(currency, minor)
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMicro(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "at"))
	return ports.Booked{
		Content: ledger.Hash([]byte(rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 32, 32, 32).Draw(t, "content"))),
		Transaction: ledger.Transaction{
			OrderNo: ledger.OrderNo(odd.Draw(t, "number")), Mode: rapid.SampledFrom([]merchant.Mode{merchant.Test, merchant.Live}).Draw(t, "mode"),
			Kind:      rapid.SampledFrom(ledger.Kinds()).Draw(t, "kind"),
			SourceRef: odd.Draw(t, "source"), SessionID: odd.Draw(t, "session"), Description: odd.Draw(t, "description"),
			Reverses: ledger.OrderNo(odd.Draw(t, "reverses")), BookedAt: at,
			Postings: []ledger.Posting{{Amount: amount}},
		},
	}
}

// A page is what encoding/json would print of it: whoever reads it must not see who printed it.
func TestAPageIsPrintedAsJSONIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var page struct {
			Transactions []lineJSON `json:"transactions"`
			NextCursor   string     `json:"nextCursor,omitempty"`
		}
		lines := rapid.SliceOfN(rapid.Custom(aLine), 0, 3).Draw(t, "lines")
		page.Transactions = make([]lineJSON, len(lines))
		for i, line := range lines {
			page.Transactions[i] = showLine(line)
		}
		page.NextCursor = rapid.SampledFrom([]string{"", "bmV4dA-_"}).Draw(t, "next")
		want, err := encode(page)
		if err != nil {
			t.Fatal(err)
		}
		got, err := appendLines(nil, lines, page.NextCursor)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), ","), strings.Split(string(got), ",")); diff != "" {
			t.Error(diff)
		}
	})
}

// An instant is printed as its layout says, in whatever year.
func TestInstantsArePrintedByTheirLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<38, 1<<39).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		if got, want := string(appendInstant(nil, at)), instant(at); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// A line without an instant says so as JSON does.
func TestALineWithoutAnInstant(t *testing.T) {
	line := ports.Booked{Transaction: ledger.Transaction{Mode: merchant.Test, Postings: make([]ledger.Posting, 1)}}
	want, err := encode(showLine(line))
	if err != nil {
		t.Fatal(err)
	}
	got, err := appendLine(nil, line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}
