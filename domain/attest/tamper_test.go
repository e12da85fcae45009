package attest

import (
	"errors"
	"strings"
	"testing"
)

// refused are the reasons a statement may be refused for.
var refused = []error{ErrTooLarge, ErrMalformed, ErrAlgorithm, ErrUnknownKey, ErrSignature, ErrExpired}

func refusedFor(err error) error {
	for _, reason := range refused {
		if errors.Is(err, reason) {
			return reason
		}
	}
	return nil
}

// A letter changed anywhere, in header, payload or signature, is noticed.
func TestEveryLetterCounts(t *testing.T) {
	for _, genuine := range []string{instructed(t).JWS, receipted(t).JWS} {
		for i := range genuine {
			for _, c := range "A_9." {
				if genuine[i] == byte(c) {
					continue
				}
				changed := genuine[:i] + string(c) + genuine[i+1:]
				if s, err := Verify(changed, []Key{own}, noon); err == nil || refusedFor(err) == nil {
					t.Fatalf("letter %d as %q: %+v, %v", i, c, s, err)
				}
			}
			if _, err := Verify(genuine[:i], []Key{own}, noon); err == nil {
				t.Fatalf("cut after %d letters it is believed", i)
			}
		}
	}
}

// Each thing a statement says is held by the signature.
func TestEachFieldIsSigned(t *testing.T) {
	for _, genuine := range []Signed{instructed(t), receipted(t)} {
		parts := strings.Split(genuine.JWS, ".")
		for field, change := range map[string][2]string{
			"iss":         {`"https://pay.example"`, `"https://pay.example.evil"`},
			"session":     {`"session":"3`, `"session":"4`},
			"payment":     {`"payment":"c`, `"payment":"d`},
			"merchant":    {`"101000000000042"`, `"101000000000043"`},
			"payee":       {`Müller`, `Muller`},
			"mode":        {`"live"`, `"test"`},
			"network":     {`"network":"base"`, `"network":"polygon"`},
			"chain id":    {`8453`, `8454`},
			"asset":       {`"asset":"USDC"`, `"asset":"USDT"`},
			"contract":    {`"0x833589`, `"0x833588`},
			"decimals":    {`"decimals":6`, `"decimals":5`},
			"address":     {`"0x5aAeb6`, `"0x5aAeb7`},
			"amount":      {`"amount":"50.0034"`, `"amount":"50.0035"`},
			"units":       {`"units":"50003400"`, `"units":"50003500"`},
			"matching":    {`"shared_address"`, `"dedicated_address"`},
			"issued_at":   {`"issued_at":"2026`, `"issued_at":"2025`},
			"expires_at":  {`"expires_at":"2026`, `"expires_at":"2036`},
			"order_no":    {`"20260517000000042"`, `"20260517000000043"`},
			"ledger_hash": {`"0x010203`, `"0x010204`},
			"txid":        {`"txid":"9c`, `"txid":"8c`},
			"index":       {`"index":7`, `"index":8`},
			"block":       {`12345678`, `12345679`},
			"block_hash":  {`"block_hash":"ab`, `"block_hash":"ac`},
			"block_time":  {`"block_time":"2026`, `"block_time":"2025`},
			"from":        {`"0xfB69`, `"0xfB68`},
			"late":        {`true`, `false`},
			"settled_at":  {`"settled_at":"2026`, `"settled_at":"2025`},
		} {
			payload := strings.ReplaceAll(string(genuine.Payload), change[0], change[1])
			if payload == string(genuine.Payload) {
				if !strings.Contains(string(instructed(t).Payload)+string(receipted(t).Payload), change[0]) {
					t.Errorf("%s: nothing was changed", field)
				}
				continue
			}
			jws := parts[0] + "." + coding.EncodeToString([]byte(payload)) + "." + parts[2]
			if _, err := Verify(jws, []Key{own}, noon); !errors.Is(err, ErrSignature) {
				t.Errorf("%s changed: %v", field, err)
			}
		}
	}
}

