package x402

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const specFacilitator = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

// permitWay is a way to pay 0.01 USDC by a permit.
func permitWay(t testing.TB, by Method) Requirements {
	t.Helper()
	way := usdc(t)
	way.Token, way.Method = way.Token.Paid(Permit2, Permit2UpTo).Permitting(), by
	if by == Permit2UpTo {
		way.Facilitator = address(t, specFacilitator)
	}
	return way
}

// permitted is a payment by a permit in the making.
type permitted struct {
	scheme, transfer, facilitatorSaid                 string
	from, token, amount, spender, nonce, deadline, to string
	facilitator, validAfter                           string
	signature, extensions                             string
}

// permitOf is a payment that would do, but for its signature.
func permitOf(way Requirements, from Address) permitted {
	p := permitted{
		scheme: way.Method.Scheme(), transfer: transferPermit2, from: from.String(), token: usdcSepolia, amount: "10000",
		spender: way.Method.Proxy().String(), nonce: "77", deadline: at(specNow.Add(time.Minute)), to: payee,
		validAfter: "0", signature: "0x" + strings.Repeat("11", keySignatureBytes),
	}
	if way.Method == Permit2UpTo {
		p.facilitator, p.facilitatorSaid = specFacilitator, specFacilitator
	}
	return p
}

func (p permitted) json() string {
	facilitator, said, more := "", "", ""
	if p.facilitator != "" {
		facilitator = `"facilitator":` + strconv.Quote(p.facilitator) + `,`
	}
	if p.facilitatorSaid != "" {
		said = `,"facilitatorAddress":` + strconv.Quote(p.facilitatorSaid)
	}
	if p.extensions != "" {
		more = `,"extensions":` + p.extensions
	}
	return `{"x402Version":2,"accepted":{"scheme":"` + p.scheme + `","network":"eip155:84532","amount":"10000","asset":"` +
		usdcSepolia + `","payTo":"` + payee + `","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2",` +
		`"assetTransferMethod":"` + p.transfer + `"` + said + `}},"payload":{"signature":"` + p.signature +
		`","permit2Authorization":{"from":"` + p.from + `","permitted":{"token":"` + p.token + `","amount":"` + p.amount +
		`"},"spender":"` + p.spender + `","nonce":"` + p.nonce + `","deadline":"` + p.deadline + `","witness":{"to":"` + p.to +
		`",` + facilitator + `"validAfter":"` + p.validAfter + `"}}}` + more + `}`
}

func (p permitted) decode(t testing.TB) Payload {
	t.Helper()
	got, err := DecodeJSON(V2, []byte(p.json()))
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return got
}

// permit signs a permit as a wallet does.
func (p payer) permit(t testing.TB, as permitted) permitted {
	t.Helper()
	as.signature = "0x" + hex.EncodeToString(p.raw(as.decode(t).Authorization().permitDigest(sepolia)))
	return as
}

// allow signs a permit of the token for Permit2, as the extension has it.
func (p payer) allow(way Requirements, change func(*presentedAllowance)) string {
	a := presentedAllowance{from: p.address(), asset: way.Token.contract, spender: Permit2Contract}
	a.Value, a.Deadline, a.Nonce = way.Amount, Uint(unix(specNow.Add(time.Minute))), Uint(3)
	change(&a)
	return `{"` + ExtensionSponsoring + `":{"info":{"from":"` + a.from.String() + `","asset":"` + a.asset.String() +
		`","spender":"` + a.spender.String() + `","amount":"` + a.Value.String() + `","nonce":"` + a.Nonce.String() +
		`","deadline":"` + a.Deadline.String() + `","signature":"0x` + hex.EncodeToString(p.raw(a.digest(way.Token))) +
		`","version":"1"}}}`
}

// paidBy is a payment by a permit that holds.
func paidBy(t testing.TB, by Method) Verified {
	t.Helper()
	way, alice := permitWay(t, by), payerNamed("alice")
	v, err := offerOf(t, way).Verify(alice.permit(t, permitOf(way, alice.address())).decode(t), specNow)
	if err != nil {
		t.Fatal(err)
	}
	if v.Standing() != ByKey {
		t.Fatalf("standing %d", v.Standing())
	}
	return v
}

