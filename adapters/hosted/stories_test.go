package hosted

import (
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// story is a state of things a payer can find, told by hand so that every page is the same on every
// run. Whether the application tells it so is for flow_test.go.
type story struct {
	app.Progress
	query  string // of the request
	refuse string // a text the claim form refused
	why    *app.Explanation
}

var noon = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)

const (
	storyID = "3f1a7c52-9f0e-4f3b-8f4e-0d6b2a7c9e11"
	storyTx = chain.TxID("9c1e5b7a40d2f86833aa17c4be905d12f7640ec89b3d5ae271f60c84d95b3e07")
)

var (
	tronUSDT = chain.Asset{Network: chain.Tron, Symbol: "USDT", Contract: chain.TronUSDT, Decimals: 6}
	testUSDT = chain.Asset{
		Network: chain.Sandbox, Symbol: "USDT", Decimals: 6,
		Contract: string(chain.SandboxAddress("USDT contract")),
	}
)

// opened is a live session of 50 USDT without a method.
func opened() *story {
	due, err := money.Parse(money.USDT, "50")
	if err != nil {
		panic(err)
	}
	return &story{Progress: app.Progress{
		Session: checkout.Snapshot{
			ID: storyID, MerchantID: "m", ProjectID: "p", Mode: merchant.Live, Kind: checkout.KindCheckout,
			Due: due, Description: "Pro plan, one year", OrderID: "A-1024",
			SuccessURL: "https://atelier.example/thanks?order=A-1024", FailURL: "https://atelier.example/cart",
			Status: checkout.Opened, CreatedAt: noon.Add(-time.Minute), ExpiresAt: noon.Add(29 * time.Minute),
			Version: 1,
		},
		Payee: "Atelier Mori", Website: "https://atelier.example",
		Offers: []app.Offer{{Method: checkout.USDT, Asset: tronUSDT, Available: true}},
		Now:    noon,
	}}
}

// asked is opened with an intent of 50.0034 USDT.
func asked() *story {
	s := opened()
	s.Session.Status, s.Session.Version = checkout.Awaiting, 2
	s.Session.Intent = &checkout.Intent{
		ID: "i", SessionID: storyID, Method: checkout.USDT, Asset: tronUSDT,
		Address: "TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE", Units: big.NewInt(50_003_400),
		Rate:      money.Rate{From: "USDT", To: "USDT", Price: decimal.NewFromInt(1), Source: "peg", At: noon},
		CreatedAt: noon, ExpiresAt: s.Session.ExpiresAt, HoldUntil: s.Session.ExpiresAt.Add(merchant.LateWindow),
	}
	s.Rail = app.RailState{Network: chain.Tron, Height: 100, OK: true}
	return s
}

// seen is asked with a transfer in some state.
func seen(status checkout.Status, state app.SeenState) *story {
	s := asked()
	s.Session.Status, s.Session.Version = status, 3
	s.Seen = []app.SeenTransfer{{
		TxID: storyTx, Asset: tronUSDT, From: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", Units: big.NewInt(50_003_400),
		Height: 112, BlockTime: noon.Add(2 * time.Minute), State: state, Confirmations: 7, Needed: 19,
	}}
	return s
}

func settled(late bool) *story {
	s := seen(checkout.Settled, app.SeenSettled)
	s.Session.Paid, s.Session.Parts = s.Seen[0].Units, 1
	s.Session.Receipt = &checkout.Receipt{
		IntentID: "i", Network: chain.Tron, TxID: storyTx, From: s.Seen[0].From, Units: s.Seen[0].Units,
		Height: 112, BlockTime: noon.Add(2 * time.Minute), OrderNo: "20260517000000042", Late: late,
	}
	return s
}

