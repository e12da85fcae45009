package hosted

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// phase is what the page is about.
type phase string

const (
	choosing   phase = "choose"
	awaiting   phase = "await"
	confirming phase = "confirm"
	paid       phase = "paid"
	expired    phase = "expired"
	cancelled  phase = "cancelled"
)

// view is everything a payment's page tells, in no language yet and at no particular moment: two
// views are the same if and only if the payer would read the same.
type view struct {
	ID          checkout.SessionID
	Phase       phase
	Status      string // of the session, for the script
	Test        bool
	Payee       string
	Site        string // host of the shop, "" if it has no website
	Due         string // "1,500 JPY", for reading only
	Description string
	Reference   string
	Deadline    time.Time
	Choices     []choice
	Pay         *instruction // set while awaiting
	Confirm     *confirmation
	Minutes     uint64   // the network usually takes to make a payment final; 0 for seconds
	Receipt     *receipt // set when paid
	Notices     []notice
	Back        *link   // to the shop
	Askable     bool    // whether a transaction can be asked about
	Scenes      []scene // what can be played on the sandbox chain
	Why         *why    // it is not paid; nil where nobody asks
}

// choice is a method on offer, on a network.
type choice struct {
	Key, Value     string // of the button: "usdc-base" and "usdc/base"
	Asset, Network string
	Available      bool
}

// instruction is what the payer must do, to the letter.
type instruction struct {
	Own         bool   // whether the address is this payment's alone; then parts add up
	Paid        string // with its unit, "" while nothing has arrived
	Whole       string // what all of it is, with its unit
	Amount      string // to be sent now, as wallets want it: exact, or what is still due
	Round, Odd  string // Amount in two: up to the cents, and the digits that make it unique
	Asset       string
	Address     string
	Head, Tail  string // of the address, to compare after pasting
	Middle      string
	Fingerprint string // of the address, to compare with what the shop prints
	Network     string
	Standard    string
	RateFrom    string // "" when the price is in the asset itself
	Price       string
	ExchangeSum string // amount with its unit
}

// confirmation is a payment on its way to final.
type confirmation struct {
	TxID       string
	Have, Need uint64
}

// receipt is what the payer keeps.
type receipt struct {
	Sum, Due, TxID, OrderNo, Address, Network string
	Time                                      time.Time
	Late                                      bool
	Over                                      string // more than was asked for, with its unit; "" for nothing
	Parts                                     int    // transfers it took
}

// scene is a scenario of the sandbox chain.
type scene struct {
	Name  string
	Ready bool
}

// link leads to the shop.
type link struct{ URL, Host string }

// addressEnds is how many characters of an address people compare.
const addressEnds = 6

// Version changes whenever the page would read differently.
func (v view) Version() string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("hosted: a view that is no JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:hashChars]
}

// Live says whether anything may still change while somebody watches. The sandbox chain can undo
// what is paid at the press of a button; a real one does so too rarely to keep streams open for.
func (v view) Live() bool { return v.Phase != paid && v.Phase != cancelled || v.Test }

// see turns what is known about a session into what its page tells.
func see(p app.Progress) view {
	s := p.Session
	v := view{
		ID: s.ID, Phase: phaseOf(p), Status: s.Status.String(), Test: s.Mode == merchant.Test,
		Payee: p.Payee, Due: group(s.Due.String()) + " " + s.Due.Currency().Code(),
		Description: s.Description, Reference: s.OrderID, Deadline: s.ExpiresAt,
	}
	if site := shop(p.Website); site != nil {
		v.Site = site.Host
	}
	switch v.Phase {
	case choosing:
		for _, o := range p.Offers {
			method, network := string(o.Method), string(o.Asset.Network)
			v.Choices = append(v.Choices, choice{
				method + "-" + network, method + choiceMark + network,
				o.Asset.Symbol, networkName(o.Asset.Network), o.Available,
			})
		}
	case awaiting:
		v.Pay = instruct(s)
	case confirming:
		v.Confirm = confirm(p.Seen)
		v.Minutes = uint64(s.Intent.Wait() / time.Minute) //nolint:gosec // no wait is negative
	case paid:
		v.Receipt = receive(s)
		v.Back = firstShop(s.SuccessURL, p.Website)
	case expired, cancelled:
		v.Back = firstShop(s.FailURL, p.Website)
	}
	v.Askable = s.Intent != nil
	v.Scenes = scenes(s)
	v.Notices = notices(v.Phase, p)
	return v
}

