package matrix

import (
	"os"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// plant is a rule taken away, and the payments that have to show it.
type plant struct {
	rule  string
	edits []rig.Edit
	kind  string // of payment, and the time of paying if that matters
}

func in(file, old, now string) rig.Edit { return rig.Edit{File: file, Old: old, New: now} }

// The files that hold the rules.
const (
	filters  = "adapters/ethrpc/filter.go"
	logs     = "adapters/ethrpc/logs.go"
	readings = "adapters/ethrpc/transfers.go"
	proofs   = "adapters/ethrpc/proof.go"
	matching = "domain/checkout/match.go"
	settling = "app/booking.go"
	undoing  = "app/takeback.go"
	rows     = "adapters/memory/transfers.go"
	amounts  = "adapters/memory/amounts.go"
)

// plants are the rules by which money is taken for a payment, each removed by itself. That a node is of
// the right chain and its tokens of the right decimals is looked at by package ethrpc's own tests.
var plants = []plant{
	{rule: "a token is its contract", kind: fakeToken + " " + inTime, edits: []rig.Edit{
		in(filters, `"toBlock": to, "address": addresses, "topics"`, `"toBlock": to, "topics"`),
		in(filters, "	addresses := make([]string, len(f.contracts))\n	for i, a := range f.contracts {\n		addresses[i] = fixed(a[:])\n	}\n", ""),
		in(filters, "if !slices.Contains(f.contracts, l.Contract) {", "if len(f.contracts) == 0 {"),
		in(readings, "if !slices.Contains(f.contracts, l.Contract) || l.Count == 0", "if l.Count == 0"),
		in("adapters/ethrpc/simnode/node.go", "if contracts[l.contract] && l.fits(wanted) {", "if (len(contracts) == 0 || contracts[l.contract]) && l.fits(wanted) {"),
	}},
	{rule: "only a Transfer is a transfer", kind: onlyAllowed + " " + inTime, edits: []rig.Edit{
		in(filters, "	transfer := fixed(TransferTopic[:])\n", "	var transfer any\n"),
		in(logs, "l.Count == 0 || l.Topics[0] != TransferTopic {", "l.Count == 0 {"),
		in(readings, "l.Count == 0 || l.Topics[0] != TransferTopic {", "l.Count == 0 {"),
	}},
	{rule: "it pays the address that was shown", kind: toStranger + " " + inTime, edits: []rig.Edit{
		in(filters, "calls = append(calls, query(transfer, nil, topics))", "calls = append(calls, query(transfer))"),
		in(filters, "if _, ok = f.receivers[p.to]; ok || f.anyone {", "if len(f.receivers) >= 0 {"),
	}},
	{rule: "nothing pays nothing", kind: nothing + " " + inTime, edits: []rig.Edit{
		in(logs, "	case l.Word == Hash{}:\n		return p, ZeroAmount\n", ""),
	}},
	{rule: "who pays himself pays nobody", kind: toHimself + " " + inTime, edits: []rig.Edit{
		in(logs, "	case from == to:\n		return p, SelfTransfer\n", ""),
	}},
	{rule: "who issues pays nobody", kind: newlyMade + " " + inTime, edits: []rig.Edit{
		in(logs, "	case from == Address{}:\n		return p, Minted\n", ""),
	}},
	{rule: "what failed paid nothing", kind: reverted + " " + inTime, edits: []rig.Edit{
		in(readings, "		if !r.success {\n			f.ignore(FailedTransaction, &l)\n			return\n		}\n", ""),
		in(proofs, "if err != nil || !r.success {", "if err != nil {"),
	}},
	{rule: "only what is final counts", kind: plain + " " + inTime, edits: []rig.Edit{
		in("app/sighting.go", "	now, deep, err := w.s.sightings(ctx, head, ts)\n", "	early := head\n	early.Final = head.Latest\n"+
			"	if err := w.s.record(ctx, early, ts, footing{}); err != nil {\n		return err\n	}\n	now, deep, err := w.s.sightings(ctx, head, ts)\n"),
	}},
	{rule: "what came before the order is not for it", kind: plain + " " + longBefore, edits: []rig.Edit{
		in(matching, "t.BlockTime.Before(i.CreatedAt.Add(-clockSkew))", "t.BlockTime.Before(i.CreatedAt.Add(-24 * clockSkew))"),
	}},
	{rule: "clocks may differ by a minute", kind: plain + " " + justBefore, edits: []rig.Edit{
		in(matching, "i.CreatedAt.Add(-clockSkew)", "i.CreatedAt"),
		in(matching, "const clockSkew = 60 * time.Second", "const clockSkew = 60 * time.Second\n\nvar _ = clockSkew"),
	}},
	{rule: "the amount is exact to the unit", kind: plain + " " + inTime, edits: []rig.Edit{
		in(amounts, "at, units.String()}", "at, new(big.Int).Rsh(units, 2).String()}"),
	}},
	{rule: "a coin is not another coin", kind: otherToken + " " + inTime, edits: []rig.Edit{
		in(amounts, "return amount{a.Network, a.Contract,", "return amount{a.Network, \"\","),
	}},
	{rule: "a network is not another network", kind: otherNetwork + " " + inTime, edits: []rig.Edit{
		in(amounts, "return amount{a.Network, a.Contract,", "return amount{\"\", a.Symbol,"),
	}},
	{rule: "at the deadline is in time", kind: plain + " " + atDeadline, edits: []rig.Edit{
		in(matching, "	if t.BlockTime.After(i.ExpiresAt) {", "	if !t.BlockTime.Before(i.ExpiresAt) {"),
	}},
	{rule: "late is held where the project says so", kind: plain + " " + hourLate, edits: []rig.Edit{
		in(matching, "if late != merchant.LateAccept || ", "if "),
	}},
	{rule: "a day late is too late", kind: plain + " " + dayLate, edits: []rig.Edit{
		in(matching, "i.ExpiresAt.Add(merchant.LateWindow)", "i.ExpiresAt.Add(2 * merchant.LateWindow)"),
	}},
	{rule: "an order is paid once", kind: orderTwice + " " + inTime, edits: []rig.Edit{
		in(matching, "	case s.Status() == Settled:\n		return Duplicate\n", ""),
	}},
	{rule: "a transfer is recorded once", kind: plain + " " + inTime, edits: []rig.Edit{
		in(rows, "known && !row.GivesWayTo(t) {\n		return false, nil", "known && !row.GivesWayTo(t) {\n		return true, nil"),
	}},
	{rule: "what comes back counts again", kind: plain + " " + inTime, edits: []rig.Edit{
		in(rows, "known && !row.GivesWayTo(t) {", "known && row.TransferKnown() {"),
		in("ports/transfers.go", "// Sighting is a transfer seen", "// TransferKnown is always so.\nfunc (TransferRow) TransferKnown() bool { return true }\n\n// Sighting is a transfer seen"),
	}},
	{rule: "what is undone is taken back", kind: plain + " " + inTime, edits: []rig.Edit{
		in(undoing, "			if len(free) == 0 {\n				return", "			if len(free) >= 0 {\n				continue\n			}\n			if len(free) == 0 {\n				return"),
	}},
	{rule: "what only moved is not taken back", kind: plain + " " + inTime, edits: []rig.Edit{
		in(undoing, "; ok {\n				if err := r.Transfers.Move(ctx, t); err != nil {", "; ok && t.Units == nil {\n				if err := r.Transfers.Move(ctx, t); err != nil {"),
	}},
	{rule: "what is held does not keep an order waiting", kind: plain + " " + secondLate, edits: []rig.Edit{
		in(settling, "	if session.Status() == checkout.Processing && !waits {", "	if session.Status() == checkout.Opened && !waits {"),
	}},
}

// Every rule can still be taken away: the source still says what it replaces.
func TestPlantsApply(t *testing.T) {
	for _, p := range plants {
		if _, err := rig.Apply(rig.Root(), p.edits); err != nil {
			t.Errorf("%s: %v", p.rule, err)
		}
	}
}

// Without any one of the rules some payment ends otherwise than it should. It takes a build for each,
// so it runs when asked for: PLANT=1.
func TestPlantedBugs(t *testing.T) {
	if os.Getenv("PLANT") == "" {
		t.Skip("PLANT=1 takes each rule away and looks who notices")
	}
	for _, p := range plants {
		t.Run(p.rule, func(t *testing.T) {
			group := "^" + strings.ReplaceAll(p.kind, " ", "_") + "$"
			text, passed := rig.Tested(t, p.edits, "e2e/matrix", "^TestPaymentMatrix$/"+group)
			if passed || !strings.Contains(text, "--- FAIL: TestPaymentMatrix/") {
				t.Fatalf("nobody noticed:\n%.2000s", text)
			}
			_, shown, _ := strings.Cut(text, "--- FAIL: TestPaymentMatrix/")
			t.Logf("noticed by %.420s", shown)
		})
	}
}
