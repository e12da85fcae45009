package attest

import (
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/money"
)

// What is signed is written down: a change of a byte makes statements that earlier readers refuse.
// UPDATE=1 writes it anew.
func TestStatementsReadAsWrittenDown(t *testing.T) {
	for name, s := range map[string]Signed{"instruction": instructed(t), "receipt": receipted(t)} {
		got := string(s.Payload) + "\n" + s.JWS + "\n"
		path := filepath.Join("testdata", name+".txt")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAGenuineStatementSaysWhatWasSigned(t *testing.T) {
	i, err := Instruct(who, asked())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(instructed(t).JWS, []Key{{1}, own}, noon)
	if err != nil || got.Receipt != nil || got.KeyID != own.ID() {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff(i, *got.Instruction); diff != "" {
		t.Error(diff)
	}
	if i.Address != string(asked().Intent.Address) || i.Amount != "50.0034" || i.Units != "50003400" ||
		i.ChainID != 8453 || i.Contract != chain.Base.Tokens()[0].Contract || i.Matching != SharedAddress {
		t.Errorf("it says %+v", i)
	}
	s, by := paid()
	r, err := Acknowledge(who, s, by)
	if err != nil {
		t.Fatal(err)
	}
	// Receipts do not expire.
	got, err = Verify(receipted(t).JWS, []Key{own}, noon.AddDate(10, 0, 0))
	if err != nil || got.Instruction != nil {
		t.Fatalf("%+v, %v", got, err)
	}
	if diff := cmp.Diff(r, *got.Receipt); diff != "" {
		t.Error(diff)
	}
}

func TestAnInstructionEnds(t *testing.T) {
	end := asked().Intent.ExpiresAt
	if _, err := Verify(instructed(t).JWS, []Key{own}, end.Add(-time.Microsecond)); err != nil {
		t.Error(err)
	}
	if _, err := Verify(instructed(t).JWS, []Key{own}, end); !errors.Is(err, ErrExpired) {
		t.Errorf("at its end: %v", err)
	}
}

// The thumbprint of RFC 8037, appendix A.3.
func TestKeysAreNamedAsTheRFCSays(t *testing.T) {
	k, err := ParseKey("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil || k.ID() != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("%s, %v", k.ID(), err)
	}
	for _, x := range []string{
		"", k.Text() + "=", k.Text()[1:], k.Text() + "\n", k.Text() + "AAAA", "+" + k.Text()[1:],
		k.Text()[:42] + "p", // the last letter has bits that mean nothing
	} {
		if _, err := ParseKey(x); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", x, err)
		}
	}
}

// A signer whose key is not the one named makes nothing, and neither does what contradicts itself.
func TestNothingIsSignedThatCouldNotBeVerified(t *testing.T) {
	good, err := Instruct(who, asked())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := good.Sign(Key{1}, sign); !errors.Is(err, ErrSignature) {
		t.Errorf("another key: %v", err)
	}
	for name, change := range map[string]func(*Instruction){
		"other amount":      func(i *Instruction) { i.Amount = "50.0035" },
		"other units":       func(i *Instruction) { i.Units = "50003401" },
		"no units":          func(i *Instruction) { i.Units, i.Amount = "0", "0.00" },
		"negative":          func(i *Instruction) { i.Units, i.Amount = "-1", "-0.000001" },
		"units with a sign": func(i *Instruction) { i.Units = "+50003400" },
		"units with a zero": func(i *Instruction) { i.Units = "050003400" },
		"too many digits":   func(i *Instruction) { i.Units = strings.Repeat("9", 79) },
		"too many decimals": func(i *Instruction) { i.Decimals = 1 << 40 },
		"no address":        func(i *Instruction) { i.Address = "" },
		"no issuer":         func(i *Instruction) { i.Issuer = "" },
		"no mode":           func(i *Instruction) { i.Mode = "???" },
		"test on a real":    func(i *Instruction) { i.Mode = "test" },
		"live on the test":  func(i *Instruction) { i.Network = "sandbox" },
		"name without text": func(i *Instruction) { i.Payee = "\xff" },
		"type of another":   func(i *Instruction) { i.Type = TypeReceipt },
		"another rule":      func(i *Instruction) { i.Matching = "any_address" },
		"no end":            func(i *Instruction) { i.ExpiresAt = "soon" },
		"another clock":     func(i *Instruction) { i.IssuedAt = "2026-05-17T12:00:00+02:00" },
	} {
		bad := good
		change(&bad)
		if _, err := bad.Sign(own, sign); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, by := paid()
	for name, change := range map[string]func(*Receipt){
		"no transfer":     func(r *Receipt) { r.Transfers = nil },
		"other total":     func(r *Receipt) { r.Units, r.Amount = "50003401", "50.003401" },
		"another address": func(r *Receipt) { r.Transfers[0].To = "0xother" },
		"other amount":    func(r *Receipt) { r.Transfers[0].Amount = "1.00" },
		"no block":        func(r *Receipt) { r.Transfers[0].BlockHash = "" },
		"no block time":   func(r *Receipt) { r.Transfers[0].BlockTime = "then" },
		"no end":          func(r *Receipt) { r.SettledAt = "" },
		"too many": func(r *Receipt) {
			for len(r.Transfers) <= MaxTransfers {
				r.Transfers = append(r.Transfers, r.Transfers[0])
			}
		},
	} {
		r, err := Acknowledge(who, s, by)
		if err != nil {
			t.Fatal(err)
		}
		change(&r)
		if _, err := r.Sign(own, sign); !errors.Is(err, ErrMalformed) {
			t.Errorf("receipt, %s: %v", name, err)
		}
	}
}

func TestStatementsNeedSomethingToState(t *testing.T) {
	s, by := paid()
	if _, err := Acknowledge(who, s, nil); err == nil {
		t.Error("a receipt of nothing")
	}
	if _, err := Acknowledge(who, asked(), by); err == nil {
		t.Error("a receipt of what is not settled")
	}
	by[0].Transfer.Asset.Contract = "0xfake"
	if _, err := Acknowledge(who, s, by); err == nil {
		t.Error("a receipt of another token")
	}
	alone := asked()
	alone.Intent.Terms.Matching = checkout.Dedicated
	if i, err := Instruct(who, alone); err != nil || i.Matching != DedicatedAddress {
		t.Errorf("an address of its own: %q, %v", i.Matching, err)
	}
	alone.Intent.Terms.Matching = "" // no rule is known: nobody may be told one
	if _, err := Instruct(who, alone); err == nil {
		t.Error("an instruction without a rule")
	}
	opened := asked()
	opened.Intent = nil
	if _, err := Instruct(who, opened); err == nil {
		t.Error("an instruction without an intent")
	}
}

// Several transfers add up, and all of them are named.
func TestAReceiptOfSeveralTransfersIsTheirSum(t *testing.T) {
	s, by := paid()
	first, second := by[0], by[0]
	first.Transfer.Units, second.Transfer.Units = big.NewInt(1), big.NewInt(50_003_399)
	second.Transfer.Index++
	r, err := Acknowledge(who, s, []Booked{first, second})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := r.Sign(own, sign)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(signed.JWS, []Key{own}, noon)
	if err != nil || len(got.Receipt.Transfers) != 2 || got.Receipt.Units != "50003400" {
		t.Errorf("%+v, %v", got.Receipt, err)
	}
}

// Whatever texts and numbers a statement has, it reads as it was signed.
func TestAnyStatementReadsAsItWasSigned(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		i, err := Instruct(who, asked())
		if err != nil {
			r.Fatal(err)
		}
		i.Payee = rapid.StringN(1, 80, -1).Draw(r, "payee")
		i.ChainID = rapid.Uint64().Draw(r, "chain id")
		i.Contract = rapid.String().Draw(r, "contract")
		i.Decimals = rapid.Uint64Range(0, maxDecimals).Draw(r, "decimals")
		units := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(r, "units"))
		units.Add(units, big.NewInt(1))
		i.Units, i.Amount = units.String(), money.FormatUnits(units, int(i.Decimals))
		signed, err := i.Sign(own, sign)
		if err != nil {
			r.Fatal(err)
		}
		got, err := Verify(signed.JWS, []Key{own}, noon)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(i, *got.Instruction); diff != "" {
			r.Fatal(diff)
		}
	})
}

// ETH has no contract, so a statement names none; "native" is a word of this gateway's own.
func TestAStatementInAnOwnCoinNamesNoContract(t *testing.T) {
	s := asked()
	intent := *s.Intent
	intent.Asset, _ = chain.Base.Native()
	s.Intent = &intent
	i, err := Instruct(who, s)
	if err != nil || i.Contract != "" || i.Asset != "ETH" || i.Decimals != 18 {
		t.Errorf("%+v, %v", i, err)
	}
}
