package ethrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// storm is a node on which dust rains: so many transfers of foreign tokens to one address in its one
// final block.
func storm(logs int, to string) func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
	return func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
		if len(calls) != 1 || calls[0].Method != "eth_getLogs" {
			return good(ctx, calls)
		}
		list := make([]string, logs)
		for i := range list {
			list[i] = fmt.Sprintf(`{"address":"0x%040x","topics":["0x%s","0x%064x","0x000000000000000000000000%s"],`+
				`"data":"0x%064x","blockNumber":"0x7","blockHash":"%s","transactionHash":"0x%064x","logIndex":"0x%x",`+
				`"removed":false}`, i+1, ethrpc.TransferTopic.Hex(), i+1, to, 5, anotherHash, i+1, i)
		}
		return strings.NewReader(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":[%s]}`, calls[0].ID, strings.Join(list, ","))), nil
	}
}

// railOn reads a network of Ethereum's kind through hosts in memory.
func railOn(t *testing.T, w wire, hosts ...string) *ethrpc.Rail {
	t.Helper()
	cfg := ethrpc.Config{ChainID: 1, Now: time.Now, Transport: w}
	for _, host := range hosts {
		cfg.Endpoints = append(cfg.Endpoints, ethrpc.Endpoint{URL: "http://" + host})
	}
	client, err := ethrpc.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	script := ethrpc.Script{
		Read:  func(a chain.Address) (ethrpc.Address, bool) { return a.EVMBytes() },
		Print: func(b ethrpc.Address) chain.Address { return chain.EVMAddress(b) },
	}
	r := ethrpc.NewRail(client, chain.Ethereum, chain.Ethereum.Tokens(), script)
	if _, err := r.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func receiver() (chain.Address, string) {
	b := anviltest.Named("dusted")
	return chain.EVMAddress(b), fmt.Sprintf("%x", b[:])
}

// Ten thousand transfers of dust cost one question, and a bounded answer that counts the rest.
func TestAStormOfDustIsBounded(t *testing.T) {
	const logs = 10_000
	at, digits := receiver()
	asked := 0
	rain := storm(logs, digits)
	r := railOn(t, wire{"node": func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
		if calls[0].Method == "eth_getLogs" {
			asked++
		}
		return rain(ctx, calls)
	}}, "node")
	found, err := r.Strange(t.Context(), 7, 7, ports.Watch{Assets: r.Assets(), Receivers: []chain.Address{at}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Transfers) != ports.MaxStrangeOf || found.More[at] != logs-ports.MaxStrangeOf || asked != 1 {
		t.Errorf("%d events, %d more, %d questions", len(found.Transfers), found.More[at], asked)
	}
	for _, f := range found.Transfers {
		if f.Reason != ports.ForeignToken || f.To != at || f.BlockTime.IsZero() || f.Height != 7 {
			t.Fatalf("event %+v", f)
		}
	}
}

// A node that will not list strangers is not held to account: the reading of payments finds it as it
// was. The next node is asked; and nobody is asked for more receivers than can be.
func TestLookingForStrangersBlamesNobody(t *testing.T) {
	at, digits := receiver()
	refuses := func(answer string) func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
		return func(ctx context.Context, calls []anviltest.Call) (io.Reader, error) {
			if calls[0].Method == "eth_getLogs" {
				if answer == "" {
					return nil, errors.New("the connection broke")
				}
				return strings.NewReader(strings.Replace(answer, "ID", string(calls[0].ID), 1)), nil
			}
			return good(ctx, calls)
		}
	}
	watch := ports.Watch{Assets: chain.Ethereum.Tokens(), Receivers: []chain.Address{at}}
	for name, answer := range map[string]string{
		"breaks":            "",
		"limits":            `{"jsonrpc":"2.0","id":ID,"error":{"code":-32005,"message":"rate limit exceeded"}}`,
		"wants an address":  `{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"please specify an address"}}`,
		"answers something": `{"jsonrpc":"2.0","id":ID,"result":{"logs":[]}}`,
	} {
		r := railOn(t, wire{"node": refuses(answer)}, "node")
		before := r.Endpoints()[0]
		for range 5 {
			if found, err := r.Strange(t.Context(), 7, 7, watch); err == nil {
				t.Fatalf("%s: %+v", name, found)
			}
		}
		if after := r.Endpoints()[0]; after.Failures != before.Failures || !after.Healthy || after.Circuit != ethrpc.Closed {
			t.Errorf("%s: the node is blamed: %+v", name, after)
		}
	}
	r := railOn(t, wire{"bad": refuses(""), "good": storm(3, digits)}, "bad", "good")
	for r.Endpoints()[1].Final == 0 { // the second is known to be well once it was asked
		if checked, err := r.Check(t.Context()); err != nil {
			t.Fatal(checked, err)
		}
	}
	if found, err := r.Strange(t.Context(), 7, 7, watch); err != nil || len(found.Transfers) != 3 {
		t.Errorf("with a second node: %+v, %v", found, err)
	}
	for range ports.MaxStrangeTo {
		b := anviltest.Named(fmt.Sprint("receiver ", len(watch.Receivers)))
		watch.Receivers = append(watch.Receivers, chain.EVMAddress(b))
	}
	if _, err := r.Strange(t.Context(), 7, 7, watch); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Errorf("for too many receivers: %v", err)
	}
}
