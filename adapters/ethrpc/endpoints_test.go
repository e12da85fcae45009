package ethrpc_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// The first endpoint is preferred, not one of several: a merchant's own node is asked before a
// public one that counts requests.
func TestFirstEndpointIsPreferred(t *testing.T) {
	s := open(t, 2)
	for range 3 {
		s.sound()
	}
	if len(s.proxies[0].Asked()) == 0 || len(s.proxies[1].Asked()) != 0 {
		t.Fatal("the second endpoint was asked although the first is well")
	}
	if s.health(1).Healthy || !s.health(0).Healthy {
		t.Error("an endpoint that was never asked counts as healthy")
	}
}

// An endpoint of another chain is refused, named with both ids, and left alone until somebody may
// have mended it. It is never asked for anything but its id.
func TestWrongChainIsRefusedAndNamed(t *testing.T) {
	s := open(t, 2)
	wrong := anviltest.Instead("eth_chainId", `"0xcd8690dc"`) // Nile, a test network
	s.proxies[0].Play(wrong)
	s.sound()
	s.blames(0, ethrpc.WrongChain)
	if d := s.health(0).LastDetail; !strings.Contains(d, "3448148188") || !strings.Contains(d, "728126428") {
		t.Errorf("the complaint is %q", d)
	}
	if asked := s.proxies[0].Asked(); !slices.Equal(asked, []string{"eth_chainId"}) {
		t.Errorf("it was asked %v", asked)
	}
	s.hand.move(14 * time.Second)
	s.sound()
	if asked := s.proxies[0].Asked(); len(asked) != 0 {
		t.Errorf("it was asked again soon: %v", asked)
	}
	s.proxies[0].Play(nil)
	s.hand.move(2 * time.Second)
	s.sound()
	if len(s.proxies[0].Asked()) == 0 || !s.health(0).Healthy {
		t.Error("it was not asked again after it was mended")
	}
}

// An endpoint whose connection broke may be another one when it comes back.
func TestChainIsProvenAnewAfterAFailure(t *testing.T) {
	s := open(t, 1)
	s.sound()
	s.proxies[0].Play(anviltest.Body(502, ""))
	_, err := s.scan()
	s.unavailable(err)
	s.proxies[0].Play(anviltest.Instead("eth_chainId", `"0x1"`))
	_, err = s.scan()
	s.unavailable(err)
	s.blames(0, ethrpc.WrongChain)
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, c := range map[string]struct {
		header func(now time.Time) string
		wait   time.Duration
	}{
		"seconds": {func(time.Time) string { return "7" }, 7 * time.Second},
		"a date": {func(now time.Time) string {
			return now.Add(90 * time.Second).UTC().Format(http.TimeFormat)
		}, 90 * time.Second},
		"for ever":  {func(time.Time) string { return "4000000000" }, 10 * time.Minute},
		"the past":  {func(now time.Time) string { return now.Add(-time.Hour).UTC().Format(http.TimeFormat) }, time.Second},
		"nonsense":  {func(time.Time) string { return "soon" }, time.Second},
		"no advice": {func(time.Time) string { return "" }, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 1)
			s.hand.now = s.hand.now.Truncate(time.Second)
			s.proxies[0].Play(anviltest.Body(429, "", "Retry-After", c.header(s.hand.Now())))
			_, err := s.scan()
			s.unavailable(err)
			h := s.health(0)
			if want := s.hand.Now().Add(c.wait); !h.RetryAt.Equal(want) || h.Circuit != ethrpc.Open {
				t.Fatalf("asked again at %v, want %v: %+v", h.RetryAt, want, h)
			}
			s.proxies[0].Play(nil)
			s.proxies[0].Asked()
			s.hand.move(c.wait - time.Millisecond)
			_, err = s.scan()
			s.unavailable(err)
			if asked := s.proxies[0].Asked(); len(asked) != 0 {
				t.Fatalf("it was asked too soon: %v", asked)
			}
			s.hand.move(time.Millisecond)
			s.sound()
		})
	}
}

