package postgres_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// proxy stands between a store and its database and can lose what one says to the other.
type proxy struct {
	dsn string
	// loseAnswers cuts a connection after a commit went through to the database and before its answer
	// comes back, as many times as it says.
	loseAnswers atomic.Int32
	// loseCommits cuts a connection when a commit comes by, and does not pass it on.
	loseCommits atomic.Int32
}

func between(t *testing.T, dsn string) *proxy {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &proxy{dsn: (&url.URL{
		Scheme: "postgres", User: url.UserPassword(config.User, config.Password),
		Host: listener.Addr().String(), Path: "/" + config.Database,
		RawQuery: "sslmode=disable&pool_max_conns=" + strconv.Itoa(8),
	}).String()}
	network, address := pgconn.NetworkAddress(config.Host, config.Port)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(client, network, address)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn, network, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial(network, address)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var deaf atomic.Bool
	go func() {
		defer func() { _ = client.Close() }()
		buffer := make([]byte, 1<<16)
		for {
			n, err := server.Read(buffer)
			if deaf.Load() || err != nil {
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	buffer := make([]byte, 1<<20)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if commit := bytes.Contains(buffer[:n], []byte("commit")); commit {
			if p.loseCommits.Add(-1) >= 0 {
				return
			}
			if p.loseAnswers.Add(-1) >= 0 {
				deaf.Store(true)
			}
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
		if deaf.Load() {
			// The database has answered when it says anything; then both connections go.
			_, _ = io.ReadFull(server, make([]byte, 1))
			return
		}
	}
}
