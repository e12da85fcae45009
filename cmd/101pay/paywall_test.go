package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// wall is a command line of a paywall that is right.
func wall() paywallCommand {
	return paywallCommand{
		Upstream: "http://127.0.0.1:1", PayTo: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
		Network: []string{"base", "polygon"}, Price: []string{"GET /weather/{city}=0.01", "POST /orders=0.0025"},
		Tool: []string{"/mcp weather=0.01", "/mcp stocks=0.5"}, Free: []string{"GET /health"}, Timeout: time.Minute,
	}
}

func paywallHandler(w paywallCommand, facilitator string) (http.Handler, error) {
	c := &Config{PublicURL: "https://api.example.com"}
	c.X402.FacilitatorURL = facilitator
	return w.handler(c, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// What the command line says is what is asked for.
func TestPaywallSellsByItsCommandLine(t *testing.T) {
	h, err := paywallHandler(wall(), "https://pay.example/facilitator")
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]struct {
		status int
		says   string
	}{
		"GET /weather/ulm":  {http.StatusPaymentRequired, `"maxAmountRequired":"10000","resource":"https://api.example.com/weather/ulm"`},
		"POST /orders":      {http.StatusPaymentRequired, `"maxAmountRequired":"2500"`},
		"GET /orders":       {http.StatusNotFound, "not_found"},
		"GET /health":       {http.StatusBadGateway, "upstream_unavailable"},
		"GET /weather//ulm": {http.StatusNotFound, "not_found"},
	} {
		method, target, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.says) {
			t.Errorf("%s: %d %s", request, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"stocks","arguments":{}}}`)))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"amount":"500000"`) {
		t.Errorf("a tool: %d %s", w.Code, w.Body)
	}
}

// The names under which USDC is signed for, and where it takes no authorizations.
func TestUSDCOnNetworks(t *testing.T) {
	for name, want := range map[string]x402.Network{"base": 8453, "polygon": 137, "ethereum": 1, "base-sepolia": 84532} {
		if got, err := usdcOn(name); err != nil || got.Network() != want {
			t.Errorf("%s: %v, %v", name, got.Network(), err)
		}
	}
	for _, name := range []string{"bsc", "tron", "sandbox", "", "BASE"} {
		if _, err := usdcOn(name); err == nil {
			t.Errorf("%q has USDC that takes authorizations", name)
		}
	}
}

// A command line that would sell for nothing, to nobody or nowhere is refused when it starts.
func TestPaywallRefusesCommandLines(t *testing.T) {
	if _, err := paywallHandler(wall(), ""); err == nil || !strings.Contains(err.Error(), "X402_FACILITATOR_URL") {
		t.Errorf("without a facilitator: %v", err)
	}
	for name, spoil := range map[string]func(*paywallCommand){
		"nothing for sale": func(w *paywallCommand) { w.Price, w.Tool = nil, nil },
		"no price":         func(w *paywallCommand) { w.Price = []string{"GET /weather"} },
		"a price of 0":     func(w *paywallCommand) { w.Price = []string{"GET /weather=0"} },
		"too fine a price": func(w *paywallCommand) { w.Price = []string{"GET /weather=0.0000001"} },
		"twice":            func(w *paywallCommand) { w.Free = append(w.Free, "POST /orders") },
		"no tool":          func(w *paywallCommand) { w.Tool = []string{"/mcp=0.01"} },
		"no path":          func(w *paywallCommand) { w.Tool = []string{"mcp weather=0.01"} },
		"nobody":           func(w *paywallCommand) { w.PayTo = "vitalik.eth" },
		"nowhere":          func(w *paywallCommand) { w.Network = []string{"bsc"} },
		"no server":        func(w *paywallCommand) { w.Upstream = "127.0.0.1" },
		"hardly any time":  func(w *paywallCommand) { w.Timeout = time.Second },
	} {
		w := wall()
		spoil(&w)
		if _, err := paywallHandler(w, "https://pay.example/facilitator"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
