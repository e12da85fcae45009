package ethrpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// wire carries requests to hosts that live in memory, so that time can be a bubble's.
type wire map[string]func(ctx context.Context, calls []anviltest.Call) (io.Reader, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var calls []anviltest.Call
	if json.Unmarshal(text, &calls) != nil {
		calls = make([]anviltest.Call, 1)
		if err := json.Unmarshal(text, &calls[0]); err != nil {
			return nil, err
		}
	}
	body, err := w[r.URL.Host](r.Context(), calls)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(body), Request: r}, nil
}

// good answers as a node whose newest block, which is final, is of now.
func good(_ context.Context, calls []anviltest.Call) (io.Reader, error) {
	block := fmt.Sprintf(`{"number":"0x7","hash":"%s","timestamp":"0x%x","transactions":[]}`,
		anotherHash, time.Now().Unix())
	results := map[string]string{
		"eth_chainId": `"0x1"`, "web3_clientVersion": `"memory"`, "eth_getBlockByNumber": block,
	}
	out := make([]string, len(calls))
	for i, c := range calls {
		out[i] = fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, c.ID, results[c.Method])
	}
	if len(out) == 1 {
		return strings.NewReader(out[0]), nil
	}
	return strings.NewReader("[" + strings.Join(out, ",") + "]"), nil
}

// silent answers nothing until the client gives up.
func silent(ctx context.Context, _ []anviltest.Call) (io.Reader, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// trickling answers white space, a byte a second, for ever.
func trickling(ctx context.Context, _ []anviltest.Call) (io.Reader, error) {
	return trickle{ctx}, nil
}

type trickle struct{ ctx context.Context }

func (t trickle) Read(p []byte) (int, error) {
	select {
	case <-t.ctx.Done():
		return 0, t.ctx.Err()
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	}
}

// dial answers a client of hosts a, b, … in memory.
func dial(t *testing.T, hosts wire) *ethrpc.Client {
	t.Helper()
	cfg := ethrpc.Config{ChainID: 1, Now: time.Now, Transport: hosts}
	for i := range len(hosts) {
		cfg.Endpoints = append(cfg.Endpoints, ethrpc.Endpoint{URL: "http://" + string(rune('a'+i))})
	}
	c, err := ethrpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Waiting has an end, whether nothing comes or nearly nothing, and then the next endpoint is asked.
func TestWaitingEnds(t *testing.T) {
	for name, slow := range map[string]func(context.Context, []anviltest.Call) (io.Reader, error){
		"silent": silent, "trickling": trickling,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := dial(t, wire{"a": slow, "b": good})
				began := time.Now()
				if _, err := c.Head(t.Context()); err != nil {
					t.Fatal(err)
				}
				if waited := time.Since(began); waited != 15*time.Second { // of the bubble's time
					t.Errorf("the slow endpoint was waited for %v", waited)
				}
				if h := c.Endpoints()[0]; h.LastError != ethrpc.TimedOut {
					t.Errorf("%+v", h)
				}
			})
		})
	}
}

// After three failures in a row an endpoint is left alone, longer each time, and then tried by one
// request; a success forgives everything.
func TestBreakerOpensAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, asked := true, 0
		c := dial(t, wire{"a": func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
			asked++
			if broken {
				return nil, errors.New("connection reset")
			}
			return good(ctx, calls)
		}, "b": good})
		ask := func() {
			t.Helper()
			if _, err := c.Head(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			ask()
		}
		if h := c.Endpoints()[0]; asked != 3 || h.Circuit != ethrpc.Open || h.Failures != 3 ||
			!h.RetryAt.Equal(time.Now().Add(4*time.Second)) {
			t.Fatalf("asked %d times: %+v", asked, h)
		}
		var pauses []time.Duration
		for range 6 {
			began, before := time.Now(), asked
			for asked == before {
				time.Sleep(time.Second)
				ask()
			}
			pauses = append(pauses, time.Since(began))
		}
		if want := "[4s 8s 16s 32s 1m0s 1m0s]"; fmt.Sprint(pauses) != want {
			t.Errorf("pauses of %v, want %s", pauses, want)
		}
		time.Sleep(time.Minute)
		if h := c.Endpoints()[0]; h.Circuit != ethrpc.HalfOpen {
			t.Errorf("before it is tried again: %+v", h)
		}
		broken = false
		ask()
		if h := c.Endpoints()[0]; h.Circuit != ethrpc.Closed || !h.Healthy {
			t.Fatalf("after it has recovered: %+v", h)
		}
		broken = true
		ask()
		if h := c.Endpoints()[0]; h.Circuit != ethrpc.Closed {
			t.Error("one failure after a success closed the endpoint")
		}
	})
}

// Only one request tries an endpoint that may have recovered; the others do not queue up behind it.
func TestBreakerTriesOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, tries := true, 0
		c := dial(t, wire{"a": func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
			if broken {
				return nil, errors.New("connection reset")
			}
			tries++
			return silent(ctx, calls)
		}, "b": good})
		for range 3 {
			_, _ = c.Head(t.Context())
		}
		broken = false
		time.Sleep(time.Minute)
		done := make(chan error)
		for range 5 {
			go func() {
				_, err := c.Head(t.Context())
				done <- err
			}()
		}
		for range 5 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if tries != 1 {
			t.Errorf("%d requests tried it", tries)
		}
	})
}

// When everybody rests, the error says when asking again can help.
func TestEverybodyRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reset := func(context.Context, []anviltest.Call) (io.Reader, error) {
			return nil, errors.New("connection reset")
		}
		c := dial(t, wire{"a": reset, "b": reset})
		for range 3 {
			_, err := c.Head(t.Context())
			if !errors.Is(err, ports.ErrChainUnavailable) {
				t.Fatal(err)
			}
		}
		_, err := c.Head(t.Context())
		if !errors.Is(err, ports.ErrChainUnavailable) || !strings.Contains(err.Error(), "resting") {
			t.Fatal(err)
		}
	})
}

// A caller in a hurry sends a slow endpoint to the end of the line, but does not close it to
// others.
func TestHurryClosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, wire{"a": silent})
		for range 5 {
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			_, err := c.Head(ctx)
			stop()
			if !errors.Is(err, ports.ErrChainUnavailable) {
				t.Fatal(err)
			}
		}
		if h := c.Endpoints()[0]; h.Circuit != ethrpc.Closed || h.LastError != ethrpc.TimedOut {
			t.Fatalf("%+v", h)
		}
	})
}