// scenes lists what can be played for a test payment that somebody was asked to make.
func scenes(s checkout.Snapshot) (out []scene) {
	if s.Mode != merchant.Test || s.Intent == nil {
		return nil
	}
	for _, known := range app.Scenarios() {
		ready := true
		switch known {
		case app.ScenarioReorg:
			ready = s.Receipt != nil
		case app.ScenarioLate:
			ready = s.Status == checkout.Awaiting
		case app.ScenarioExact:
			ready = s.Status != checkout.Settled
		case app.ScenarioShort, app.ScenarioOver, app.ScenarioSplit, app.ScenarioWrongToken,
			app.ScenarioDuplicate, app.ScenarioNodeOutage, app.ScenarioWebhookDown:
		}
		out = append(out, scene{string(known), ready})
	}
	return out
}

// phaseOf reads the clock in one case: a session is ended by its network's time, which comes after
// ours, and nobody may be told to pay in between.
func phaseOf(p app.Progress) phase {
	switch p.Session.Status {
	case checkout.Processing:
		return confirming
	case checkout.Settled:
		return paid
	case checkout.Cancelled:
		return cancelled
	case checkout.Expired:
		return expired
	case checkout.Opened, checkout.Awaiting:
	}
	switch {
	case !p.Now.Before(p.Session.ExpiresAt):
		return expired
	case p.Session.Intent != nil:
		return awaiting
	}
	return choosing
}

func instruct(s checkout.Snapshot) *instruction {
	i := s.Intent
	decimals := int(i.Asset.Decimals)
	amount, address := money.FormatUnits(s.Rest(), decimals), string(i.Address)
	pay := &instruction{
		Own: i.Terms.Matching == checkout.Dedicated, Whole: sum(i.Payable(), i.Asset),
		Amount: amount, Round: amount, Asset: i.Asset.Symbol,
		Address: address, Middle: address, Fingerprint: i.Address.Fingerprint(),
		Network: networkName(i.Asset.Network), Standard: i.Asset.Network.Standard(),
		ExchangeSum: amount + " " + i.Asset.Symbol,
	}
	if s.Partly() {
		pay.Paid = sum(money.FormatUnits(s.Paid, decimals), i.Asset)
	}
	if dot := strings.IndexByte(amount, '.'); !pay.Own && dot >= 0 && len(amount) > dot+3 {
		pay.Round, pay.Odd = amount[:dot+3], amount[dot+3:]
	}
	if n := len(address); n > 2*addressEnds {
		pay.Head, pay.Middle = address[:addressEnds], address[addressEnds:n-addressEnds]
		pay.Tail = address[n-addressEnds:]
	}
	if from := s.Due.Currency().Code(); from != i.Asset.Symbol {
		pay.RateFrom, pay.Price = from, i.Rate.Price.String()
	}
	return pay
}

// confirm follows the sighting that is furthest.
func confirm(seen []app.SeenTransfer) *confirmation {
	var best *confirmation
	for _, t := range seen {
		if t.State == app.SeenSighted && (best == nil || t.Confirmations > best.Have) {
			best = &confirmation{string(t.TxID), t.Confirmations, t.Needed}
		}
	}
	return best
}

func receive(s checkout.Snapshot) *receipt {
	r, decimals := s.Receipt, int(s.Intent.Asset.Decimals)
	kept := &receipt{
		Sum: sum(money.FormatUnits(s.Paid, decimals), s.Intent.Asset), Parts: s.Parts,
		Due: group(s.Due.String()) + " " + s.Due.Currency().Code(), TxID: string(r.TxID), OrderNo: r.OrderNo,
		Address: string(s.Intent.Address), Network: networkName(r.Network), Time: r.BlockTime, Late: r.Late,
	}
	if over := s.Over(); over.Sign() > 0 {
		kept.Over = sum(money.FormatUnits(over, decimals), s.Intent.Asset)
	}
	return kept
}

func sum(amount string, a chain.Asset) string { return amount + " " + a.Symbol }

// networkName is what wallets and exchanges call a network.
func networkName(n chain.Network) string {
	return fmt.Sprintf("%s (%s)", n.Title(), n.Standard())
}

// group puts commas between the thousands of a decimal that nobody copies.
func group(amount string) string {
	whole, frac, pointed := strings.Cut(amount, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if pointed {
		return whole + "." + frac
	}
	return whole
}

// shop reads an address of the shop's site; nil unless a browser may be sent there.
func shop(address string) *url.URL {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil
	}
	return u
}

func firstShop(addresses ...string) *link {
	for _, address := range addresses {
		if u := shop(address); u != nil {
			return &link{u.String(), u.Host}
		}
	}
	return nil
}
