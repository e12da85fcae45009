package x402

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is no header of the protocol is the client's mistake (400), never a reason to sign again.
func TestHeadersThatCannotBeRead(t *testing.T) {
	good := specPayment().json()
	std := base64.StdEncoding.EncodeToString
	padded := strings.Replace(good, `{`, `{ `, 1) // whose base64 ends in =
	for len(padded)%3 != 1 {
		padded += " "
	}
	deep := strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth)
	var crowd []string
	for i := range maxMembers + 1 {
		crowd = append(crowd, `"`+strings.Repeat("x", i+1)+`":0`)
	}
	for name, header := range map[string]string{
		"empty":                    "",
		"not base64":               "{",
		"base64url":                strings.ReplaceAll(std([]byte(`{"a":"~~~???>>>"}`)), "/", "_"),
		"base64 without padding":   strings.TrimRight(std([]byte(padded)), "="),
		"base64 with a line break": std([]byte(good))[:76] + "\n" + std([]byte(good))[76:],
		"base64 with loose bits":   strings.TrimSuffix(std([]byte(padded)), "A==") + "B==",
		"base64 of nothing":        std(nil),
		"not an object":            std([]byte(`[` + good + `]`)),
		"null":                     std([]byte(`null`)),
		"two values":               std([]byte(good + good)),
		"a zero byte after":        std([]byte(good + "\x00")),
		"cut short":                std([]byte(good[:len(good)-1])),
		"a comma too many":         std([]byte(good[:len(good)-1] + ",}")),
		"no comma":                 std([]byte(strings.Replace(good, `,"payload"`, `"payload"`, 1))),
		"not UTF-8":                std([]byte(strings.Replace(good, "USDC", "US\xffC", 1))),
		"a line break in a string": std([]byte(strings.Replace(good, "USDC", "US\nC", 1))),
		"half a surrogate":         std([]byte(strings.Replace(good, "USDC", `\ud800`, 1))),
		"an unknown escape":        std([]byte(strings.Replace(good, "USDC", `\x41`, 1))),
		"a number with a zero":     std([]byte(strings.Replace(good, `:60`, `:060`, 1))),
		"a number with a plus":     std([]byte(strings.Replace(good, `:60`, `:+60`, 1))),
		"a capital literal":        std([]byte(strings.Replace(good, `:60`, `:NULL`, 1))),
		"one name twice":           std([]byte(strings.Replace(good, `"value"`, `"value":"1","value"`, 1))),
		"one name twice, escaped":  std([]byte(strings.Replace(good, `"value"`, `"v\u0061lue":"1","value"`, 1))),
		"one name twice, unknown":  std([]byte(strings.Replace(good, `"x402V`, `"extensions":{"a":[{"b":1,"b":2}]},"x402V`, 1))),
		"too deep":                 std([]byte(strings.Replace(good, `"x402V`, `"extensions":`+deep+`,"x402V`, 1))),
		"too many members":         std([]byte(strings.Replace(good, `"x402V`, `"extensions":{`+strings.Join(crowd, ",")+`},"x402V`, 1))),
		"too long":                 std([]byte(good + strings.Repeat(" ", MaxHeaderBytes))),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(V2, header)
			wants(t, err, ReasonHeader)
		})
	}
}

