package hosted

import (
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/money"
)

// notice is something the payer has to know beside the phase. Key names its words.
type notice struct {
	Key   string
	Tone  string // good, info, warn or bad
	Pairs []string
	TxID  string
}

// notices tells of money that did not simply pay, and of a network nobody can read.
func notices(at phase, p app.Progress) (out []notice) {
	if p.Session.Intent != nil && !p.Rail.OK {
		switch at {
		case awaiting:
			out = append(out, notice{Key: "notice.rail", Tone: "warn"})
		case confirming:
			out = append(out, notice{Key: "notice.rail_seen", Tone: "warn"})
		case choosing, paid, expired, cancelled:
		}
	}
	if at == expired && p.Session.Partly() {
		i := p.Session.Intent
		out = append(out, notice{Key: "notice.partly", Tone: "warn", Pairs: []string{
			"paid", sum(money.FormatUnits(p.Session.Paid, int(i.Asset.Decimals)), i.Asset),
			"whole", sum(i.Payable(), i.Asset),
		}})
	}
	for _, t := range p.Seen {
		n := notice{
			Tone: "warn", TxID: string(t.TxID),
			Pairs: []string{"sent", sum(money.FormatUnits(t.Units, int(t.Asset.Decimals)), t.Asset)},
		}
		switch t.State {
		case app.SeenHeld:
			n.Key = "notice.held"
		case app.SeenDuplicate:
			n.Key = "notice.duplicate"
		case app.SeenReversed:
			if at == paid {
				continue // it was paid again since
			}
			n.Key = "notice.reversed"
		case app.SeenSighted, app.SeenSettled, app.SeenPart:
			continue
		}
		out = append(out, n)
	}
	return out
}
