package x402

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// signIn is what the official client sends for the extended challenge, as an object to change.
func signIn(t testing.TB, which string) map[string]any {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(officials(t).SignedIn[which])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func readSignIn(t testing.TB, of map[string]any) SignIn {
	t.Helper()
	s, said, err := ReadSignIn([]string{signInHeader(t, of)})
	if err != nil || !said {
		t.Fatalf("said %t: %v", said, err)
	}
	return s
}

func signInHeader(t testing.TB, of map[string]any) string {
	t.Helper()
	text, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

// The wallet that the official client signed for is the one that is admitted, whatever it left out.
func TestOfficialClientsSignIn(t *testing.T) {
	for which, until := range map[string]time.Time{
		"whole": offeredAt.Add(SignInFor), "bare": offeredAt.Add(SignInFor),
	} {
		got, err := extendedOffer(t).Admit(readSignIn(t, signIn(t, which)), offeredAt.Add(time.Minute))
		if err != nil {
			t.Fatalf("%s: %v", which, err)
		}
		if got.Standing != ByKey || got.Payer.String() != officials(t).Payer || got.Network != sepolia {
			t.Errorf("%s: standing %d of %s on %s", which, got.Standing, got.Payer, got.Network)
		}
		if got.Nonce != extendedOffer(t).ask.Nonce || !got.Until.Equal(until) {
			t.Errorf("%s: nonce %x until %s", which, got.Nonce, got.Until)
		}
	}
}

// Nobody is admitted by what was signed for somebody else, for something else, or long ago.
func TestSignInsThatAreRefused(t *testing.T) {
	offer := extendedOffer(t)
	for name, c := range map[string]struct {
		field string
		value any
		after time.Duration
	}{
		"another seller":       {"domain", "evil.example", 0},
		"a seller's neighbour": {"domain", "api.example.com.evil.example", 0},
		"another resource":     {"uri", "https://api.example.com/v1/resource/other?merchant=m1", 0},
		"another origin":       {"uri", "http://api.example.com/v1/resource/report?merchant=m1&lang=%3Cen%3E", 0},
		"another version":      {"version", "2", 0},
		"another signature":    {"type", "ed25519", 0},
		"another chain":        {"chainId", "eip155:1", 0},
		"no chain":             {"chainId", "84532", 0},
		"a short nonce":        {"nonce", "0102", 0},
		"a nonce in capitals":  {"nonce", "010203000000000000000000000000FF", 0},
		"no nonce":             {"nonce", "", 0},
		"no time":              {"issuedAt", "yesterday", 0},
		"not yet issued":       {"issuedAt", offeredAt.Add(3 * time.Minute).Format(instants), 0},
		"expired by itself":    {"expirationTime", offeredAt.Format(instants), 0},
		"an odd end":           {"expirationTime", "soon", 0},
		"not before later":     {"notBefore", offeredAt.Add(2 * time.Minute).Format(instants), 0},
		"too old":              {"version", "1", SignInFor},
	} {
		t.Run(name, func(t *testing.T) {
			of := signIn(t, "whole")
			of[c.field] = c.value
			_, err := offer.Admit(readSignIn(t, of), offeredAt.Add(time.Minute).Add(c.after))
			wants(t, err, ReasonSignIn)
		})
	}
}

// Whatever the payer signed, changed afterwards it is not his key's word any more.
func TestASignInThatWasChangedProvesNothing(t *testing.T) {
	for field, value := range map[string]any{
		"statement": "Show that this wallet has paid.", "requestId": "1", "address": specPayer,
		"issuedAt": offeredAt.Add(time.Second).Format(instants), "nonce": strings.Repeat("0", 32),
		"resources": []string{"https://api.example.com/other"}, "notBefore": offeredAt.Format(instants),
	} {
		of := signIn(t, "whole")
		of[field] = value
		got, err := extendedOffer(t).Admit(readSignIn(t, of), offeredAt.Add(time.Minute))
		if err != nil || got.Standing != ByWallet {
			t.Errorf("%s: standing %d, %v", field, got.Standing, err)
		}
	}
}

func TestSignInsOfNoForm(t *testing.T) {
	good := signIn(t, "whole")
	header := signInHeader(t, good)
	for name, values := range map[string][]string{
		"twice":       {header, header},
		"not base64":  {"{}"},
		"a line more": {header[:4] + "\n" + header[4:]},
		"not JSON":    {base64.StdEncoding.EncodeToString([]byte(`{"domain":`))},
		"a list":      {base64.StdEncoding.EncodeToString([]byte(`[]`))},
		"not text":    {base64.StdEncoding.EncodeToString([]byte("{\"domain\":\"\xff\"}"))},
		"empty":       {""},
		"too long":    {strings.Repeat("A", maxSignInBytes+1)},
	} {
		_, said, err := ReadSignIn(values)
		if !said {
			t.Errorf("%s: not noticed", name)
		}
		wants(t, err, ReasonSignIn)
	}
	for name, change := range map[string]func(of map[string]any){
		"no address":       func(of map[string]any) { delete(of, "address") },
		"no signature":     func(of map[string]any) { delete(of, "signature") },
		"a short address":  func(of map[string]any) { of["address"] = "0x00" },
		"a line break":     func(of map[string]any) { of["statement"] = "a\nURI: b" },
		"a number":         func(of map[string]any) { of["nonce"] = 5 },
		"resources of one": func(of map[string]any) { of["resources"] = "https://a.example" },
		"many resources":   func(of map[string]any) { of["resources"] = []string{"a", "b", "c", "d", "e"} },
	} {
		of := signIn(t, "whole")
		change(of)
		_, _, err := ReadSignIn([]string{signInHeader(t, of)})
		wants(t, err, ReasonSignIn)
		if err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, said, err := ReadSignIn(nil); said || err != nil {
		t.Errorf("nothing was read as %t, %v", said, err)
	}
}

// FuzzSignIn: whatever is sent, nothing breaks, and only Refusals come back.
func FuzzSignIn(f *testing.F) {
	text, _ := json.Marshal(signIn(f, "whole"))
	f.Add(string(text))
	f.Add(`{"address":"0x857b06519E91e3A54538791bDbb0E22373e36b66","resources":[]}`)
	offer := extendedOffer(f)
	f.Fuzz(func(t *testing.T, text string) {
		s, _, err := ReadSignIn([]string{base64.StdEncoding.EncodeToString([]byte(text))})
		if err == nil {
			_, err = offer.Admit(s, offeredAt)
		}
		if refusal := (*Refusal)(nil); err != nil && !errors.As(err, &refusal) {
			t.Fatalf("not a refusal: %v", err)
		}
	})
}