// Every refusal of a permit, each from one change to one that is otherwise good and signed. Whoever wins by
// one of these gets something for nothing, or has the relayer sign for what is not ours.
func TestRefusalsOfPermits(t *testing.T) {
	other := usdcBase
	for _, by := range []Method{Permit2, Permit2UpTo} {
		way, alice := permitWay(t, by), payerNamed("alice")
		foreign := UpToProxy
		if by == Permit2UpTo {
			foreign = ExactProxy
		}
		for name, c := range map[string]struct {
			change func(*permitted)
			want   Reason
		}{
			"nothing":                  {func(*permitted) {}, 0},
			"for a foreign contract":   {func(p *permitted) { p.spender = other }, ReasonSpender},
			"for the other contract":   {func(p *permitted) { p.spender = foreign.String() }, ReasonSpender},
			"for Permit2 itself":       {func(p *permitted) { p.spender = Permit2Contract.String() }, ReasonSpender},
			"of another token":         {func(p *permitted) { p.token = other }, ReasonAsset},
			"witness pays another":     {func(p *permitted) { p.to = other }, ReasonRecipient},
			"witness pays the payer":   {func(p *permitted) { p.to = alice.address().String() }, ReasonRecipient},
			"less":                     {func(p *permitted) { p.amount = "9999" }, ReasonValue},
			"more":                     {func(p *permitted) { p.amount = "10001" }, ReasonValue},
			"nothing of value":         {func(p *permitted) { p.amount = "0" }, ReasonValue},
			"not valid yet":            {func(p *permitted) { p.validAfter = at(specNow.Add(time.Second)) }, ReasonNotYetValid},
			"deadline over":            {func(p *permitted) { p.deadline = at(specNow.Add(5 * time.Second)) }, ReasonExpired},
			"deadline ten years ahead": {func(p *permitted) { p.deadline = at(specNow.AddDate(10, 0, 0)) }, ReasonWindow},
			"by the token's method":    {func(p *permitted) { p.scheme, p.transfer = SchemeExact, transferEIP3009 }, ReasonPayload},
			"by no known method":       {func(p *permitted) { p.scheme, p.transfer = way.Method.Scheme(), "erc7710" }, ReasonRequirements},
		} {
			t.Run(by.String()+" "+name, func(t *testing.T) {
				p := permitOf(way, alice.address())
				c.change(&p)
				decoded, err := DecodeJSON(V2, []byte(alice.sealed(t, p).json()))
				if err == nil {
					_, err = offerOf(t, way).Verify(decoded, specNow)
				}
				wants(t, err, c.want)
			})
		}
	}
}

// sealed signs a permit, if it can be read at all.
func (p payer) sealed(t testing.TB, as permitted) permitted {
	t.Helper()
	decoded, err := DecodeJSON(V2, []byte(as.json()))
	if err == nil {
		as.signature = "0x" + hex.EncodeToString(p.raw(decoded.Authorization().permitDigest(sepolia)))
	}
	return as
}

// What settles of a permit of at most the price is who the payer says: one for somebody else is refused
// before anything is signed.
func TestRefusalsOfFacilitators(t *testing.T) {
	way, alice := permitWay(t, Permit2UpTo), payerNamed("alice")
	for name, c := range map[string]struct {
		change func(*permitted)
		want   Reason
	}{
		"another may settle":    {func(p *permitted) { p.facilitator = usdcBase }, ReasonFacilitator},
		"nobody may":            {func(p *permitted) { p.facilitator = Address{}.String() }, ReasonFacilitator},
		"accepted another":      {func(p *permitted) { p.facilitatorSaid = usdcBase }, ReasonFacilitator},
		"no word of who":        {func(p *permitted) { p.facilitator = "" }, ReasonPayload},
		"no word of it offered": {func(p *permitted) { p.facilitatorSaid = "" }, ReasonFacilitator},
	} {
		p := permitOf(way, alice.address())
		c.change(&p)
		_, err := offerOf(t, way).Verify(alice.sealed(t, p).decode(t), specNow)
		t.Run(name, func(t *testing.T) { wants(t, err, c.want) })
	}
}

