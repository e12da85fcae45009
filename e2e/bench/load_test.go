package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// answerLimit bounds one request. It is far above anything but a hang.
const answerLimit = 30 * time.Second

// load is requests that clients send over connections of their own, each the next one as soon as the
// last is answered.
type load struct {
	address string   // of the server
	shots   [][]byte // requests as they go over the wire, to each client a share that it sends in turn and again
	want    int      // the status of every answer
	clients int
	once    bool // no request is sent twice: a client whose share of them is sent stops
}

// fire sends requests until d is over and answers how many were answered as they should be. Anything
// else fails the test. The client is as lean as it can be, because it runs on the machine it measures.
func (l load) fire(t *testing.T, d time.Duration) (int, pace) {
	t.Helper()
	clients := make([]client, l.clients)
	for i := range clients {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(d + answerLimit))
		clients[i] = client{conn: conn, in: bufio.NewReaderSize(conn, 16<<10)}
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range clients {
		wg.Go(func() {
			first, end := i*len(l.shots)/len(clients), (i+1)*len(l.shots)/len(clients)
			if !l.once {
				end = max(end, first+1) // of few requests everybody has one
			}
			clients[i].err = clients[i].shoot(l, l.shots[first:end], begin.Add(d))
		})
	}
	wg.Wait()
	took := time.Since(begin)
	var all []time.Duration
	for _, c := range clients {
		if c.err != nil {
			t.Fatal(c.err)
		}
		all = append(all, c.took...)
	}
	slices.Sort(all)
	return len(all), pace{
		perSecond: float64(len(all)) / took.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100],
	}
}

// client is one connection.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	body bytes.Buffer
	took []time.Duration
	err  error
}

func (c *client) shoot(l load, share [][]byte, until time.Time) error {
	for i := 0; i < len(share) || !l.once; i++ {
		began := time.Now()
		if !began.Before(until) {
			return nil
		}
		if _, err := c.conn.Write(share[i%len(share)]); err != nil {
			return err
		}
		status, err := c.read()
		if err != nil {
			return err
		}
		if status != l.want {
			return fmt.Errorf("answered %d, want %d: %s", status, l.want, c.body.Bytes())
		}
		c.took = append(c.took, time.Since(began))
	}
	return nil
}

// read reads an answer of HTTP/1.1; its body is in c.body then.
func (c *client) read() (status int, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, fmt.Errorf("answered %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, chunked := 0, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(": ")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
		chunked = chunked || string(line) == "Transfer-Encoding: chunked"
	}
	c.body.Reset()
	if !chunked {
		_, err = io.CopyN(&c.body, c.in, int64(length))
		return status, err
	}
	if _, err = io.Copy(&c.body, httputil.NewChunkedReader(c.in)); err != nil {
		return 0, err
	}
	line, err = c.in.ReadSlice('\n') // the end of trailers there are none of
	if err == nil && string(line) != "\r\n" {
		err = errors.New("an answer with trailers")
	}
	return status, err
}

// addresses is of how many client addresses requests come, so that the limit of each is far away.
const addresses = 4096

// from is the address a request of a number seems to come from.
func from(n int) string {
	n %= addresses
	return fmt.Sprintf("10.0.%d.%d", n>>8, n&255)
}

// shot is a request as it goes over the wire; n picks the address it seems to come from.
func shot(n int, method, path string, body []byte, header ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: %s\r\n", method, path, from(n))
	for i := 0; i+1 < len(header); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", header[i], header[i+1])
	}
	if body != nil {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// shots are as many requests as there are addresses.
func shots(of func(n int) []byte) [][]byte {
	list := make([][]byte, addresses)
	for n := range list {
		list[n] = of(n)
	}
	return list
}
