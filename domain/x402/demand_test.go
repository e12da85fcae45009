package x402

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// demand is a request to a facilitator in the making.
type demandText struct {
	version      string // of the request, "" for none
	payload      string
	requirements map[string]any
}

func (p payment) demand() demandText {
	d := demandText{version: p.version, payload: p.json(), requirements: map[string]any{
		"scheme": "exact", "network": p.network, "asset": usdcSepolia, "payTo": payee, "maxTimeoutSeconds": 60,
		"extra": map[string]any{"name": "USDC", "version": "2"},
	}}
	if p.version == "1" {
		d.requirements["maxAmountRequired"] = "10000"
		d.requirements["resource"] = "https://api.example.com/premium-data"
		d.requirements["description"], d.requirements["mimeType"] = "", ""
		d.requirements["outputSchema"] = map[string]any{"input": map[string]any{"type": "http", "method": "GET"}, "output": nil}
	} else {
		d.requirements["amount"] = "10000"
	}
	return d
}

func (d demandText) json() []byte {
	requirements, err := json.Marshal(d.requirements)
	if err != nil {
		panic(err)
	}
	version := ""
	if d.version != "" {
		version = `"x402Version":` + d.version + `,`
	}
	return fmt.Appendf(nil, `{%s"paymentPayload":%s,"paymentRequirements":%s}`, version, d.payload, requirements)
}

func sepoliaTokens(t testing.TB) []Token { return []Token{usdc(t).Token} }