// Whatever of a permit is changed after it was signed, it is not the payer's any more: the witness as much
// as the amount.
func TestEveryFieldOfAPermitIsSigned(t *testing.T) {
	for _, by := range []Method{Permit2, Permit2UpTo} {
		a := paidBy(t, by).Authorization()
		signed := a.permitDigest(sepolia)
		for name, change := range map[string]func(*Authorization){
			"token":       func(a *Authorization) { a.Token[0]++ },
			"amount":      func(a *Authorization) { a.Value = Uint(1) },
			"spender":     func(a *Authorization) { a.Spender[0]++ },
			"nonce":       func(a *Authorization) { a.Nonce[0]++ },
			"deadline":    func(a *Authorization) { a.ValidBefore = Uint(1) },
			"payee":       func(a *Authorization) { a.To[0]++ },
			"valid after": func(a *Authorization) { a.ValidAfter = Uint(1) },
			"facilitator": func(a *Authorization) { a.Facilitator[0]++ },
		} {
			changed := a
			change(&changed)
			bound := changed.permitDigest(sepolia) != signed
			if want := by == Permit2UpTo || name != "facilitator"; bound != want {
				t.Errorf("%s: %s is bound: %t", by, name, bound)
			}
		}
		if a.permitDigest(sepolia+1) == signed {
			t.Errorf("%s: the network is not signed", by)
		}
	}
}

// Permit2 takes each nonce of a payer once, for all tokens and both contracts: so is the claim.
func TestPermitsShareTheirNonces(t *testing.T) {
	exact, upTo := paidBy(t, Permit2).Due(), paidBy(t, Permit2UpTo).Due()
	if exact.Key() != upTo.Key() {
		t.Error("two permits with one nonce are two claims")
	}
	other := exact
	other.Asset[0]++
	if exact.Key() != other.Key() || exact.Key().Asset != Permit2Contract {
		t.Error("permits of two tokens with one nonce are two claims")
	}
	if plain := specDue(t); plain.Key().Asset != plain.Asset {
		t.Error("an authorization is not the token's")
	}
}

// What a payer brings so that Permit2 may move his token must be his, for this payment and no more.
func TestAllowances(t *testing.T) {
	way, alice := permitWay(t, Permit2), payerNamed("alice")
	for name, c := range map[string]struct {
		change func(*presentedAllowance)
		want   Reason
	}{
		"nothing":            {func(*presentedAllowance) {}, 0},
		"of another":         {func(a *presentedAllowance) { a.from[0]++ }, ReasonSponsoring},
		"of another token":   {func(a *presentedAllowance) { a.asset[0]++ }, ReasonSponsoring},
		"for somebody else":  {func(a *presentedAllowance) { a.spender = ExactProxy }, ReasonSponsoring},
		"of more":            {func(a *presentedAllowance) { a.Value = Uint(price + 1) }, ReasonSponsoring},
		"of less":            {func(a *presentedAllowance) { a.Value = Uint(price - 1) }, ReasonSponsoring},
		"over":               {func(a *presentedAllowance) { a.Deadline = Uint(unix(specNow.Add(5 * time.Second))) }, ReasonSponsoring},
		"for ever is no sin": {func(a *presentedAllowance) { a.Deadline, _ = ParseUint(strings.Repeat("9", 77)) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := alice.permit(t, permitOf(way, alice.address()))
			p.extensions = alice.allow(way, c.change)
			v, err := offerOf(t, way).Verify(p.decode(t), specNow)
			wants(t, err, c.want)
			if brought := v.Allowance() != nil; brought != (c.want == 0) {
				t.Errorf("an allowance: %t", brought)
			}
		})
	}
	p := alice.permit(t, permitOf(way, alice.address()))
	p.extensions = strings.Replace(alice.allow(way, func(*presentedAllowance) {}), `"nonce":"3"`, `"nonce":"4"`, 1)
	_, err := offerOf(t, way).Verify(p.decode(t), specNow)
	wants(t, err, ReasonSponsoring)
	p.extensions = `{"` + ExtensionSponsoring + `":{"info":{"from":"` + p.from + `"}}}`
	_, err = offerOf(t, way).Verify(p.decode(t), specNow)
	wants(t, err, ReasonSponsoring)
	p.extensions = `{"` + ExtensionSponsoring + `":` + sponsoringInfo + `}` // an echo, as of clients that cannot sign it
	v, err := offerOf(t, way).Verify(p.decode(t), specNow)
	wants(t, err, 0)
	if v.Allowance() != nil {
		t.Error("an echo is an allowance")
	}
	way.Token.permits = false
	p.extensions = alice.allow(way, func(*presentedAllowance) {})
	_, err = offerOf(t, way).Verify(p.decode(t), specNow)
	wants(t, err, ReasonSponsoring)
}

func TestAllowancesAreKeptWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SliceOfN(rapid.Byte(), wordBytes, wordBytes)
		draw := func(name string) Hash { return Hash(word.Draw(t, name)) }
		a := Allowance{
			Value: uintFrom(draw("value")), Deadline: uintFrom(draw("deadline")), Nonce: uintFrom(draw("nonce")),
			V: rapid.Byte().Draw(t, "v"), R: draw("r"), S: draw("s"),
		}
		if got, ok := ReadAllowance(a.Bytes()); !ok || got != a {
			t.Fatalf("%+v came back as %+v", a, got)
		}
	})
	if _, ok := ReadAllowance(make([]byte, allowanceBytes-1)); ok {
		t.Error("half an allowance")
	}
}

// What was used is at most what was signed, and of other payments all: nothing else is ever due.
func TestUse(t *testing.T) {
	upTo, exact := paidBy(t, Permit2UpTo), paidBy(t, Permit2)
	for used, want := range map[uint64]Reason{0: ReasonUnused, 1: 0, price: 0, price + 1: ReasonUsage} {
		v, err := upTo.Using(Uint(used))
		wants(t, err, want)
		if want == 0 && (v.Due().Value != Uint(used) || v.Due().Most != Uint(price) || v.Due().Claimed() != upTo.Due()) {
			t.Errorf("%d used: due %+v", used, v.Due())
		}
	}
	_, err := exact.Using(Uint(price - 1))
	wants(t, err, ReasonUsage)
	_, err = exact.Using(Uint(price))
	wants(t, err, 0)

	claimed := claimedPermit(t, upTo)
	for used, ok := range map[uint64]bool{0: false, 1: true, price: true, price + 1: false} {
		s, err := claimed.Use(Uint(used))
		if ok != (err == nil) || ok && s.Snapshot().Due.Value != Uint(used) {
			t.Errorf("%d used: %+v, %v", used, s.Snapshot().Due, err)
		}
	}
	signed, err := claimed.Sign(Relayer, Hash{1})
	if err != nil {
		t.Fatal(err)
	}
	until, _ := upTo.Due().ValidBefore.Uint64()
	for second, over := range map[uint64]bool{until: false, until + 1: true} { // Permit2 takes it in its last second
		if _, err := signed.Lapse(Reconciler, time.Unix(int64(second), 0), false); over != (err == nil) {
			t.Errorf("lapse at %d: %v", second, err)
		}
	}
	if _, err := signed.Use(Uint(1)); err == nil {
		t.Error("what is signed is another amount now")
	}
	if _, err := claimedPermit(t, exact).Use(Uint(1)); err == nil {
		t.Error("a part of an exact payment is due")
	}
	for _, wrong := range []func(*Snapshot){
		func(s *Snapshot) { s.Due.Value = Uint(price + 1) },
		func(s *Snapshot) { s.Due.Most = Uint256{} },
		func(s *Snapshot) { s.Due.Value = Uint(1) }, // and nothing is signed
	} {
		s := claimed.Snapshot()
		wrong(&s)
		if _, err := Restore(s); err == nil {
			t.Errorf("restored %+v", s.Due)
		}
	}
}