// Keys of providers are in URLs and headers, and providers repeat them in their complaints.
func TestSecretsStayInside(t *testing.T) {
	const path, query, user, password, header = "k3yInThePath", "k3yInTheQuery", "userName", "passW0rd", "k3yInTheHeader"
	s := open(t, 1)
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, word, _ := r.BasicAuth()
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":0,"error":{"code":-32600,"message":"bad key in %s by %s %s with %s"}}`,
			r.URL, name, word, r.Header.Get("X-Api-Key"))
	}))
	t.Cleanup(echo.Close)
	for name, host := range map[string]string{
		"it repeats them": strings.TrimPrefix(echo.URL, "http://"), "nobody is there": "127.0.0.1:1",
		"the name is unknown": "host.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			s.T = t
			s.client = s.connect(func(cfg *ethrpc.Config) {
				cfg.Endpoints = []ethrpc.Endpoint{{
					URL:    "http://" + user + ":" + password + "@" + host + "/v3/" + path + "?apikey=" + query,
					Header: http.Header{"X-Api-Key": {header}},
				}}
			})
			_, err := s.scan()
			s.unavailable(err)
			said := fmt.Sprintf("%v %+v %+v", err, s.health(0), s.client.Check(t.Context()))
			for _, secret := range []string{path, query, user, password, header} {
				if strings.Contains(said, secret) {
					t.Errorf("%q is in %s", secret, said)
				}
			}
			if s.health(0).Host != host || s.health(0).LastDetail == "" {
				t.Errorf("%+v", s.health(0))
			}
		})
	}
	_, err := ethrpc.New(ethrpc.Config{
		ChainID: 1, Now: time.Now, Endpoints: []ethrpc.Endpoint{{URL: "http://host:port/" + path}},
	})
	if err == nil || strings.Contains(err.Error(), path) {
		t.Errorf("a bad URL: %v", err)
	}
}

func TestHeadersAreSent(t *testing.T) {
	s := open(t, 1)
	var got string
	s.proxies[0].Play(func(w http.ResponseWriter, x *anviltest.Exchange) {
		got = x.Request().Header.Get("X-Api-Key")
		anviltest.Honest(w, x)
	})
	s.client = s.connect(func(cfg *ethrpc.Config) {
		cfg.Endpoints[0].Header = http.Header{"X-Api-Key": {"abc"}}
	})
	if s.sound(); got != "abc" {
		t.Errorf("the key was sent as %q", got)
	}
}

// Some providers take few calls at once. What was refused whole is asked in smaller parts, down to
// a question and its proof; what takes even those apart cannot be believed.
func TestBatchesShrink(t *testing.T) {
	s := open(t, 1)
	for range 20 {
		s.node.Pay(anviltest.Account(s.merchant), 1)
	}
	s.final = s.node.Finalize()
	for _, most := range []int{100, 20, 3, 2} {
		s.client = s.connect(nil)
		s.proxies[0].Play(anviltest.LoneCallsOnly(most))
		found, err := s.scan()
		if err != nil || len(found) != 21 {
			t.Fatalf("at most %d calls: %d transfers, %v", most, len(found), err)
		}
	}
	s.client = s.connect(nil)
	s.proxies[0].Play(anviltest.LoneCallsOnly(1))
	_, err := s.scan()
	s.unavailable(err)
}

// An answer beyond every bound is cut off where the bound is, and a range that makes one is too
// wide.
func TestHugeAnswersAreCutOff(t *testing.T) {
	s := open(t, 1)
	s.proxies[0].Play(func(w http.ResponseWriter, x *anviltest.Exchange) {
		if !x.Asks("eth_getLogs") {
			anviltest.Honest(w, x)
			return
		}
		lot := []byte(strings.Repeat(" ", 1<<20))
		for range 26 {
			if _, err := w.Write(lot); err != nil {
				return
			}
		}
	})
	if _, err := s.scan(); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Fatal(err)
	}
	s.proxies[0].Play(anviltest.Body(413, ""))
	if _, err := s.scan(); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Fatal(err)
	}
}