// The example of the specification, as servers of both versions send it to their facilitator, is a payment
// that holds.
func TestDemandsOfBothVersions(t *testing.T) {
	for _, p := range []payment{specPayment(), specPayment().v1()} {
		t.Run("version "+p.version, func(t *testing.T) {
			d, err := ReadDemand(p.demand().json())
			if err != nil {
				t.Fatal(err)
			}
			offer, err := d.Offer(sepoliaTokens(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			v, err := offer.Verify(d.Payload, specNow)
			if err != nil || v.Standing() != ByKey {
				t.Fatalf("standing %d, %v", v.Standing(), err)
			}
			if d.Resource != "https://api.example.com/premium-data" || d.Network != sepolia || d.NetworkName != p.network {
				t.Errorf("read %+v", d)
			}
			if diff := cmp.Diff(usdc(t), v.Requirements(), cmp.AllowUnexported(Token{}, Uint256{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What a server asks for is compared with what is known here, and a body is read in one way only.
func TestDemandsThatAreRefused(t *testing.T) {
	set := func(name string, value any) func(*demandText) {
		return func(d *demandText) { d.requirements[name] = value }
	}
	for name, c := range map[string]struct {
		change func(*demandText)
		want   Reason
	}{
		"no requirements":          {func(d *demandText) { d.requirements = nil }, ReasonHeader},
		"no payload":               {func(d *demandText) { d.payload = "null" }, ReasonHeader},
		"payload is text":          {func(d *demandText) { d.payload = `"e30="` }, ReasonHeader},
		"a name twice":             {func(d *demandText) { d.payload = `{"x402Version":2,"x402Version":2}` }, ReasonHeader},
		"too long":                 {set("more", strings.Repeat("a", MaxDemandBytes)), ReasonHeader},
		"not UTF-8":                {func(d *demandText) { d.payload = "{\"a\":\"\xff\"}" }, ReasonHeader},
		"something behind":         {func(d *demandText) { d.payload += "}" }, ReasonHeader},
		"versions contradict":      {func(d *demandText) { d.version = "1" }, ReasonVersion},
		"version 3":                {func(d *demandText) { d.version, d.payload = "3", `{"x402Version":3}` }, ReasonVersion},
		"version as text":          {func(d *demandText) { d.version = `"2"` }, ReasonVersion},
		"payload of no version":    {func(d *demandText) { d.payload = "{}" }, ReasonVersion},
		"payload of no form":       {func(d *demandText) { d.payload = strings.Replace(d.payload, specNonce, "0x00", 1) }, ReasonPayload},
		"another scheme":           {set("scheme", "batch-settlement"), ReasonScheme},
		"no scheme":                {set("scheme", nil), ReasonScheme},
		"a network of version 1":   {set("network", "base-sepolia"), ReasonNetwork},
		"no EVM network":           {set("network", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"), ReasonNetwork},
		"amount as number":         {set("amount", 10000), ReasonRequirements},
		"amount in hex":            {set("amount", "0x2710"), ReasonRequirements},
		"no amount":                {set("amount", nil), ReasonRequirements},
		"short payTo":              {set("payTo", "0x00"), ReasonRequirements},
		"timeout as text":          {set("maxTimeoutSeconds", "60"), ReasonRequirements},
		"timeout of half a second": {set("maxTimeoutSeconds", 0.5), ReasonRequirements},
		"endless timeout":          {set("maxTimeoutSeconds", 1<<40), ReasonRequirements},
		"a method unknown":         {set("extra", map[string]any{"name": "USDC", "version": "2", "assetTransferMethod": "erc7710"}), ReasonRequirements},
	} {
		t.Run(name, func(t *testing.T) {
			d := specPayment().demand()
			c.change(&d)
			if d.requirements == nil {
				d.requirements = map[string]any{}
				text := strings.Replace(string(d.json()), `,"paymentRequirements":{}`, "", 1)
				_, err := ReadDemand([]byte(text))
				wants(t, err, c.want)
				return
			}
			_, err := ReadDemand(d.json())
			wants(t, err, c.want)
		})
	}
}

// Members that are added are passed over, however many versions add them, and method eip3009 may be named.
func TestDemandsMayHoldMore(t *testing.T) {
	p := specPayment()
	p.more = `,"extensions":{"bazaar":{"info":null}},"added":null`
	d := p.demand()
	d.requirements["extra"] = map[string]any{"name": "USDC", "version": "2", "assetTransferMethod": "eip3009", "paymentFlow": "upfront"}
	d.requirements["added"] = nil
	nested := any("end")
	for range maxDepth + 4 {
		nested = map[string]any{"properties": nested}
	}
	d.requirements["outputSchema"] = nested
	d.version = ""
	if _, err := ReadDemand(d.json()); err != nil {
		t.Error(err)
	}
}

func TestDemandsAreForKnownTokens(t *testing.T) {
	for name, c := range map[string]struct {
		known  []Token
		change func(*Demand)
		want   Reason
	}{
		"unknown asset":    {sepoliaTokens(t), func(d *Demand) { d.Asset[0]++ }, ReasonAsset},
		"unknown network":  {sepoliaTokens(t), func(d *Demand) { d.Network++ }, ReasonAsset},
		"no tokens":        {nil, func(*Demand) {}, ReasonAsset},
		"another name":     {sepoliaTokens(t), func(d *Demand) { d.tokenName = "USD Coin" }, ReasonRequirements},
		"another version":  {sepoliaTokens(t), func(d *Demand) { d.tokenVersion = "1" }, ReasonRequirements},
		"no domain said":   {sepoliaTokens(t), func(d *Demand) { d.tokenName, d.tokenVersion = "", "" }, 0},
		"nothing to pay":   {sepoliaTokens(t), func(d *Demand) { d.Amount = Uint256{} }, ReasonRequirements},
		"nobody to pay":    {sepoliaTokens(t), func(d *Demand) { d.PayTo = Address{} }, ReasonRequirements},
		"paid to itself":   {sepoliaTokens(t), func(d *Demand) { d.PayTo = d.Asset }, ReasonRequirements},
		"too short a time": {sepoliaTokens(t), func(d *Demand) { d.Timeout = time.Second }, ReasonRequirements},
		"too long a time":  {sepoliaTokens(t), func(d *Demand) { d.Timeout = 2 * time.Hour }, ReasonRequirements},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ReadDemand(specPayment().demand().json())
			if err != nil {
				t.Fatal(err)
			}
			c.change(&d)
			_, err = d.Offer(c.known, nil)
			wants(t, err, c.want)
		})
	}
}

// What we ask of another facilitator is what another server would ask of us, wrapped signatures included.
func TestFacilitatorRequestsAreReadBack(t *testing.T) {
	way := usdc(t)
	v, err := offerOf(t, way).Verify(specPayment().decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := v
	signature, ok := readSignature(wrap(Address{1}, []byte{2}, []byte(v.signature.text)))
	if !ok {
		t.Fatal("not wrapped")
	}
	wrapped.signature = signature
	for _, v := range []Verified{v, wrapped} {
		d, err := ReadDemand(v.FacilitatorRequest())
		if err != nil {
			t.Fatal(err)
		}
		offer, err := d.Offer(sepoliaTokens(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := offer.Verify(d.Payload, specNow)
		if err != nil {
			t.Fatal(err)
		}
		if again.Due() != v.Due() || string(again.signature.Presented()) != string(v.signature.Presented()) {
			t.Errorf("%s read back as %+v", v.FacilitatorRequest(), again)
		}
	}
}

func TestFacilitatorRequestAndListingAreAsPublished(t *testing.T) {
	v, err := offerOf(t, usdc(t)).Verify(specPayment().decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	listing, err := offerOf(t, usdc(t)).Listing(specNow)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]json.RawMessage{"request": v.FacilitatorRequest(), "listing": listing}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/facilitator.json"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
		t.Error(diff)
	}
	if _, err := (Offer{}).Listing(specNow); err == nil {
		t.Error("nothing is listed")
	}
}

// Whatever is sent, it is read or refused.
func FuzzReadDemand(f *testing.F) {
	f.Add(specPayment().demand().json())
	f.Add(specPayment().v1().demand().json())
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := ReadDemand(body)
		if err == nil && (d.Network == 0 || d.Payload.Version() == 0) {
			t.Errorf("half read: %+v", d)
		}
	})
}
