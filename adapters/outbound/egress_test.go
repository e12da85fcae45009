package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"code.dny.dev/ssrf"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// canary listens where we must never connect, on the loopback of both families at one port, and
// counts who comes. What a sender reports proves nothing; what arrives does.
type canary struct {
	port    string
	visits  atomic.Int64
	hasIPv6 bool
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{}
	four, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, c.port, _ = net.SplitHostPort(four.Addr().String())
	six, err := net.Listen("tcp6", "[::1]:"+c.port)
	c.hasIPv6 = err == nil
	for _, l := range []net.Listener{four, six} {
		if l == nil {
			continue
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				c.visits.Add(1)
				conn.Close()
			}
		}()
	}
	return c
}

// untouched fails the test if anybody came.
func (c *canary) untouched(t *testing.T) {
	t.Helper()
	if n := c.visits.Load(); n != 0 {
		t.Fatalf("%d connections reached the inside", n)
	}
}

// strict is a sender as in production, but for the port: the canary cannot listen on 443, and must
// not be saved by that. It has all the time a busy machine may need.
func strict(r *net.Resolver) *Sender {
	s := New(Options{Resolver: r, Timeout: patience})
	s.probe = patience
	s.guard.library = ssrf.New(ssrf.WithAnyPort())
	return s
}

// The canary must be able to sing: a sender that may go there is seen.
func TestTheCanaryIsHeard(t *testing.T) {
	c := newCanary(t)
	s := New(Options{AllowPrivate: true, Resolver: nameServer(t, fixed("127.0.0.1"))})
	s.Send(t.Context(), ports.Outgoing{URL: "https://shop.example:" + c.port + "/"})
	if c.visits.Load() != 1 {
		t.Fatal("an allowed connection was not counted")
	}
}

