package x402

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// at writes a moment as an authorization does.
func at(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// Every refusal, each from one change to a payment that is otherwise good. Whoever wins by one of these
// gets something for nothing, or for less.
func TestRefusals(t *testing.T) {
	way, alice, now := usdc(t), payerNamed("alice"), specNow
	offer := offerOf(t, way)
	const tooGreat = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
	for name, c := range map[string]struct {
		change func(*payment)
		want   Reason
	}{
		"nothing":                           {func(*payment) {}, 0},
		"another scheme":                    {func(p *payment) { p.scheme = "upto" }, ReasonScheme},
		"the scheme in capitals":            {func(p *payment) { p.scheme = "EXACT" }, ReasonScheme},
		"another network":                   {func(p *payment) { p.network = "eip155:8453" }, ReasonNetwork},
		"the name of the other version":     {func(p *payment) { p.network = "base-sepolia" }, ReasonNetwork},
		"another token":                     {func(p *payment) { p.asset = usdcBase }, ReasonAsset},
		"no token":                          {func(p *payment) { p.asset = "" }, ReasonAsset},
		"accepted another payee":            {func(p *payment) { p.payTo = usdcBase }, ReasonRecipient},
		"accepted a lower price":            {func(p *payment) { p.amount = "9999" }, ReasonValue},
		"accepted a price with a zero":      {func(p *payment) { p.amount = "010000" }, ReasonValue},
		"accepted another timeout":          {func(p *payment) { p.timeout = "61" }, ReasonRequirements},
		"accepted another domain name":      {func(p *payment) { p.name = "USD Coin" }, ReasonRequirements},
		"accepted another domain version":   {func(p *payment) { p.domain = "1" }, ReasonRequirements},
		"addresses in small letters":        {func(p *payment) { p.asset, p.payTo = strings.ToLower(usdcSepolia), strings.ToLower(payee) }, 0},
		"payee in capitals":                 {func(p *payment) { p.to = "0x" + strings.ToUpper(payee[2:]) }, 0},
		"pays somebody else":                {func(p *payment) { p.to = usdcBase }, ReasonRecipient},
		"pays himself":                      {func(p *payment) { p.to = alice.address().String() }, ReasonRecipient},
		"one unit less":                     {func(p *payment) { p.value = "9999" }, ReasonValue},
		"one unit more":                     {func(p *payment) { p.value = "10001" }, ReasonValue},
		"nothing of value":                  {func(p *payment) { p.value = "0" }, ReasonValue},
		"the greatest value":                {func(p *payment) { p.value = tooGreat }, ReasonValue},
		"valid from now on":                 {func(p *payment) { p.validAfter = at(now) }, 0},
		"valid in a second":                 {func(p *payment) { p.validAfter = at(now.Add(time.Second)) }, ReasonNotYetValid},
		"valid after all time":              {func(p *payment) { p.validAfter = tooGreat }, ReasonNotYetValid},
		"valid since ever":                  {func(p *payment) { p.validAfter = "0" }, 0},
		"expired":                           {func(p *payment) { p.validBefore = at(now) }, ReasonExpired},
		"expires before it can be settled":  {func(p *payment) { p.validBefore = at(now.Add(5 * time.Second)) }, ReasonExpired},
		"just long enough":                  {func(p *payment) { p.validBefore = at(now.Add(SettleMargin)) }, 0},
		"as long as offered, and some skew": {func(p *payment) { p.validBefore = at(now.Add(time.Minute + ClockSkew)) }, 0},
		"a second longer":                   {func(p *payment) { p.validBefore = at(now.Add(time.Minute + ClockSkew + time.Second)) }, ReasonWindow},
		"ten years ahead":                   {func(p *payment) { p.validBefore = at(now.AddDate(10, 0, 0)) }, ReasonWindow},
		"for ever":                          {func(p *payment) { p.validBefore = tooGreat }, ReasonWindow},
	} {
		t.Run(name, func(t *testing.T) {
			p := specPayment()
			p.from = alice.address().String()
			c.change(&p)
			p = alice.sign(t, way, p)
			_, err := offer.Verify(p.decode(t), now)
			wants(t, err, c.want)
		})
	}
}

// The payer is checked against the payee even where the shop itself signs: a transfer to oneself shows
// every event and moves nothing.
func TestPayerAndPayeeDiffer(t *testing.T) {
	shop := payerNamed("shop")
	way := usdc(t)
	way.PayTo = shop.address()
	p := specPayment()
	p.to, p.payTo = shop.address().String(), shop.address().String()
	_, err := offerOf(t, way).Verify(shop.sign(t, way, p).decode(t), specNow)
	wants(t, err, ReasonRecipient)
}

// The cheapest refusals come first, and the signature last: checking it costs a hundred times the rest.
func TestChecksComeInOrder(t *testing.T) {
	offer := offerOf(t, usdc(t))
	p := specPayment()
	p.validBefore = "1"
	faults := []struct {
		mend func()
		want Reason
	}{
		{func() {}, ReasonScheme},
		{func() { p.scheme = "exact" }, ReasonNetwork},
		{func() { p.network = "eip155:84532" }, ReasonAsset},
		{func() { p.asset = usdcSepolia }, ReasonRecipient},
		{func() { p.to = payee }, ReasonValue},
		{func() { p.value = "10000" }, ReasonExpired},
	}
	p.scheme, p.network, p.asset, p.to, p.value = "upto", "eip155:1", usdcBase, usdcBase, "1"
	for _, f := range faults {
		f.mend()
		_, err := offer.Verify(p.decode(t), specNow)
		wants(t, err, f.want)
	}
}

// A payment made for one offer buys no other: every pair of networks, tokens, payees, prices and
// versions. EIP-3009 signs no resource, so this is what keeps a cheap signature from buying dear things.
func TestPaymentsBuyOnlyWhatTheyWereMadeFor(t *testing.T) {
	alice := payerNamed("alice")
	var ways []Requirements
	for _, tok := range []Token{
		token(t, sepolia, usdcSepolia, "USDC"), token(t, sepolia, usdcBase, "USDC"),
		token(t, sepolia, usdcSepolia, "USD Coin"), token(t, 8453, usdcSepolia, "USDC"),
	} {
		for _, shop := range []string{payee, usdcBase[:41] + "4"} {
			for _, amount := range []uint64{price - 1, price, price + 1} {
				ways = append(ways, Requirements{Token: tok, Amount: Uint(amount), PayTo: address(t, shop), Timeout: time.Minute})
			}
		}
	}
	bought := 0
	for i, made := range ways {
		for _, p := range paymentsFor(made) {
			payload := alice.sign(t, made, p).decode(t)
			for j, sold := range ways {
				v, err := offerOf(t, sold).Verify(payload, specNow)
				paid := err == nil && v.Standing() == ByKey
				if paid != (i == j) {
					t.Errorf("version %d, made for %d, presented to %d: paid %t (%v)", p.v(), i, j, paid, err)
				}
				if paid {
					bought++
				}
			}
		}
	}
	if want := 2 * len(ways); bought != want {
		t.Errorf("%d payments bought what they were made for, want %d", bought, want)
	}
}

// paymentsFor are payments of both versions that follow a way to pay.
func paymentsFor(way Requirements) []payment {
	p := specPayment()
	p.network, p.asset, p.name = way.Token.network.String(), way.Token.contract.String(), way.Token.name
	p.amount, p.value = way.Amount.String(), way.Amount.String()
	p.payTo, p.to = way.PayTo.String(), way.PayTo.String()
	old := p.v1()
	old.network = way.Token.network.Name(V1)
	return []payment{p, old}
}

// What is signed is bound to its contents: change any of it and the payer has not signed.
func TestEveryFieldIsSigned(t *testing.T) {
	way, alice := usdc(t), payerNamed("alice")
	good := alice.sign(t, way, specPayment())
	for name, change := range map[string]func(*payment){
		"payer":       func(p *payment) { p.from = payerNamed("bob").address().String() },
		"validAfter":  func(p *payment) { p.validAfter = "1740672088" },
		"validBefore": func(p *payment) { p.validBefore = "1740672153" },
		"nonce":       func(p *payment) { p.nonce = "0x" + strings.Repeat("00", 32) },
	} {
		p := good
		change(&p)
		v, err := offerOf(t, way).Verify(p.decode(t), specNow)
		if err != nil || v.Standing() != ByWallet {
			t.Errorf("another %s: standing %d, %v; want what only a wallet could vouch for", name, v.Standing(), err)
		}
	}
}

// A payment that was good when it came is looked at again before a transaction is signed.
func TestStillIsAskedBeforeSigning(t *testing.T) {
	v, err := offerOf(t, usdc(t)).Verify(specPayment().decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, v.Still(specNow), 0)
	wants(t, v.Still(time.Unix(1740672154, 0).Add(-SettleMargin)), 0)
	wants(t, v.Still(time.Unix(1740672154, 0).Add(time.Second-SettleMargin)), ReasonExpired)
}

// Two tokens on one network: version 2 names the one it means, version 1 was told of the first only.
func TestTokensOfOneNetwork(t *testing.T) {
	first, second, alice := usdc(t), usdc(t), payerNamed("alice")
	second.Token = token(t, sepolia, usdcBase, "Euro")
	offer := offerOf(t, first, second)
	for i, way := range []Requirements{first, second} {
		for _, p := range paymentsFor(way) {
			v, err := offer.Verify(alice.sign(t, way, p).decode(t), specNow)
			paid := err == nil && v.Standing() == ByKey && v.Requirements() == way
			if want := i == 0 || p.v() == V2; paid != want {
				t.Errorf("version %d, token %d: paid %t, want %t (%v)", p.v(), i, paid, want, err)
			}
		}
	}
}

func TestVersionsAreNotMixed(t *testing.T) {
	for _, c := range []struct {
		header Version
		said   string
	}{{V1, "2"}, {V2, "1"}, {V2, "3"}, {V2, "0"}, {V2, "20"}} {
		p := specPayment()
		if c.header == V1 {
			p = p.v1()
		}
		text := strings.Replace(p.json(), `"x402Version":`+p.version, `"x402Version":`+c.said, 1)
		_, err := DecodeJSON(c.header, []byte(text))
		wants(t, err, ReasonVersion)
	}
	_, err := DecodeJSON(Version(3), []byte(specPayment().json()))
	wants(t, err, ReasonVersion)
	_, err = offerOf(t, usdc(t)).Choose(Payload{})
	wants(t, err, ReasonVersion)
}

// Signatures of other schemes and networks are read as far as needed to say that they are not offered.
func TestForeignPaymentsAreRefusedByName(t *testing.T) {
	solana := `{"x402Version":2,"accepted":{"scheme":"exact","network":"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",` +
		`"amount":"1","asset":"EPjF","payTo":"x","maxTimeoutSeconds":60},"payload":{"transaction":"AQ=="}}`
	p, err := DecodeJSON(V2, []byte(solana))
	if err != nil {
		t.Fatal(err)
	}
	if p.Authorization() != (Authorization{}) {
		t.Error("an authorization out of nothing")
	}
	_, err = offerOf(t, usdc(t)).Verify(p, specNow)
	wants(t, err, ReasonNetwork)
}

// Permit2 and others are not offered, and a payload of theirs holds no authorization.
func TestOtherTransferMethodsAreNotTakenForEIP3009(t *testing.T) {
	text := strings.Replace(specPayment().json(), `"authorization"`, `"permit2Authorization"`, 1)
	_, err := DecodeJSON(V2, []byte(text))
	wants(t, err, ReasonPayload)
}

func ExampleOffer_Verify() {
	contract, _ := ParseAddress(usdcSepolia)
	shop, _ := ParseAddress(payee)
	usdc, _ := NewToken(84532, contract, "USDC", "2")
	offer, _ := NewOffer(Resource{URL: "https://api.example.com/premium-data"},
		Requirements{Token: usdc, Amount: Uint(10_000), PayTo: shop, Timeout: time.Minute})

	payment, paid, err := Read(nil, []string{specPayment().header()})
	if err != nil || !paid {
		return
	}
	verified, err := offer.Verify(payment, specNow)
	if err != nil {
		return
	}
	fmt.Println(verified.Due().Payer, "pays", verified.Due().Value)
	fmt.Println(hex.EncodeToString(verified.Signature().Bytes()[:4]))
	// Output:
	// 0x857b06519E91e3A54538791bDbb0E22373e36b66 pays 10000
	// 2d6a7588
}