// own is asked at an address of the payment's own: 50 USDT, of which some have arrived.
func own(units ...int64) *story {
	s := asked()
	s.Session.Intent.Units, s.Session.Intent.Terms.Matching = big.NewInt(50_000_000), checkout.Dedicated
	for i, n := range units {
		if s.Session.Paid == nil {
			s.Session.Paid = new(big.Int)
		}
		s.Session.Paid.Add(s.Session.Paid, big.NewInt(n))
		s.Session.Parts++
		s.Seen = append(s.Seen, app.SeenTransfer{
			TxID: storyTx[:63] + chain.TxID(rune('0'+i)), Asset: tronUSDT, From: "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
			Units: big.NewInt(n), Height: 112, BlockTime: noon.Add(2 * time.Minute), State: app.SeenPart,
			Confirmations: 19, Needed: 19,
		})
	}
	return s
}

// test puts a story on the sandbox chain.
func test(s *story) *story {
	s.Session.Mode = merchant.Test
	if i := s.Session.Intent; i != nil {
		i.Asset, i.Address = testUSDT, chain.SandboxAddress("a story")
	}
	for n := range s.Offers {
		s.Offers[n].Asset = testUSDT
	}
	return s
}

func (s *story) but(change func(s *story)) *story {
	change(s)
	return s
}

func claimed(found string) func(*story) {
	return func(s *story) { s.query = "tx=" + string(storyTx) + "&found=" + found }
}

// onEVM moves a story to a network of Ethereum's kind.
func onEVM(n chain.Network) func(*story) {
	return func(s *story) {
		i := s.Session.Intent
		i.Asset, i.Address = n.Tokens()[0], "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
		i.Units = checkout.Whole(i.Units, i.Asset)
		for k := range s.Seen {
			s.Seen[k].Asset, s.Seen[k].Units = i.Asset, i.Units
			s.Seen[k].Needed = n.FinalityDepth()
			s.Seen[k].Confirmations = min(s.Seen[k].Confirmations, s.Seen[k].Needed-1)
		}
	}
}

