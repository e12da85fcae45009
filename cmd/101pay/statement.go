package main

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/merchant"
)

// sheet is a statement in readable words, a line for each thing said. Texts others chose are quoted,
// so that none can paint over the terminal.
type sheet struct{ bytes.Buffer }

func (s *sheet) line(name, format string, args ...any) {
	_, _ = fmt.Fprintf(s, "  %-13s "+format+"\n", append([]any{name}, args...)...)
}

// inWords prints a verified statement.
func inWords(st attest.Statement) []byte {
	var s sheet
	if i := st.Instruction; i != nil {
		_, _ = fmt.Fprintln(&s, "GENUINE payment instruction")
		s.about(i.Subject, st.KeyID)
		s.line("pay exactly", "%s %s (%s base units)", i.Amount, i.Asset, i.Units)
		s.line("to address", "%s", plain(i.Address))
		s.line("matched by", "%s", plain(i.Matching))
		s.line("issued", "%s", i.IssuedAt)
		s.line("valid until", "%s", i.ExpiresAt)
		return s.Bytes()
	}
	r := st.Receipt
	_, _ = fmt.Fprintln(&s, "GENUINE receipt")
	s.about(r.Subject, st.KeyID)
	s.line("paid", "%s %s (%s base units)", r.Amount, r.Asset, r.Units)
	s.line("to address", "%s", plain(r.Address))
	s.line("settled", "%s", r.SettledAt)
	if r.Late {
		s.line("", "the payment came after the deadline and was accepted")
	}
	for _, t := range r.Transfers {
		s.line("transaction", "%s, index %d", plain(t.TxID), t.Index)
		s.line("  amount", "%s %s (%s base units)", t.Amount, r.Asset, t.Units)
		s.line("  from", "%s", plain(t.From))
		s.line("  block", "%d of %s (%s)", t.Block, t.BlockTime, plain(t.BlockHash))
		s.line("  booked", "order number %s, content hash %s", plain(t.OrderNo), plain(t.LedgerHash))
	}
	return s.Bytes()
}

func (s *sheet) about(a attest.Subject, kid string) {
	s.line("stated by", "%s", plain(a.Issuer))
	s.line("signed by", "key %s", kid)
	if a.Mode == merchant.Test.String() {
		s.line("TEST MODE", "no real money")
	}
	s.line("merchant", "%s, client id %s", strconv.Quote(a.Payee), plain(a.Merchant))
	s.line("payment", "%s of session %s", plain(a.Payment), plain(a.Session))
	network := plain(a.Network)
	if a.ChainID != 0 {
		network += fmt.Sprintf(" (chain id %d)", a.ChainID)
	}
	s.line("network", "%s", network)
	token := plain(a.Asset)
	if a.Contract != "" {
		token += ", contract " + plain(a.Contract)
	}
	s.line("coin", "%s", token)
}

// plain is a text as it is if it is plain ASCII, and quoted otherwise.
func plain(text string) string {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return strconv.QuoteToASCII(text)
		}
	}
	return text
}