// W3: names that lead inside, by every way a name or an address can.
func TestNoNameLeadsInside(t *testing.T) {
	public := netip.MustParseAddr("192.0.0.9") // never answered; the guard refuses it, too
	zones := map[string]zone{
		"loopback":             fixed("127.0.0.1"),
		"loopback elsewhere":   fixed("127.8.8.8"),
		"IPv6 loopback":        fixed("::1"),
		"any":                  fixed("0.0.0.0", "::"),
		"mapped":               fixed("::ffff:127.0.0.1"),
		"NAT64":                fixed("64:ff9b::7f00:1"),
		"6to4":                 fixed("2002:7f00:1::1"),
		"Teredo":               fixed("2001:0:7f00:1::1"),
		"compatible":           fixed("::127.0.0.1"),
		"private":              fixed("10.0.0.1", "172.16.0.1", "192.168.0.1", "fd00::1"),
		"carrier":              fixed("100.64.0.1"),
		"metadata":             fixed("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
		"IPv6 inside, v4 dead": fixed("::1", public.String()),
		"alias": func(string, uint16) ([]string, []netip.Addr) {
			return []string{"a.example.", "b.example.", "localhost."}, []netip.Addr{
				netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1"),
			}
		},
	}
	for name, z := range zones {
		t.Run(name, func(t *testing.T) {
			c := newCanary(t)
			s := strict(nameServer(t, z))
			for range 200 {
				got := s.post(t.Context(), ports.Outgoing{URL: "https://shop.example:" + c.port + "/hook"})
				if got.Outcome != webhook.OutcomeEgressDenied || got.StatusCode != 0 {
					t.Fatalf("outcome %q, want %q", got.Outcome, webhook.OutcomeEgressDenied)
				}
			}
			c.untouched(t)
		})
	}
}

// Rebinding: the first answer is public, every later one is not. A check before the dial would
// read the first and connect to the second.
func TestRebindingGainsNothing(t *testing.T) {
	c := newCanary(t)
	var asked sync.Map
	s := strict(nameServer(t, func(name string, kind uint16) ([]string, []netip.Addr) {
		if _, again := asked.LoadOrStore(fmt.Sprint(name, kind), true); again {
			return nil, []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
		}
		return nil, []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2606:4700::1111")}
	}))
	const names, racers = 1000, 10
	var wg sync.WaitGroup
	for r := range racers {
		wg.Go(func() {
			for i := range names {
				host := fmt.Sprintf("h%d-%d.example", r, i)
				if !s.Reachable(t.Context(), "https://"+host+"/") {
					t.Errorf("%s was public when it was first asked for", host)
				}
				got := s.post(t.Context(), ports.Outgoing{URL: "https://" + host + ":" + c.port + "/"})
				if got.Outcome != webhook.OutcomeEgressDenied {
					t.Errorf("outcome %q", got.Outcome)
				}
				if s.Reachable(t.Context(), "https://"+host+"/") {
					t.Errorf("%s leads inside now", host)
				}
			}
		})
	}
	wg.Wait()
	c.untouched(t)
}

// In production not even a public name reaches another port, and no odd literal passes.
func TestOddLiteralsAndPortsNeverConnect(t *testing.T) {
	c := newCanary(t)
	s := New(Options{Timeout: patience, Resolver: nameServer(t, fixed("127.0.0.1", "::1"))})
	for _, host := range []string{
		"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:7f00:1]",
		"[::ffff:127.0.0.1]", "[fe80::1%25lo]", "localhost", "foo.localhost", "shop.example@127.0.0.1", "shop.example",
	} {
		for _, raw := range []string{"https://" + host + ":" + c.port, "https://" + host, "http://" + host + ":" + c.port} {
			got := s.Send(t.Context(), ports.Outgoing{URL: raw + "/hook"})
			if got.Outcome != webhook.OutcomeEgressDenied || got.StatusCode != 0 {
				t.Errorf("%s: outcome %q", raw, got.Outcome)
			}
		}
		if s.Reachable(t.Context(), "https://"+host+"/") {
			t.Errorf("%s is called reachable", host)
		}
	}
	c.untouched(t)
}

// The guard refuses each port but 443 even where the address is public.
func TestOnlyTheHTTPSPortIsDialled(t *testing.T) {
	for port, ok := range map[string]bool{"443": true, "80": false, "22": false, "8443": false, "25": false} {
		var denied atomic.Bool
		err := newGuard(false).control(&denied)("tcp4", "8.8.8.8:"+port, nil)
		if (err == nil) != ok || denied.Load() == ok {
			t.Errorf("port %s: %v", port, err)
		}
	}
	var denied atomic.Bool
	for _, address := range []string{"", "8.8.8.8", "shop.example:443", "[2606:4700::1111%eth0]:443", "168.63.129.16:443"} {
		if err := newGuard(false).control(&denied)("tcp4", address, nil); err == nil {
			t.Errorf("%q passes", address)
		}
	}
}

func TestDevelopersReachTheirOwnMachineButNoMetadata(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:8080": true, "10.1.2.3:80": true, "192.168.1.1:3000": true, "172.20.0.2:9": true,
		"[::1]:8080": true, "[fd00::1]:80": true, "8.8.8.8:8443": true,
		"168.63.129.16:80": false, "[fd00:ec2::254]:80": false, "[fd20:ce::254]:80": false, "100.100.100.200:80": false,
		"169.254.169.254:80": false, "[fe80::1%lo]:80": false, "0.0.0.0:80": false, "[64:ff9b::7f00:1]:80": false,
	} {
		var denied atomic.Bool
		if err := newGuard(true).control(&denied)("tcp4", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A search list in the machine's resolver configuration must not turn a public name into one of the
// inside: names are asked for as they are, from the root.
func TestPublicNamesAreAbsolute(t *testing.T) {
	for address, want := range map[string]string{
		"shop.example:443": "shop.example.:443", "8.8.8.8:443": "8.8.8.8:443", "[2606:4700::1]:443": "[2606:4700::1]:443",
	} {
		if got := New(Options{}).absolute(address); got != want {
			t.Errorf("%s is dialled as %s, want %s", address, got, want)
		}
	}
	s := New(Options{Resolver: nameServer(t, fixed())})
	_, err := s.transport(new(trouble)).DialContext(t.Context(), "tcp", "shop.example:443")
	var unknown *net.DNSError
	if !errors.As(err, &unknown) || unknown.Name != "shop.example." {
		t.Errorf("asked for another name: %v", err)
	}
	if got := New(Options{AllowPrivate: true}).absolute("receiver:80"); got != "receiver:80" {
		t.Errorf("a developer's name is dialled as %s", got)
	}
}

func TestReachableNeedsAnAnswer(t *testing.T) {
	good := New(Options{Resolver: nameServer(t, fixed("8.8.8.8", "2606:4700::1111"))})
	if !good.Reachable(t.Context(), "https://shop.example/hook") {
		t.Error("a public name is not reachable")
	}
	mapped := New(Options{Resolver: nameServer(t, fixed("::ffff:8.8.8.8"))})
	if !mapped.Reachable(t.Context(), "https://shop.example/hook") {
		t.Error("a mapped address is dialled as the public one it holds, so it is reachable")
	}
	for name, z := range map[string]zone{
		"nothing":  fixed(),
		"one of 2": fixed("8.8.8.8", "10.0.0.1"),
		"mapped":   fixed("::ffff:8.8.8.8", "::ffff:10.0.0.1"),
	} {
		if New(Options{Resolver: nameServer(t, z)}).Reachable(t.Context(), "https://shop.example/") {
			t.Errorf("%s: called reachable", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if good.Reachable(gone, "https://shop.example/") || good.Reachable(t.Context(), strings.Repeat("a", 3000)) {
		t.Error("called reachable without an answer")
	}
}