// stories are all of them, by the name of their golden files.
func stories() map[string]*story {
	later := func(s *story) { s.Now = s.Session.ExpiresAt }
	silent := func(s *story) { s.Rail.OK = false }
	return map[string]*story{
		"open": opened(),
		"open-unavailable": opened().but(func(s *story) {
			s.Offers[0].Available = false
		}),
		"open-nothing-offered": opened().but(func(s *story) { s.Offers = nil }),
		"open-test":            test(opened()),
		"open-several": opened().but(func(s *story) {
			s.Offers = nil
			for _, n := range []chain.Network{chain.Ethereum, chain.BSC, chain.Base} {
				for _, a := range n.Tokens() {
					s.Offers = append(s.Offers, app.Offer{
						Method: checkout.Method(strings.ToLower(a.Symbol)), Asset: a, Available: n != chain.BSC,
					})
				}
			}
		}),
		"awaiting-evm": asked().but(onEVM(chain.BSC)),
		"awaiting-native": asked().but(onEVM(chain.Base)).but(func(s *story) {
			i := s.Session.Intent
			i.Asset, _ = chain.Base.Native()
			i.Method, i.Units = checkout.ETH, checkout.Payable(checkout.Whole(big.NewInt(1_234_568), i.Asset), 1700, i.Asset)
			i.Rate = money.Rate{From: "USDT", To: "ETH", Price: decimal.RequireFromString("0.00024691"), Source: "fixed", At: noon}
		}),
		"awaiting": asked(),
		"awaiting-yen": asked().but(func(s *story) {
			due, err := money.Parse(money.JPY, "1500")
			if err != nil {
				panic(err)
			}
			s.Session.Due, s.Session.Intent.Units = due, big.NewInt(9_677_520)
			s.Session.Intent.Rate.From = "JPY"
			s.Session.Intent.Rate.Price = decimal.RequireFromString("0.00645")
		}),
		"awaiting-test":        test(asked()),
		"awaiting-played":      test(asked()).but(func(s *story) { s.query = "played=short" }),
		"awaiting-rail-silent": asked().but(silent),
		"awaiting-reversed":    seen(checkout.Awaiting, app.SeenReversed),
		"awaiting-paused":      asked().but(func(s *story) { s.query = "pause=1" }),
		"claim-refused":        asked().but(func(s *story) { s.refuse = "withdrawal 20993847" }),
		"claim-unknown":        asked().but(claimed("unknown")),
		"claim-short":          asked().but(claimed("short&units=49003400")),
		"claim-over":           asked().but(claimed("over&units=51003400")),
		"claim-other-address":  asked().but(claimed("other_address")),
		"claim-other-payment":  asked().but(claimed("other_payment")),
		"claim-too-early":      asked().but(claimed("too_early")),
		"claim-unavailable":    asked().but(claimed("unavailable")),
		"claim-noted":          asked().but(claimed("processing")),
		"claim-found":          seen(checkout.Processing, app.SeenSighted).but(claimed("processing")),
		"processing":           seen(checkout.Processing, app.SeenSighted),
		"processing-test":      test(seen(checkout.Processing, app.SeenSighted)),
		"processing-ethereum":  seen(checkout.Processing, app.SeenSighted).but(onEVM(chain.Ethereum)),
		"processing-bsc":       seen(checkout.Processing, app.SeenSighted).but(onEVM(chain.BSC)),
		"processing-silent":    seen(checkout.Processing, app.SeenSighted).but(silent),
		"paid":                 settled(false),
		"paid-late":            settled(true),
		"paid-test":            test(settled(false)),
		"paid-without-shop":    settled(false).but(func(s *story) { s.Website, s.Session.SuccessURL = "", "" }),
		"paid-claimed":         settled(false).but(claimed("paid")),
		"paid-twice": settled(false).but(func(s *story) {
			second := s.Seen[0]
			second.TxID = chain.TxID(strings.Repeat("d", 64))
			second.State = app.SeenDuplicate
			s.Seen = append(s.Seen, second)
		}),
		"own":        own(),
		"own-played": test(own()).but(func(s *story) { s.query = "played=short" }),
		"own-partly": own(20_000_000, 12_500_000),
		"own-expired": own(20_000_000).but(later).but(func(s *story) {
			s.Session.Status, s.Session.UnderpaidHeld = checkout.Expired, true
		}),
		"own-claimed": own(20_000_000).but(func(s *story) {
			s.query = "tx=" + string(s.Seen[0].TxID) + "&found=part"
		}),
		"own-paid": own(20_000_000, 31_000_000).but(func(s *story) {
			last := &s.Seen[1]
			last.State, s.Session.Status = app.SeenSettled, checkout.Settled
			s.Session.Receipt = &checkout.Receipt{
				IntentID: "i", Network: chain.Tron, TxID: last.TxID, From: last.From, Units: last.Units,
				Height: 112, BlockTime: last.BlockTime, OrderNo: "20260517000000043",
			}
		}),
		"lapsing": asked().but(later),
		"expired": asked().but(later).but(func(s *story) { s.Session.Status = checkout.Expired }),
		"expired-unchosen": opened().but(later).but(func(s *story) {
			s.Session.Status = checkout.Expired
		}),
		"expired-held":   seen(checkout.Expired, app.SeenHeld).but(later),
		"cancelled":      asked().but(func(s *story) { s.Session.Status = checkout.Cancelled }),
		"cancelled-held": seen(checkout.Cancelled, app.SeenHeld),
		"hostile":        asked().but(hostile),

		"why-nothing":       asked().but(explained("nothing_found")),
		"why-unread":        asked().but(silent).but(explained("network_unread")).but(outage),
		"why-short":         asked().but(explained(app.Headline(app.ReasonShort), app.ReasonShort)),
		"why-coming":        asked().but(explained(app.Headline(app.ReasonOver), app.ReasonOver)).but(coming),
		"why-other-network": asked().but(onEVM(chain.BSC)).but(explained("other_network", app.ReasonOtherNetwork)),
		"why-fake": asked().but(explained(app.Headline(app.ReasonForeignToken), app.ReasonForeignToken,
			app.ReasonOtherToken, app.ReasonTooEarly)),
		"why-late": asked().but(later).but(func(s *story) { s.Session.Status = checkout.Expired }).
			but(explained(app.Headline(app.ReasonLate), app.ReasonLate)),
		"claim-unsuccessful":  asked().but(claimed("unsuccessful")),
		"claim-no-transfer":   asked().but(claimed("no_transfer")),
		"claim-other-token":   asked().but(claimed("other_token")),
		"claim-foreign-token": asked().but(claimed("foreign_token")),
		"claim-zero-value":    asked().but(claimed("zero_value")),
		"claim-other-network": asked().but(onEVM(chain.BSC)).but(claimed("other_network&on=base")),
	}
}

