package outbound

import (
	"errors"
	"net/netip"
	"slices"
	"sync/atomic"
	"syscall"

	"code.dny.dev/ssrf"

	"github.com/101pay/101pay/domain/webhook"
)

// What a developer's machine may be reached at beyond the public internet. Link-local addresses stay
// out: clouds answer credentials there.
var (
	privateV4 = []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	}
	privateV6 = []netip.Prefix{netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("fc00::/7")}

	// metadata are the addresses clouds answer credentials at that are private or even look public.
	// Nobody develops a receiver there.
	metadata = []netip.Addr{
		netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("fd00:ec2::254"),
		netip.MustParseAddr("fd00:ec2::23"), netip.MustParseAddr("fd20:ce::254"),
	}
)

var errNotPublic = errors.New("not an address of the public internet")

// guard judges the address a connection is about to be made to. Two lists must agree: the library's,
// kept up to date by others, and our own.
type guard struct {
	library      *ssrf.Guardian
	allowPrivate bool
}

func newGuard(allowPrivate bool) guard {
	if !allowPrivate {
		return guard{library: ssrf.New(ssrf.WithPorts(443))}
	}
	return guard{allowPrivate: true, library: ssrf.New(ssrf.WithAnyPort(),
		ssrf.WithAllowedV4Prefixes(privateV4...), ssrf.WithAllowedV6Prefixes(privateV6...))}
}

// control answers a function for net.Dialer.Control, which the dialer calls with each address a name
// resolved to, before connecting. It notes a refusal, because the dialer reports only the first of
// several errors.
func (g guard) control(denied *atomic.Bool) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, c syscall.RawConn) error {
		err := g.library.Safe(network, address, c)
		if err == nil {
			var parsed netip.AddrPort
			if parsed, err = netip.ParseAddrPort(address); err == nil {
				err = g.refuses(parsed.Addr())
			}
		}
		if err != nil {
			denied.Store(true)
		}
		return err
	}
}

// refuses answers why an address must not be connected to, whatever the port.
func (g guard) refuses(a netip.Addr) error {
	if err := g.library.SafeAddr(a); err != nil {
		return err
	}
	if slices.Contains(metadata, a) {
		return errNotPublic
	}
	if !g.allowPrivate && !webhook.PublicAddress(a) {
		return errNotPublic
	}
	return nil
}