// Fields have one spelling each. The official servers take "0x2710" and numbers; then what is compared,
// what is stored and what is signed may be three things.
func TestFieldsThatAreNotOfTheirForm(t *testing.T) {
	good := specPayment().json()
	for name, c := range map[string][2]string{
		"value in hex":              {`"value":"10000"`, `"value":"0x2710"`},
		"value as a number":         {`"value":"10000"`, `"value":10000`},
		"value as a fraction":       {`"value":"10000"`, `"value":"10000.0"`},
		"value with an exponent":    {`"value":"10000"`, `"value":"1e4"`},
		"value with a sign":         {`"value":"10000"`, `"value":"+10000"`},
		"negative value":            {`"value":"10000"`, `"value":"-1"`},
		"value with a leading zero": {`"value":"10000"`, `"value":"010000"`},
		"value with a space":        {`"value":"10000"`, `"value":" 10000"`},
		"value in other digits":     {`"value":"10000"`, `"value":"１0000"`},
		"no value":                  {`"value":"10000",`, ``},
		"value under another case":  {`"value"`, `"Value"`},
		"value of 2^256":            {`"10000","validAfter"`, `"115792089237316195423570985008687907853269984665640564039457584007913129639936","validAfter"`},
		"value of null":             {`"value":"10000"`, `"value":null`},
		"window as a number":        {`"1740672154"`, `1740672154`},
		"short nonce":               {specNonce, specNonce[:64]},
		"long nonce":                {specNonce, specNonce + "00"},
		"nonce without 0x":          {specNonce, specNonce[2:]},
		"nonce after 0X":            {specNonce, "0X" + specNonce[2:]},
		"nonce with another letter": {specNonce, specNonce[:65] + "g"},
		"short payer":               {specPayer, specPayer[:41]},
		"payer without 0x":          {specPayer, specPayer[2:] + "00"},
		"no signature":              {specSignature, ""},
		"signature of nothing":      {specSignature, "0x"},
		"half a byte of signature":  {specSignature, specSignature[:131]},
		"signature without 0x":      {specSignature, specSignature[2:]},
		"timeout as a fraction":     {`:60`, `:60.0`},
		"timeout as a string":       {`:60`, `:"60"`},
		"accepted is a list":        {`"accepted":{`, `"accepted":[],"other":{`},
		"authorization is null":     {`"authorization":{`, `"authorization":null,"other":{`},
		"asset is a number":         {`"` + usdcSepolia + `"`, `1`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, c[0], c[1], 1)
			if text == good {
				t.Fatal("the case changes nothing")
			}
			_, err := DecodeJSON(V2, []byte(text))
			wants(t, err, ReasonPayload)
		})
	}
}

// What else a client may say is passed over, as the protocol grows by it; extensions are kept.
func TestUnknownMembersArePassedOver(t *testing.T) {
	const extensions = `{"payment-identifier":{"info":{"id":"pay_0123456789abcdef","n":[1.5e-3,true,null,"\u00e9\n"]}}}`
	text := strings.Replace(specPayment().json(), `{"x402Version"`, ` { "new" : [ ] , "extensions":`+extensions+
		`,"x402Version"`, 1)
	text = strings.Replace(text, `"extra":{`, `"extra":{"assetTransferMethod":"eip3009",`, 1)
	text = strings.Replace(text, `"USDC"`, `"\u0055SD\u0043"`, 1)
	p, err := DecodeJSON(V2, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Extensions()); got != extensions {
		t.Errorf("extensions %s", got)
	}
	if _, err := offerOf(t, usdc(t)).Verify(p, specNow); err != nil {
		t.Error(err)
	}
}

// White space before a value that is not of its form does not make other JSON of it.
func TestWhiteSpaceIsNothing(t *testing.T) {
	for _, space := range []string{"", " ", "\n\t "} {
		text := strings.Replace(specPayment().json(), `{"x402Version"`, `{"extensions":`+space+`null,"x402Version"`, 1)
		text = strings.Replace(text, `"extra":{`, `"other":{"extra":`+space+`1},"extra":`+space+`{`, 1)
		if _, err := DecodeJSON(V2, []byte(text)); err != nil {
			t.Errorf("%q: %v", space, err)
		}
		for _, odd := range []string{`null`, `{"info":` + space + `[]}`, `{"info":{"id":` + space + `[]}}`} {
			p := extended(specPayment(), `{"payment-identifier":`+space+odd+`}`)
			_, err := DecodeJSON(V2, []byte(p.json()))
			wants(t, err, ReasonPaymentID)
		}
	}
}

