package hosted

import (
	"errors"
	"regexp"
	"testing"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
)

// What a button sends is what it shows: a method, and the network beside it.
func TestAButtonNamesMethodAndNetwork(t *testing.T) {
	page := stories()["open-several"].render(t, locales[0])
	var got []app.Choice
	for _, m := range regexp.MustCompile(`name="method" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		choice, err := readChoice(m[1])
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, choice)
	}
	want := []app.Choice{
		{Method: checkout.USDT, Network: "ethereum"},
		{Method: checkout.USDC, Network: "ethereum"},
		{Method: checkout.ETH, Network: "ethereum"},
		{Method: checkout.USDT, Network: "bsc"},
		{Method: checkout.USDC, Network: "bsc"},
		{Method: checkout.BNB, Network: "bsc"},
		{Method: checkout.USDC, Network: "base"},
		{Method: checkout.ETH, Network: "base"},
	}
	if len(got) != len(want) {
		t.Fatalf("buttons for %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("button %d is for %v, want %v", i, got[i], want[i])
		}
	}
	if choice, err := readChoice("usdt"); err != nil || choice != (app.Choice{Method: checkout.USDT}) {
		t.Errorf("a method alone is %v, %v", choice, err)
	}
	for _, wrong := range []string{"", "/base", "USDC/base", "usdc-base"} {
		if _, err := readChoice(wrong); !errors.Is(err, checkout.ErrUnsupportedMethod) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
