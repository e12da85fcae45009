package native_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/attest"
)

// statement verifies a signed answer by the keys the gateway serves, and holds the readable payload
// against the signed one.
func (g *specGateway) statement(path string) attest.Statement {
	g.t.Helper()
	x := g.send("GET", path, "").want(200)
	var set struct{ Keys []struct{ X string } }
	served := g.send("GET", "/.well-known/101pay-keys.json", "").want(200)
	if err := json.Unmarshal(served.Body.Bytes(), &set); err != nil || len(set.Keys) != 1 {
		g.t.Fatalf("%v: %s", err, served.Body)
	}
	key, err := attest.ParseKey(set.Keys[0].X)
	if err != nil {
		g.t.Fatal(err)
	}
	jws := x.text("jws")
	s, err := attest.Verify(jws, []attest.Key{key}, g.clock.Now())
	if err != nil {
		g.t.Fatalf("%v: %s", err, x.Body)
	}
	if want := `{"jws":"` + jws + `","payload":` + string(s.Payload) + `}`; x.Body.String() != want {
		g.t.Errorf("the readable payload is not the signed one:\n%s\n%s", x.Body, want)
	}
	if x.Header().Get("Cache-Control") != "no-store" {
		g.t.Error("a statement may be kept although it can be overtaken")
	}
	return s
}

// An instruction to another address or amount than the payer is shown would be an attack: the public
// status, the answer to the choice, and the signature say one thing.
func TestSignedInstructionsSayWhatTheStatusSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		intent, one := s.awaiting()
		said := s.statement(one + "/instructions").Instruction
		status := s.send("GET", one, "").want(200)
		shown := func(path ...string) string {
			return status.text(append([]string{"session", "payment"}, path...)...)
		}
		for name, c := range map[string][2]string{
			"payment":  {said.Payment, shown("paymentId")},
			"session":  {said.Session, status.text("session", "id")},
			"mode":     {said.Mode, status.text("session", "mode")},
			"address":  {said.Address, shown("instructions", "address")},
			"code":     {said.Address, shown("instructions", "qr")},
			"amount":   {said.Amount, shown("instructions", "amount")},
			"asset":    {said.Asset, shown("instructions", "currency")},
			"contract": {said.Contract, shown("instructions", "contract")},
			"network":  {said.Network, shown("instructions", "chain")},
			"end":      {said.ExpiresAt, shown("instructions", "expiresAt")},
			"merchant": {said.Merchant, s.clientID},
			"payee":    {said.Payee, "Blue Bottle Books"},
			"issuer":   {said.Issuer, specPublicURL},
		} {
			if c[0] != c[1] || c[0] == "" {
				t.Errorf("%s: signed %q, shown %q", name, c[0], c[1])
			}
		}
		if !strings.Contains(intent, said.Payment) {
			t.Errorf("signed for payment %s, chosen %s", said.Payment, intent)
		}
	})
}

