package pgtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Line is the network between a program and its database. It can be cut, fall silent, and lose what
// one says to the other. It loses nothing while it is silent: what was on its way arrives afterwards,
// as what is sent again does.
type Line struct {
	DSN string // of the database, by way of the line

	network, address string // of the database
	loseAnswers      atomic.Int32
	loseCommits      atomic.Int32

	mu   sync.Mutex
	down bool                  // guarded by mu: whoever calls is turned away
	open chan struct{}         // guarded by mu: closed while the line is not silent
	ends map[net.Conn]struct{} // guarded by mu: both of every connection
}

// Between lays a line to a database.
func Between(t testing.TB, dsn string) *Line {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{open: make(chan struct{}), ends: map[net.Conn]struct{}{}, DSN: (&url.URL{
		Scheme: "postgres", User: url.UserPassword(config.User, config.Password),
		Host: listener.Addr().String(), Path: "/" + config.Database, RawQuery: "sslmode=disable",
	}).String()}
	l.network, l.address = pgconn.NetworkAddress(config.Host, config.Port)
	close(l.open)
	t.Cleanup(func() {
		_ = listener.Close()
		l.Heal()
		l.Cut()
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go l.serve(client)
		}
	}()
	return l
}

// LoseAnswers cuts a connection after a commit went through to the database and before its answer
// comes back, so many times.
func (l *Line) LoseAnswers(times int32) { l.loseAnswers.Store(times) }

// LoseCommits cuts a connection when a commit comes by, and does not pass it on, so many times.
func (l *Line) LoseCommits(times int32) { l.loseCommits.Store(times) }

// Cut ends every connection at both ends, and turns away new ones until Heal.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for end := range l.ends {
		reset(end)
	}
}

// Silence has nothing pass in either direction until Heal. Neither end is told: to each the other
// seems to think.
func (l *Line) Silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.open:
		l.open = make(chan struct{})
	default: // it is silent already
	}
}

// Heal makes the line good again.
func (l *Line) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
	select {
	case <-l.open:
	default:
		close(l.open)
	}
}

// pass waits until the line is not silent.
func (l *Line) pass() {
	l.mu.Lock()
	open := l.open
	l.mu.Unlock()
	<-open
}

// hold notes an end of a connection, unless the line is cut.
func (l *Line) hold(end net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		reset(end)
		return false
	}
	l.ends[end] = struct{}{}
	return true
}

func (l *Line) drop(end net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ends, end)
	_ = end.Close()
}

// reset closes without a goodbye.
func reset(end net.Conn) {
	if c, ok := end.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = end.Close()
}

func (l *Line) serve(client net.Conn) {
	l.pass()
	if !l.hold(client) {
		return
	}
	defer l.drop(client)
	server, err := net.Dial(l.network, l.address)
	if err != nil || !l.hold(server) {
		return
	}
	defer l.drop(server)
	var deaf atomic.Bool
	go func() {
		defer l.drop(client)
		// What the database says first after a commit is its answer to it.
		l.carry(client, server, func([]byte) bool { return !deaf.Load() })
	}()
	l.carry(server, client, func(said []byte) bool {
		if !bytes.Contains(said, []byte("commit")) {
			return true
		}
		if l.loseCommits.Add(-1) >= 0 {
			return false
		}
		deaf.Store(l.loseAnswers.Add(-1) >= 0)
		return true
	})
}

// carry passes on what one end says for as long as it may, or until an end hangs up, of which a
// silent line tells nothing either.
func (l *Line) carry(to io.Writer, from io.Reader, may func(said []byte) bool) {
	said := make([]byte, 1<<20)
	for {
		n, err := from.Read(said)
		l.pass()
		if err != nil || !may(said[:n]) {
			return
		}
		if _, err := to.Write(said[:n]); err != nil {
			return
		}
	}
}
