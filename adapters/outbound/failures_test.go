package outbound

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// N06: each way a connection can fail has its name, and none outlasts the timeout.
func TestFailuresHaveNames(t *testing.T) {
	const short = 300 * time.Millisecond
	hang := make(chan struct{})
	defer close(hang)
	silent := func(net.Conn) { <-hang }
	for name, c := range map[string]struct {
		answer  func(c net.Conn)
		timeout time.Duration
		want    string
	}{
		"never answers":       {silent, short, webhook.OutcomeTimeout},
		"half a status line":  {func(c net.Conn) { io.WriteString(c, "HTTP/1.1 20"); <-hang }, short, webhook.OutcomeTimeout},
		"resets":              {func(c net.Conn) { c.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0) }, patience, webhook.OutcomeReset},
		"closes":              {func(net.Conn) {}, patience, webhook.OutcomeReset},
		"junk":                {func(c net.Conn) { io.WriteString(c, "hello there\r\n\r\n") }, patience, webhook.OutcomeReset},
		"HTTP/0.9":            {func(c net.Conn) { io.WriteString(c, "<html>ok</html>") }, patience, webhook.OutcomeReset},
		"9 MiB header":        {manyHeaders, patience, webhook.OutcomeTooLarge},
		"informational flood": {informational, patience, webhook.OutcomeTooLarge},
		"headers that drip":   {func(c net.Conn) { drip(c, "HTTP/1.1 200 OK\r\nX: ") }, short, webhook.OutcomeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			r := raw(t, c.answer)
			got := r.sender(t, c.timeout).Send(t.Context(), ports.Outgoing{URL: r.url})
			if got.Outcome != c.want || got.StatusCode != 0 || got.Answer != "" {
				t.Errorf("outcome %q (status %d), want %q", got.Outcome, got.StatusCode, c.want)
			}
		})
	}
}

// W1: 200 and then nothing good is still 200.
func TestAnAnswerStandsHoweverItGoesOn(t *testing.T) {
	const while = 4 * time.Second // shorter than a body is waited for, and long enough for all before it
	for name, it := range map[string]struct {
		goesOn  func(c net.Conn)
		timeout time.Duration
	}{
		"reset": {func(c net.Conn) { c.(*tls.Conn).NetConn().(*net.TCPConn).SetLinger(0) }, patience},
		"cut":   {func(net.Conn) {}, patience},
		"drip":  {func(c net.Conn) { drip(c, "") }, while},
	} {
		t.Run(name, func(t *testing.T) {
			r := raw(t, func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
				it.goesOn(c)
			})
			s := r.sender(t, it.timeout)
			s.drain = time.Hour
			got := s.Send(t.Context(), ports.Outgoing{URL: r.url})
			if got.Outcome != webhook.OutcomeDelivered || got.StatusCode != 200 {
				t.Errorf("outcome %q (status %d)", got.Outcome, got.StatusCode)
			}
		})
	}
}

// A body that drips holds nobody for long, however much time there would be.
func TestDrippingBodiesAreNotWaitedFor(t *testing.T) {
	r := raw(t, func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
		drip(c, "")
	})
	s := r.sender(t, time.Hour)
	s.drain = 50 * time.Millisecond
	if got := s.Send(t.Context(), ports.Outgoing{URL: r.url}); got.Outcome != webhook.OutcomeDelivered {
		t.Errorf("outcome %q", got.Outcome)
	}
}

// drip writes a byte at a time until the other side has gone.
func drip(c net.Conn, start string) {
	_, err := io.WriteString(c, start)
	for range time.Tick(10 * time.Millisecond) {
		if err != nil {
			return
		}
		_, err = io.WriteString(c, "x")
	}
}

func manyHeaders(c net.Conn) {
	io.WriteString(c, "HTTP/1.1 200 OK\r\n")
	line := "X: " + strings.Repeat("a", 1000) + "\r\n"
	for range 9 << 10 {
		if _, err := io.WriteString(c, line); err != nil {
			return
		}
	}
}

func informational(c net.Conn) {
	for {
		if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"); err != nil {
			return
		}
	}
}

func TestNamesAndPortsThatAnswerNobody(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Nobody listens at the port of a connection's near end, and nobody else can while it is open.
	near, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	closed := "https://example.com:" + strings.TrimPrefix(near.LocalAddr().String(), "127.0.0.1:") + "/"
	refused := New(Options{AllowPrivate: true, Resolver: nameServer(t, fixed("127.0.0.1"))})
	if got := refused.Send(t.Context(), ports.Outgoing{URL: closed}); got.Outcome != webhook.OutcomeRefused {
		t.Errorf("nobody listens: outcome %q", got.Outcome)
	}
	unknown := New(Options{Resolver: nameServer(t, fixed())})
	if got := unknown.Send(t.Context(), ports.Outgoing{URL: "https://shop.example/"}); got.Outcome != webhook.OutcomeDNS {
		t.Errorf("no such name: outcome %q", got.Outcome)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newReceiver(t, func(*receiver, http.ResponseWriter, *http.Request) {})
	if got := r.sender(t, patience).Send(ctx, ports.Outgoing{URL: r.url}); got.Outcome == webhook.OutcomeDelivered || got.StatusCode != 0 {
		t.Errorf("the caller had gone: %+v", got)
	}
}