func claimedPermit(t testing.TB, v Verified) Settlement {
	t.Helper()
	b := Binding{MerchantID: "m", SKU: "s", Authorization: v.Digest()}
	s, err := Claim(v, b, specNow)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// permitProof is a receipt that shows a settlement by permit.
func permitProof(v Verified, allowance *Allowance) Receipt {
	d := v.Due()
	r := proof(d)
	r.Logs = r.Logs[1:]
	r.To, r.Input = d.Method.Proxy(), append(d.Settling(v.Authorization(), allowance), make([]byte, 96)...)
	return r
}

// A transfer from payer to payee proves a permit's settlement only as the call of its contract with this
// very permit: whatever else moves the same money between the same two is something else.
func TestReceiptsThatProveNoPermit(t *testing.T) {
	for _, by := range []Method{Permit2, Permit2UpTo} {
		v := paidBy(t, by)
		if by == Permit2UpTo {
			v, _ = v.Using(Uint(1234))
		}
		word := func(n int) int { return selectorBytes + n*wordBytes + wordBytes - 1 }
		owner := 4
		if by == Permit2UpTo {
			owner = 5
		}
		for name, c := range map[string]struct {
			change func(*Receipt)
			want   Reason
		}{
			"nothing":                    {func(*Receipt) {}, 0},
			"no call":                    {func(r *Receipt) { r.To, r.Input = Address{}, nil }, ReasonNotObserved},
			"another contract":           {func(r *Receipt) { r.To[0]++ }, ReasonNotObserved},
			"the other method's":         {func(r *Receipt) { r.To = (Permit2 + Permit2UpTo - by).Proxy() }, ReasonNotObserved},
			"another function":           {func(r *Receipt) { r.Input[0]++ }, ReasonNotObserved},
			"another token":              {func(r *Receipt) { r.Input[word(0)]++ }, ReasonNotObserved},
			"another amount permitted":   {func(r *Receipt) { r.Input[word(1)]++ }, ReasonNotObserved},
			"another bit of the nonce":   {func(r *Receipt) { r.Input[word(2)]++ }, ReasonNotObserved},
			"another word of the nonce":  {func(r *Receipt) { r.Input[word(2)-1]++ }, ReasonNotObserved},
			"another deadline":           {func(r *Receipt) { r.Input[word(3)]++ }, ReasonNotObserved},
			"another owner":              {func(r *Receipt) { r.Input[word(owner)]++ }, ReasonNotObserved},
			"the witness names another":  {func(r *Receipt) { r.Input[word(owner+1)]++ }, ReasonNotObserved},
			"half a call":                {func(r *Receipt) { r.Input = r.Input[:word(owner+1)] }, ReasonNotObserved},
			"nothing moved":              {func(r *Receipt) { r.Logs = nil }, ReasonNotObserved},
			"moved to another":           {func(r *Receipt) { r.Logs[0].Topics[2] = Hash{1} }, ReasonNotObserved},
			"told by another token":      {func(r *Receipt) { r.Logs[0].Contract[0]++ }, ReasonNotObserved},
			"failed":                     {func(r *Receipt) { r.Succeeded = false }, ReasonReverted},
			"an authorization of a like": {func(r *Receipt) { r.To = v.Due().Asset; r.Logs = proof(v.Due()).Logs }, ReasonNotObserved},
		} {
			t.Run(by.String()+" "+name, func(t *testing.T) {
				for _, allowance := range []*Allowance{nil, {V: 27}} {
					r := permitProof(v, allowance)
					if allowance != nil && name != "nothing" {
						continue
					}
					c.change(&r)
					_, err := Prove(v.Due(), r, 1)
					wants(t, err, c.want)
				}
			})
		}
		less := v.Due()
		if less.Value = Uint(1233); by == Permit2UpTo && less.SettledBy(permitProof(v, nil).To, permitProof(v, nil).Input) {
			t.Error("a call that moves another amount settles it")
		}
	}
	if specDue(t).SettledBy(ExactProxy, permitProof(paidBy(t, Permit2), nil).Input) {
		t.Error("a permit settles an authorization")
	}
}

// An offer of permits says so to version 2, and says nothing to version 1, whose clients know no permits.
func TestOffersOfPermits(t *testing.T) {
	plain, err := PlainToken(sepolia, address(t, usdcBase))
	if err != nil {
		t.Fatal(err)
	}
	way := permitWay(t, Permit2)
	way.Token = plain.Paid(Permit2)
	c := offerOf(t, way, permitWay(t, Permit2UpTo)).Challenge(nil)
	if !bytes.Contains(c.Body, []byte(`"accepts":[]`)) {
		t.Errorf("version 1 is told %s", c.Body)
	}
	required, _ := base64.StdEncoding.DecodeString(c.Required)
	for _, want := range []string{
		`"asset":"` + usdcBase + `","extra":{"assetTransferMethod":"permit2"}}`,
		`"extra":{"name":"USDC","version":"2","assetTransferMethod":"permit2","facilitatorAddress":"` + specFacilitator + `"}}`,
		`"scheme":"upto"`, `"eip2612GasSponsoring":{"info":`,
	} {
		if !bytes.Contains(required, []byte(want)) {
			t.Errorf("%s is not in %s", want, required)
		}
	}
	for name, wrong := range map[string]Requirements{
		"a method the token does not take": func() Requirements { w := permitWay(t, Permit2); w.Method = EIP3009; return w }(),
		"nobody who settles":               func() Requirements { w := permitWay(t, Permit2UpTo); w.Facilitator = Address{}; return w }(),
		"somebody who need not":            func() Requirements { w := permitWay(t, Permit2); w.Facilitator = Address{1}; return w }(),
	} {
		if _, err := NewOffer(Resource{URL: "https://a.example/"}, wrong); err == nil {
			t.Errorf("%s is offered", name)
		}
	}
}

// goldenPermits are the offers that testdata/permit2.mjs gives to the official clients.
func goldenPermits(t testing.TB) []Offer {
	t.Helper()
	return []Offer{offerOf(t, permitWay(t, Permit2)), offerOf(t, permitWay(t, Permit2UpTo))}
}

// testdata/permit2.json is what permit2.mjs gives to the official clients. UPDATE=1 writes it anew.
func TestPermitsAreOfferedAsTheClientsWereTold(t *testing.T) {
	var got []byte
	for _, o := range goldenPermits(t) {
		required, err := base64.StdEncoding.DecodeString(o.Challenge(nil).Required)
		if err != nil {
			t.Fatal(err)
		}
		got = append(append(got, required...), '\n')
	}
	path := filepath.Join("testdata", "permit2.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("offers differ; UPDATE=1, then run testdata/permit2.mjs (-kept +made):\n%s", diff)
	}
}

// What @x402/fetch 2.27.0 signed for these offers pays them, brings an allowance, and is settled by the
// calls that the official facilitator would make, to the byte before the signature.
func TestOfficialClientsPayByPermit(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "permit2-clients.json"))
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		SignedAt int64
		Payer    string
		Sent     []string
		Calls    []struct{ Settle, SettleWithPermit string }
	}
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	for i, offer := range goldenPermits(t) {
		p, err := Decode(V2, made.Sent[i])
		if err != nil {
			t.Fatal(err)
		}
		v, err := offer.Verify(p, time.Unix(made.SignedAt, 0))
		if err != nil {
			t.Fatal(err)
		}
		if v.Standing() != ByKey || v.Due().Payer.String() != made.Payer || v.Allowance() == nil {
			t.Errorf("standing %d of %s, allowance %v", v.Standing(), v.Due().Payer, v.Allowance())
		}
		if v.Due().Method == Permit2UpTo {
			v, _ = v.Using(Uint(1234))
		}
		for official, mine := range map[string][]byte{
			made.Calls[i].Settle:           v.Due().Settling(v.Authorization(), nil),
			made.Calls[i].SettleWithPermit: v.Due().Settling(v.Authorization(), v.Allowance()),
		} {
			call, err := hex.DecodeString(strings.TrimPrefix(official, "0x"))
			if err != nil || !bytes.HasPrefix(call, mine) {
				t.Errorf("%s: the official call is %s, ours begins %x", v.Due().Method, official, mine)
			}
			if !v.Due().SettledBy(v.Due().Method.Proxy(), call) {
				t.Errorf("%s: the official call does not settle it", v.Due().Method)
			}
		}
		// Another facilitator, and ours, read what is handed on as what was signed.
		d, err := ReadDemand(v.FacilitatorRequest())
		if err != nil {
			t.Fatal(err)
		}
		if d.Payload.Authorization() != v.Authorization() || d.Amount != v.Due().Value || d.Payload.allowance == nil {
			t.Errorf("handed on as %+v", d.Payload.Authorization())
		}
	}
}