// One request brings one payment: of two, one would be taken and the other ignored.
func TestOnePaymentPerRequest(t *testing.T) {
	v1, v2 := specPayment().v1().header(), specPayment().header()
	for name, c := range map[string]struct {
		v1, v2 []string
		paid   bool
		want   Reason
		of     Version
	}{
		"none":        {nil, nil, false, 0, 0},
		"version 1":   {[]string{v1}, nil, true, 0, V1},
		"version 2":   {nil, []string{v2}, true, 0, V2},
		"both":        {[]string{v1}, []string{v2}, true, ReasonHeader, 0},
		"twice":       {nil, []string{v2, v2}, true, ReasonHeader, 0},
		"an empty":    {nil, []string{""}, true, ReasonHeader, 0},
		"mixed up":    {[]string{v2}, nil, true, ReasonVersion, 0},
		"mixed up v1": {nil, []string{v1}, true, ReasonVersion, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p, paid, err := Read(c.v1, c.v2)
			wants(t, err, c.want)
			if paid != c.paid || p.Version() != c.of {
				t.Errorf("paid %t of version %d, want %t of %d", paid, p.Version(), c.paid, c.of)
			}
		})
	}
}

// FuzzDecode: whatever is sent, nothing breaks; what is taken is JSON by everybody's reading; and what
// was read, written in the one spelling there is, is the same payment.
func FuzzDecode(f *testing.F) {
	f.Add(specPayment().json(), true)
	f.Add(specPayment().v1().json(), false)
	f.Add(`{"x402Version":2,"accepted":{"scheme":"upto"},"extensions":{"a":[1e-5,"\ud83d\ude00"]}}`, true)
	f.Add(`{"x402Version":1,"scheme":"exact","network":"solana","payload":{"transaction":"AA=="}}`, false)
	f.Add(`{"\u0078402Version":2,`, true)
	f.Fuzz(func(t *testing.T, text string, second bool) {
		version := V1
		if second {
			version = V2
		}
		p, err := DecodeJSON(version, []byte(text))
		if err != nil {
			if refusal := (*Refusal)(nil); !errors.As(err, &refusal) {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("taken, but it is not JSON: %q", text)
		}
		if p.authorization == (Authorization{}) {
			return
		}
		again, err := Decode(version, spell(p).header())
		if err != nil || again.authorization != p.authorization || again.signature.text != p.signature.text {
			t.Fatalf("another payment when written again: %+v, %+v, %v", p, again, err)
		}
	})
}

// spell writes a payload in its one spelling; what is accepted is not compared.
func spell(p Payload) payment {
	a, out := p.authorization, specPayment()
	if p.version == V1 {
		out = out.v1()
	}
	out.from, out.to, out.nonce = a.From.String(), a.To.String(), a.Nonce.String()
	out.value, out.validAfter, out.validBefore = a.Value.String(), a.ValidAfter.String(), a.ValidBefore.String()
	raw := p.signature.text
	if d := p.signature.factory; d != nil {
		raw = string(wrap(d.Factory, d.Call, []byte(raw)))
	}
	out.signature = hexText([]byte(raw))
	return out
}

// Any JSON value that everybody reads is passed over as an unknown member, within the limits.
func TestScannerReadsWhatJSONIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value, err := json.Marshal(anyValue(3).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		s := scanner{in: value}
		s.skip()
		if err := s.end(); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		cut := scanner{in: value[:rapid.IntRange(0, len(value)).Draw(t, "cut")]}
		cut.skip()
		if taken := cut.end() == nil; taken != json.Valid(cut.in) {
			t.Fatalf("%q: taken %t", cut.in, taken)
		}
	})
}

func anyValue(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.String().AsAny(), rapid.Int64().AsAny(), rapid.Float64Range(-1e30, 1e30).AsAny(), rapid.Bool().AsAny(),
		rapid.Just[any](nil),
	}
	if depth > 0 {
		inner := anyValue(depth - 1)
		leaves = append(leaves, rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.MapOfN(rapid.String(), inner, 0, 4).AsAny())
	}
	return rapid.OneOf(leaves...)
}
