package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// Types of DNS records.
const (
	typeA     = 1
	typeCNAME = 5
	typeAAAA  = 28
)

// zone answers for names, which end with a dot. An answer may differ each time it is asked.
type zone func(name string, query uint16) (aliases []string, addresses []netip.Addr)

// nameServer runs a DNS server for the test and answers a resolver that asks only it. Every record
// is valid for no time at all.
func nameServer(t *testing.T, answer zone) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if reply := reply(buffer[:n], answer); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
		},
	}
}

// reply answers one query: the aliases in a chain, then the addresses of the type asked for.
func reply(query []byte, answer zone) []byte {
	if len(query) < 12 {
		return nil
	}
	var labels []string
	at := 12
	for at < len(query) && query[at] != 0 {
		end := at + 1 + int(query[at])
		if end >= len(query) {
			return nil
		}
		labels = append(labels, string(query[at+1:end]))
		at = end
	}
	if at+5 > len(query) {
		return nil
	}
	name, kind := strings.ToLower(strings.Join(labels, "."))+".", binary.BigEndian.Uint16(query[at+1:])
	aliases, addresses := answer(name, kind)
	var records []byte
	count, owner := uint16(0), name
	record := func(kind uint16, value []byte) {
		records = append(records, encodeName(owner)...)
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0) // internet, TTL 0
		records = binary.BigEndian.AppendUint16(records, uint16(len(value)))
		records = append(records, value...)
		count++
	}
	for _, alias := range aliases {
		record(typeCNAME, encodeName(alias))
		owner = alias
	}
	for _, a := range addresses {
		if (kind == typeA) == a.Is4() {
			record(kind, a.AsSlice())
		}
	}
	out := append([]byte{}, query[:2]...)
	out = append(out, 0x84, 0, 0, 1) // an authoritative answer without error to one question
	out = binary.BigEndian.AppendUint16(out, count)
	out = append(out, 0, 0, 0, 0)
	out = append(out, query[12:at+5]...)
	if count == 0 && len(addresses) == 0 {
		out[3] = 3 // no such name
	}
	return append(out, records...)
}

func encodeName(name string) (out []byte) {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		out = append(append(out, byte(len(label))), label...)
	}
	return append(out, 0)
}

// fixed answers every name with the same addresses.
func fixed(addresses ...string) zone {
	parsed := make([]netip.Addr, len(addresses))
	for i, a := range addresses {
		parsed[i] = netip.MustParseAddr(a)
	}
	return func(string, uint16) ([]string, []netip.Addr) { return nil, parsed }
}