// A node is asked what it is before anything it says counts.
func TestOnlyFitEndpointsAreUsed(t *testing.T) {
	word := func(end string) string { return `"0x` + strings.Repeat("0", 64-len(end)) + end + `"` }
	text := func(s string) string {
		return fmt.Sprintf(`"0x%064x%064x%s"`, 32, len(s), fmt.Sprintf("%-64s", fmt.Sprintf("%x", s)))
	}
	padded := func(s string) string { return strings.ReplaceAll(text(s), " ", "0") }
	onSelector := func(selector, result string) anviltest.Trick {
		return anviltest.Change("eth_call", func(c anviltest.Call, r anviltest.Reply) anviltest.Reply {
			if strings.Contains(string(c.Params[0]), selector) {
				return anviltest.Reply{Result: []byte(result)}
			}
			return r
		})
	}
	const decimals, symbol = "0x313ce567", "0x95d89b41"
	for name, c := range map[string]struct {
		trick anviltest.Trick
		class ethrpc.Class
	}{
		"18 decimals":              {onSelector(decimals, word("12")), ethrpc.WrongToken},
		"6 and more":               {onSelector(decimals, `"0x01`+strings.Repeat("0", 60)+`06"`), ethrpc.WrongToken},
		"no decimals":              {onSelector(decimals, `"0x"`), ethrpc.WrongToken},
		"6 decimals":               {onSelector(decimals, word("6")), ethrpc.None},
		"another symbol":           {onSelector(symbol, padded("USDC")), ethrpc.None},
		"no symbol":                {onSelector(symbol, `"0x"`), ethrpc.None},
		"a symbol without an end":  {onSelector(symbol, `"0x`+strings.Repeat("f", 128)+`"`), ethrpc.None},
		"the symbol in full":       {onSelector(symbol, padded("USDT")), ethrpc.None},
		"the symbol in one word":   {onSelector(symbol, `"0x55534454`+strings.Repeat("0", 56)+`"`), ethrpc.None},
		"no code":                  {anviltest.Instead("eth_getCode", `"0x"`), ethrpc.WrongToken},
		"no final block":           {noFinal, ethrpc.Outdated},
		"no calls are answered":    {anviltest.Instead("eth_call", `error {"code":-32600,"message":"this node does not support constant"}`), ethrpc.None},
		"no version is told":       {anviltest.Instead("web3_clientVersion", `error {"code":-32601,"message":"no such method"}`), ethrpc.None},
		"a version that is unfit":  {anviltest.Instead("web3_clientVersion", `"old/1.0"`), ethrpc.Outdated},
		"calls are asked too fast": {anviltest.Instead("eth_call", `error {"code":-32005,"message":"rate limit"}`), ethrpc.Limited},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 2)
			s.client = s.connect(func(cfg *ethrpc.Config) {
				cfg.Version = func(v string) error {
					if strings.HasPrefix(v, "old") {
						return errors.New(v + " is too old")
					}
					return nil
				}
			})
			s.proxies[0].Play(c.trick)
			s.sound()
			s.blames(0, c.class)
			if s.health(0).Healthy != (c.class == ethrpc.None) {
				t.Errorf("%+v", s.health(0))
			}
			checked := s.client.Check(t.Context())
			if checked[0].Class != c.class || checked[1].Class != ethrpc.None {
				t.Errorf("checked: %+v", checked)
			}
			if (checked[0].Problem == "") != (c.class == ethrpc.None) {
				t.Errorf("problem %q of class %q", checked[0].Problem, c.class)
			}
			unproven := slices.Contains([]string{
				"no calls are answered", "another symbol", "no symbol", "a symbol without an end",
			}, name)
			if (checked[0].Health.Unproven != "") != unproven {
				t.Errorf("unproven: %q", checked[0].Health.Unproven)
			}
		})
	}
}

// noFinal is a node that does not know the tag "finalized".
func noFinal(w http.ResponseWriter, x *anviltest.Exchange) {
	anviltest.Change("eth_getBlockByNumber", func(c anviltest.Call, r anviltest.Reply) anviltest.Reply {
		if string(c.Params[0]) == `"finalized"` {
			return anviltest.Reply{Error: []byte(`{"code":-32602,"message":"TAG finalized not supported"}`)}
		}
		return r
	})(w, x)
}

func TestConfigurationIsChecked(t *testing.T) {
	sound := ethrpc.Endpoint{URL: "http://localhost:1"}
	for name, cfg := range map[string]ethrpc.Config{
		"no endpoint":   {ChainID: 1, Now: time.Now},
		"too many":      {ChainID: 1, Now: time.Now, Endpoints: slices.Repeat([]ethrpc.Endpoint{sound}, 17)},
		"no chain":      {Now: time.Now, Endpoints: []ethrpc.Endpoint{sound}},
		"no clock":      {ChainID: 1, Endpoints: []ethrpc.Endpoint{sound}},
		"no host":       {ChainID: 1, Now: time.Now, Endpoints: []ethrpc.Endpoint{{URL: "http://"}}},
		"a file":        {ChainID: 1, Now: time.Now, Endpoints: []ethrpc.Endpoint{{URL: "file:///etc/passwd"}}},
		"a socket":      {ChainID: 1, Now: time.Now, Endpoints: []ethrpc.Endpoint{sound, {URL: "ws://localhost"}}},
		"an empty text": {ChainID: 1, Now: time.Now, Endpoints: []ethrpc.Endpoint{{}}},
	} {
		if c, err := ethrpc.New(cfg); err == nil {
			t.Errorf("%s: %+v", name, c.Endpoints())
		}
	}
}