// What a server wants settled of a permit of at most so much is an offer of what was signed: who settles, by
// which method, and in which token, is held against what is known.
func TestDemandsOfPermits(t *testing.T) {
	way := permitWay(t, Permit2UpTo)
	v, err := paidBy(t, Permit2UpTo).Using(Uint(1234))
	if err != nil {
		t.Fatal(err)
	}
	asked := string(v.FacilitatorRequest())
	for name, c := range map[string]struct {
		old, new string
		known    Token
		by       []Address
		want     Reason
	}{
		"nothing":            {"", "", way.Token, []Address{{1}, way.Facilitator}, 0},
		"who settles nobody": {"", "", way.Token, []Address{{1}}, ReasonFacilitator},
		"another token":      {"", "", way.Token.Paid(EIP3009, Permit2), []Address{way.Facilitator}, ReasonRequirements},
		"the other scheme": {
			`"paymentRequirements":{"scheme":"upto"`, `"paymentRequirements":{"scheme":"exact"`, way.Token,
			[]Address{way.Facilitator},
			ReasonScheme,
		},
		"an unknown scheme": {
			`"paymentRequirements":{"scheme":"upto"`, `"paymentRequirements":{"scheme":"batch-settlement"`, way.Token,
			[]Address{way.Facilitator},
			ReasonScheme,
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := ReadDemand([]byte(strings.Replace(asked, c.old, c.new, 1)))
			if err == nil {
				var o Offer
				if o, err = d.Offer([]Token{c.known}, c.by); err == nil {
					_, err = o.Verify(d.Payload, specNow)
				}
			}
			wants(t, err, c.want)
			if c.want == 0 && (d.Amount != Uint(1234) || d.Method != Permit2UpTo) {
				t.Errorf("demand %+v", d)
			}
		})
	}
}
