package ethrpc_test

import (
	"encoding/hex"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// hand is a clock that is moved by hand. It begins with the machine's time, which nodes give
// blocks.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// scene is a node that holds one final payment to a merchant, and a number of proxies before it.
type scene struct {
	*testing.T
	node     *anviltest.Node
	proxies  []*anviltest.Proxy
	hand     *hand
	client   *ethrpc.Client
	merchant ethrpc.Address
	paid     anviltest.Tx
	final    uint64

	mu      sync.Mutex
	ignored map[ethrpc.Reason]int
}

// usdt is what the token must say of itself.
var usdt = ethrpc.Token{Contract: ethrpc.Address(anviltest.USDT), Symbol: "USDT", Decimals: 6}

// units of the payment that every scene begins with.
const units = 50_013_400

func open(t *testing.T, endpoints int) *scene {
	t.Helper()
	s := &scene{
		T: t, node: anviltest.Start(t), hand: &hand{now: time.Now()},
		merchant: ethrpc.Address(anviltest.Named("merchant")), ignored: map[ethrpc.Reason]int{},
	}
	s.node.PlaceUSDT()
	s.paid = s.node.Pay(anviltest.Account(s.merchant), units)
	s.final = s.node.Finalize()
	for range endpoints {
		s.proxies = append(s.proxies, anviltest.NewProxy(t, s.node.URL))
	}
	s.client = s.connect(nil)
	return s
}

// connect answers a new client of the proxies.
func (s *scene) connect(change func(*ethrpc.Config)) *ethrpc.Client {
	s.Helper()
	cfg := ethrpc.Config{
		ChainID: anviltest.ChainID, Tokens: []ethrpc.Token{usdt}, Now: s.hand.Now, Timeout: 10 * time.Second,
	}
	for _, p := range s.proxies {
		cfg.Endpoints = append(cfg.Endpoints, ethrpc.Endpoint{URL: p.URL})
	}
	if change != nil {
		change(&cfg)
	}
	c, err := ethrpc.New(cfg)
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *scene) filter() ethrpc.Filter {
	return ethrpc.NewFilter([]ethrpc.Address{usdt.Contract}, []ethrpc.Address{s.merchant},
		func(r ethrpc.Reason, _ ethrpc.Log) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ignored[r]++
		})
}

// scan reads all final blocks.
func (s *scene) scan() ([]ethrpc.Transfer, error) {
	r, err := s.client.Transfers(s.Context(), 1, s.final, s.filter())
	return r.Transfers, err
}

// sound stops the test unless the payment is read, and nothing else.
func (s *scene) sound() {
	s.Helper()
	found, err := s.scan()
	s.amounts(found, err, units)
}

func (s *scene) amounts(found []ethrpc.Transfer, err error, want ...int64) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	if len(found) != len(want) {
		s.Fatalf("%d transfers, want %d: %+v", len(found), len(want), found)
	}
	for i, w := range want {
		if found[i].Units.Cmp(big.NewInt(w)) != 0 {
			s.Fatalf("transfer %d is of %s, want %d", i, found[i].Units, w)
		}
	}
}

// questions are all that can be asked; each answers an error if it was answered wrongly.
func (s *scene) questions() map[string]func() error {
	ctx := s.Context()
	one := func(found []ethrpc.Transfer, err error) error {
		if err == nil && (len(found) != 1 || found[0].Units.Int64() != units) {
			return errWrong
		}
		return err
	}
	return map[string]func() error{
		"head": func() error {
			h, err := s.client.Head(ctx)
			if err == nil && (h.Final.Number != s.final || h.Final.ID.Hex() != s.node.BlockID(s.final)) {
				return errWrong
			}
			return err
		},
		"scan": func() error { return one(s.scan()) },
		"look up": func() error {
			return one(s.client.TransfersOf(ctx, hash(s.T, s.paid.ID), s.filter()))
		},
		"block": func() error {
			h, err := s.client.Block(ctx, s.final)
			if err == nil && h.ID.Hex() != s.node.BlockID(s.final) {
				return errWrong
			}
			return err
		},
		"seen": func() error {
			return one(s.client.Above(ctx, s.paid.Block-1, s.filter()))
		},
	}
}

// errWrong is an answer that should have been an error.
var errWrong = errors.New("a wrong answer was believed")

// unavailable stops the test unless nobody was believed.
func (s *scene) unavailable(err error) {
	s.Helper()
	if !errors.Is(err, ports.ErrChainUnavailable) {
		s.Fatalf("got error %v, want chain unavailable", err)
	}
}

func (s *scene) health(i int) ethrpc.EndpointHealth { return s.client.Endpoints()[i] }

// blames stops the test unless an endpoint's last failure is of a class.
func (s *scene) blames(i int, want ethrpc.Class) {
	s.Helper()
	if got := s.health(i); got.LastError != want {
		s.Fatalf("endpoint %d is blamed for %q (%s), want %q", i, got.LastError, got.LastDetail, want)
	}
}

func hash(t *testing.T, text string) (h ethrpc.Hash) {
	t.Helper()
	if n, err := hex.Decode(h[:], []byte(text)); err != nil || n != len(h) {
		t.Fatalf("%q is no hash", text)
	}
	return h
}
