package x402

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// What a seller says was used is read in the forms of the official middlewares; what cannot be read, and what
// is more than was signed for, charges nobody.
func TestReadUsage(t *testing.T) {
	most := Uint(50_000)
	for header, want := range map[string]uint64{
		"":                                       50_000,
		`{"amount":"0"}`:                         0,
		`{"amount":"1234"}`:                      1_234,
		`{"amount":"50000"}`:                     50_000,
		`{"amount":"100%"}`:                      50_000,
		`{"amount":"0%"}`:                        0,
		`{"amount":"12.5%"}`:                     6_250,
		`{"amount":"0.01%"}`:                     5,
		`{"amount":"$0.05"}`:                     50_000,
		`{"amount":"$0.000001"}`:                 1,
		`{"amount":"$0"}`:                        0,
		` { "amount" : "7" , "note": {"a":1} } `: 7,
	} {
		if got, err := ReadUsage(header, most); err != nil || got != Uint(want) {
			t.Errorf("%s: %s, %v, want %d", header, got, err, want)
		}
	}
	for _, header := range []string{
		`{"amount":"50001"}`, `{"amount":"$0.050001"}`, `{"amount":"100.01%"}`, `{"amount":"-1"}`, `{"amount":1234}`,
		`{"amount":"0x10"}`, `{"amount":"012"}`, `{"amount":""}`, `{"amount":"$"}`, `{"amount":"%"}`, `{"amount":"1.5"}`,
		`{"amount":"$0.0000001"}`, `{"amount":"1.234%"}`, `{"amount":"$01"}`, `{"amount":"$1."}`, `{"amount":"1e3"}`,
		`1234`, `{}`, `{"amount":"1","amount":"2"}`, `{"amount":"1"}x`, `{"Amount":"1"}`,
		`{"amount":"` + string(make([]byte, maxUsageBytes)) + `"}`,
	} {
		if got, err := ReadUsage(header, most); !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %s, %v", header, got, err)
		}
	}
}

// Whatever is said, no more than was signed for is ever used.
func TestUsageIsNeverMoreThanWasSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := Uint(rapid.Uint64Range(1, 1<<40).Draw(t, "most"))
		amount := rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,14}`), rapid.StringMatching(`\$[0-9]{1,8}(\.[0-9]{1,7})?`),
			rapid.StringMatching(`[0-9]{1,4}(\.[0-9]{1,3})?%`), rapid.String(),
		).Draw(t, "amount")
		used, err := ReadUsage(`{"amount":"`+amount+`"}`, most)
		if err == nil && used.Cmp(most) > 0 {
			t.Fatalf("%s of %s used", used, most)
		}
	})
}