// explained says why a story is not paid: a headline, and what came.
func explained(h app.Headline, reasons ...app.Reason) func(*story) {
	return func(s *story) {
		i := *s.Session.Intent
		a := app.Attempt{Intent: i, Current: true, Scan: app.Scan{
			Network: i.Asset.Network, From: 70_000_001, To: 70_000_240, Until: noon.Add(12 * time.Minute), OK: true,
		}}
		for n, because := range reasons {
			f := app.Finding{
				Reason: because, Final: true, Network: i.Asset.Network, TxID: storyTx, Index: uint32(n),
				Symbol: "USDT", Decimals: i.Asset.Decimals, Units: i.Units, BlockTime: noon.Add(4 * time.Minute),
				Confirmations: 19, Needed: 19,
			}
			switch because {
			case app.ReasonShort, app.ReasonOver:
				f.By = checkout.Whole(big.NewInt(3_400), i.Asset)
				f.Units = new(big.Int).Sub(i.Units, f.By)
			case app.ReasonOtherNetwork:
				f.Network = chain.Base
			case app.ReasonOtherToken:
				f.Symbol = "USDC"
			case app.ReasonForeignToken:
				f.Symbol = ""
			default:
				f.Off = 3 * time.Minute
			}
			a.Findings = append(a.Findings, f)
		}
		s.why = &app.Explanation{Session: s.Session, Headline: h, Attempts: []app.Attempt{a}, Now: s.Now}
	}
}

// coming makes what came not final yet.
func coming(s *story) {
	f := &s.why.Attempts[0].Findings[0]
	f.Final, f.Confirmations = false, 7
}

// outage is one that was, and one that is.
func outage(s *story) {
	scan := &s.why.Attempts[0].Scan
	scan.OK, scan.Gaps = false, []app.Gap{
		{From: noon.Add(time.Minute), Until: noon.Add(6 * time.Minute)},
		{From: noon.Add(12 * time.Minute), Until: noon.Add(15 * time.Minute), Ongoing: true},
	}
}

// nasty is row D01 of the known bad inputs, and then some.
const nasty = `<script>alert(1)</script><img src=x onerror=alert(1)>"><svg onload=alert(1)>` +
	"{{7*7}}${7*7}</title>]]>javascript:alert(1)\u2028</main><style>*{}</style>' onmouseover='x"

func hostile(s *story) {
	s.Payee, s.Session.Description, s.Session.OrderID = nasty, nasty, nasty
	s.Website = "javascript:alert(1)"
	s.Session.SuccessURL, s.Session.FailURL = "javascript:alert(1)", "data:text/html,x"
}

// render shows a story in a language.
func (s *story) render(t *testing.T, l *locale) string {
	t.Helper()
	query, err := url.ParseQuery(s.query)
	if err != nil {
		t.Fatal(err)
	}
	screen := &screen{
		view: see(s.Progress), locale: l, Here: "/" + l.Code + "/checkout/" + storyID, Session: storyID,
		Now: s.Now,
	}
	if s.why != nil {
		screen.Why, screen.Read = because(*s.why), readOf(*s.why)
	}
	screen.ask(query, s.Progress)
	if s.refuse != "" {
		screen.refuse(s.refuse)
	}
	page, err := screen.page()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