// A statement says by what it is signed. Nobody listens, and nothing but ours is taken, not even
// under a signature that holds.
func TestHeadersOfOtherKindsAreRefused(t *testing.T) {
	genuine := instructed(t)
	payload := string(genuine.Payload)
	id := own.ID()
	foreign := Key{1}
	for name, c := range map[string]struct {
		header string
		want   error
	}{
		"ours":            {headerOf(TypeInstruction), nil},
		"alg none":        {`{"alg":"none","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg None":        {`{"alg":"None","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg none alone":  {`{"alg":"none"}`, ErrAlgorithm},
		"alg HS256":       {`{"alg":"HS256","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg HS256 JWT":   {`{"alg":"HS256","typ":"JWT"}`, ErrAlgorithm},
		"alg ES256":       {`{"alg":"ES256","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg small":       {`{"alg":"eddsa","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg empty":       {`{"alg":"","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrAlgorithm},
		"alg twice":       {`{"alg":"EdDSA","alg":"none","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrMalformed},
		"alg behind":      {`{"kid":"` + id + `","typ":"101pay-instruction+jws","alg":"EdDSA"}`, ErrMalformed},
		"alg escaped":     {`{"alg":"\u0045dDSA","kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrMalformed},
		"no alg":          {`{"kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrMalformed},
		"no kid":          {`{"alg":"EdDSA","typ":"101pay-instruction+jws"}`, ErrMalformed},
		"foreign kid":     {`{"alg":"EdDSA","kid":"` + foreign.ID() + `","typ":"101pay-instruction+jws"}`, ErrSignature},
		"unknown kid":     {`{"alg":"EdDSA","kid":"mine","typ":"101pay-instruction+jws"}`, ErrUnknownKey},
		"no typ":          {`{"alg":"EdDSA","kid":"` + id + `"}`, ErrMalformed},
		"typ JWT":         {headerOf("JWT"), ErrMalformed},
		"typ of receipts": {headerOf(TypeReceipt), ErrMalformed},
		"key within":      {`{"alg":"EdDSA","kid":"` + id + `","typ":"101pay-instruction+jws","jwk":{}}`, ErrMalformed},
		"critical":        {`{"alg":"EdDSA","crit":["b64"],"kid":"` + id + `","typ":"101pay-instruction+jws"}`, ErrMalformed},
		"space":           {strings.Replace(headerOf(TypeInstruction), ":", ": ", 1), ErrMalformed},
		"line break":      {headerOf(TypeInstruction) + "\n", ErrMalformed},
		"none":            {"", ErrMalformed},
		"no object":       {`"EdDSA"`, ErrMalformed},
	} {
		_, err := Verify(forge(c.header, payload), []Key{foreign, own}, noon)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	input := strings.Join(strings.Split(genuine.JWS, ".")[:2], ".")
	for name, jws := range map[string]string{
		"no signature": input + ".", "two parts": input, "four parts": genuine.JWS + ".AAAA", "none": "",
		"line break behind": genuine.JWS + "\n", "line break within": genuine.JWS[:9] + "\n" + genuine.JWS[9:],
		"padding": genuine.JWS + "==", "trailing": genuine.JWS + "AAAA",
	} {
		if _, err := Verify(jws, []Key{own}, noon); refusedFor(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify(genuine.JWS, nil, noon); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("no keys: %v", err)
	}
	if _, err := Verify(genuine.JWS+strings.Repeat("A", MaxBytes), []Key{own}, noon); !errors.Is(err, ErrTooLarge) {
		t.Errorf("oversized: %v", err)
	}
}

// What can be read in two ways is not read, even where the signature holds.
func TestPayloadsHaveOneSpelling(t *testing.T) {
	instruction, receipt := string(instructed(t).Payload), string(receipted(t).Payload)
	change := func(payload, from, to string) string {
		t.Helper()
		if !strings.Contains(payload, from) {
			t.Fatalf("no %s in %s", from, payload)
		}
		return strings.Replace(payload, from, to, 1)
	}
	for name, c := range map[string]struct{ typ, payload string }{
		"member twice, alike":      {TypeInstruction, change(instruction, `"amount":"50.0034",`, `"amount":"50.0034","amount":"50.0034",`)},
		"member twice, at the end": {TypeInstruction, change(instruction, `}`, `,"amount":"1.00"}`)},
		"address twice":            {TypeInstruction, change(instruction, `"address":`, `"address":"0xevil","address":`)},
		"unknown member":           {TypeInstruction, change(instruction, `}`, `,"note":"pay elsewhere"}`)},
		"member missing":           {TypeInstruction, change(instruction, `"matching":"shared_address",`, ``)},
		"other order":              {TypeInstruction, change(change(instruction, `"mode":"live",`, ``), `"session":`, `"mode":"live","session":`)},
		"space":                    {TypeInstruction, change(instruction, `,`, `, `)},
		"trailing data":            {TypeInstruction, instruction + instruction},
		"trailing line break":      {TypeInstruction, instruction + "\n"},
		"leading mark":             {TypeInstruction, "\ufeff" + instruction},
		"escaped letter":           {TypeInstruction, change(instruction, `"live"`, `"l\u0069ve"`)},
		"escaped slash":            {TypeInstruction, change(instruction, `https://`, `https:\/\/`)},
		"escaped accent":           {TypeInstruction, change(instruction, `ü`, `\u00fc`)},
		"escaped name":             {TypeInstruction, change(instruction, `"amount"`, `"am\u006funt"`)},
		"capital name":             {TypeInstruction, change(instruction, `"amount"`, `"Amount"`)},
		"half a character":         {TypeInstruction, change(instruction, `ü`, "\xc3")},
		"control character":        {TypeInstruction, change(instruction, `ü`, "\n")},
		"text that does not end":   {TypeInstruction, instruction[:len(instruction)-2]},
		"text as number":           {TypeInstruction, change(instruction, `"units":"50003400"`, `"units":50003400`)},
		"number as text":           {TypeInstruction, change(instruction, `8453`, `"8453"`)},
		"number with a point":      {TypeInstruction, change(instruction, `8453`, `8453.0`)},
		"number with a power":      {TypeInstruction, change(instruction, `"decimals":6`, `"decimals":6e0`)},
		"number with a zero":       {TypeInstruction, change(instruction, `8453`, `08453`)},
		"number with a sign":       {TypeInstruction, change(instruction, `8453`, `+8453`)},
		"number too large":         {TypeInstruction, change(instruction, `8453`, `18446744073709551616`)},
		"optional as nothing":      {TypeInstruction, change(instruction, `8453`, `0`)},
		"null":                     {TypeInstruction, change(instruction, `"base"`, `null`)},
		"amount of other units":    {TypeInstruction, change(instruction, `"50.0034"`, `"50.0035"`)},
		"amount with a zero":       {TypeInstruction, change(instruction, `"50.0034"`, `"50.00340"`)},
		"amount in other digits":   {TypeInstruction, change(instruction, `"50.0034"`, `"٥٠.0034"`)},
		"receipt as instruction":   {TypeInstruction, receipt},
		"instruction as receipt":   {TypeReceipt, instruction},
		"no transfers":             {TypeReceipt, receipt[:strings.Index(receipt, `[{`)] + `[]` + receipt[strings.Index(receipt, `}]`)+2:]},
		"comma behind transfers":   {TypeReceipt, change(receipt, `}]`, `},]`)},
		"transfers as object":      {TypeReceipt, change(receipt, `"transfers":[`, `"transfers":{`)},
		"transfers twice the sum":  {TypeReceipt, change(receipt, receipt[strings.Index(receipt, `[{`)+1:strings.Index(receipt, `}]`)+1], strings.Repeat(","+receipt[strings.Index(receipt, `[{`)+1:strings.Index(receipt, `}]`)+1], 2)[1:])},
		"too many transfers":       {TypeReceipt, change(receipt, `}]`, `}`+strings.Repeat(","+receipt[strings.Index(receipt, `[{`)+1:strings.Index(receipt, `}]`)+1], MaxTransfers)+`]`)},
		"late as text":             {TypeReceipt, change(receipt, `true`, `"true"`)},
		"late as number":           {TypeReceipt, change(receipt, `true`, `1`)},
		"nothing":                  {TypeInstruction, ``},
		"null alone":               {TypeInstruction, `null`},
		"list":                     {TypeInstruction, `[` + instruction + `]`},
	} {
		s, err := Verify(forge(headerOf(c.typ), c.payload), []Key{own}, noon)
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// Anything at all is refused for a stated reason, or it is what one of our statements is, to the
// byte: signed again it is the same.
func FuzzVerify(f *testing.F) {
	for _, s := range []Signed{instructed(f), receipted(f)} {
		f.Add(s.JWS, "", "")
		f.Add("", headerOf(TypeInstruction), string(s.Payload))
		f.Add("", headerOf(TypeReceipt), string(s.Payload))
	}
	f.Add("e30.e30.", "{}", "{}")
	f.Add("...", `{"alg":"none"}`, `{"transfers":[{`)
	f.Fuzz(func(t *testing.T, jws, header, payload string) {
		if jws == "" {
			jws = forge(header, payload)
		}
		s, err := Verify(jws, []Key{own}, noon)
		if err != nil {
			if refusedFor(err) == nil {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		var again Signed
		if s.Instruction != nil {
			again, err = s.Instruction.Sign(own, sign)
		} else {
			again, err = s.Receipt.Sign(own, sign)
		}
		if err != nil || again.JWS != jws {
			t.Fatalf("%q is believed and would be signed as %q (%v)", jws, again.JWS, err)
		}
	})
}