// A receipt says what the status and the book say, is gone after a reversal, and is another one when
// the checkout is paid again.
func TestSignedReceiptsFollowTheBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		intent, one := s.awaiting()
		asked := s.statement(one + "/instructions").Instruction
		s.send("POST", one+"/pay/confirm", intent).want(200)
		said := s.statement(one + "/receipt").Receipt
		status := s.send("GET", one, "").want(200)
		shown := func(name string) string { return status.text("session", "receipt", name) }
		by := said.Transfers[0]
		line := s.login("GET", "/v1/transactions/"+by.OrderNo, "").want(200)
		for name, c := range map[string][2]string{
			"order number": {by.OrderNo, shown("orderNo")},
			"transaction":  {by.TxID, shown("transaction")},
			"network":      {said.Network, shown("chain")},
			"from":         {by.From, shown("from")},
			"amount":       {by.Amount, shown("amount")},
			"total":        {said.Amount, shown("amount")},
			"block time":   {by.BlockTime, shown("blockTime")},
			"address":      {said.Address, asked.Address},
			"amount asked": {said.Amount, asked.Amount},
			"book":         {by.LedgerHash, line.text("transaction", "content", "hash")},
			"booked":       {said.SettledAt, line.text("transaction", "bookedAt")},
		} {
			if c[0] != c[1] || c[0] == "" {
				t.Errorf("%s: signed %q, shown %q", name, c[0], c[1])
			}
		}
		if len(said.Transfers) != 1 || said.Late || by.BlockHash == "" || by.Block == 0 {
			t.Errorf("signed %+v", said)
		}

		s.send("POST", one+"/sandbox", `{"scenario":"reorg"}`).want(202)
		time.Sleep(5 * time.Second)
		s.send("GET", one+"/receipt", "").want(409, "not_paid_yet")
		if again := s.statement(one + "/instructions").Instruction; again.Address != asked.Address || again.Amount != asked.Amount {
			t.Errorf("after the reversal it asks for %+v", again)
		}
		s.send("POST", one+"/sandbox", `{"scenario":"exact"}`).want(202)
		time.Sleep(5 * time.Second)
		if now := s.statement(one + "/receipt").Receipt; now.Transfers[0].OrderNo == by.OrderNo ||
			now.Transfers[0].TxID == by.TxID || now.Units != said.Units {
			t.Errorf("paid again: %+v", now)
		}
	})
}

// Nothing is signed that nobody shall pay any more.
func TestEndedCheckoutsHaveNoInstructions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openSpecGateway(t, false).register("ann@shop.example")
		_, one := s.awaiting()
		s.login("POST", one+"/cancel", "").want(200)
		s.send("GET", one+"/instructions", "").want(409, "session_cancelled")
		s.send("GET", one+"/receipt", "").want(409, "not_paid_yet")
		_, one = s.awaiting()
		time.Sleep(31 * time.Minute)
		s.send("GET", one+"/instructions", "").want(409, "session_expired")
	})
}

// The keys are for everybody: pages of any origin, caches, and libraries that know RFC 7517 alone.
func TestKeysAreForEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openSpecGateway(t, false)
		x := g.send("GET", "/.well-known/101pay-keys.json", "", "Origin", "https://elsewhere.example").want(200)
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600",
			"Content-Type": "application/json; charset=utf-8",
		} {
			if got := x.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		var set struct{ Keys []map[string]string }
		if err := json.Unmarshal(x.Body.Bytes(), &set); err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(set.Keys[0]["x"])
		if err != nil || len(raw) != ed25519.PublicKeySize || set.Keys[0]["d"] != "" || len(set.Keys[0]) != 6 {
			t.Errorf("%v: %s", err, x.Body)
		}
	})
}

// The document of the gateway's DID holds the keys that are published, for everybody, and names them as
// signed offers do.
func TestTheDIDHoldsTheSameKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openSpecGateway(t, false)
		var set struct{ Keys []map[string]string }
		served := g.send("GET", "/.well-known/101pay-keys.json", "").want(200)
		if err := json.Unmarshal(served.Body.Bytes(), &set); err != nil || len(set.Keys) == 0 {
			t.Fatalf("%v: %s", err, served.Body)
		}
		var doc struct {
			ID                 string
			AssertionMethod    []string
			VerificationMethod []struct {
				ID, Type, Controller string
				PublicKeyJwk         map[string]string
			}
		}
		x := g.send("GET", "/.well-known/did.json", "", "Origin", "https://elsewhere.example").want(200)
		if err := json.Unmarshal(x.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if x.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(doc.ID, "did:web:") ||
			len(doc.VerificationMethod) != len(set.Keys) || len(doc.AssertionMethod) != len(set.Keys) {
			t.Fatalf("%s", x.Body)
		}
		for i, m := range doc.VerificationMethod {
			if id := doc.ID + "#" + set.Keys[i]["kid"]; m.ID != id || doc.AssertionMethod[i] != id || m.Controller != doc.ID {
				t.Errorf("key %d is %q of %q, want %q", i, m.ID, m.Controller, id)
			}
			if diff := cmp.Diff(set.Keys[i], m.PublicKeyJwk); diff != "" {
				t.Error(diff)
			}
		}
	})
}
