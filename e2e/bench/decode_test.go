package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
)

// page is a node that holds one block and the one before, the first full of transfers to strangers:
// what most blocks are, once a gateway watches too many addresses to name them all to a node. It answers
// without a network, so that what is measured is the reading.
type page struct {
	header, before, logs []byte
	asked                int
	kept                 [][]byte // the first questions since it was emptied
}

// pageURL is where the node would be.
const pageURL = "http://page.example"

// keptQuestions is how many questions the node remembers.
const keptQuestions = 8

// pageHeight is the number of the block, and pageID its hash.
const (
	pageHeight = 0x1b4
	pageID     = "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

	pageParentID = "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// beforePage is how the block before is asked for.
var beforePage = fmt.Sprintf("%#x", pageHeight-1)

func newPage(token ethrpc.Address) *page {
	header := func(height int, id string) []byte {
		return fmt.Appendf(nil, `{"number":"%#x","hash":"%s","timestamp":"%#x","transactions":[]}`,
			height, id, time.Now().Unix())
	}
	p := &page{header: header(pageHeight, pageID), before: header(pageHeight-1, pageParentID)}
	var logs [][]byte
	for i := range blockTransfers {
		logs = append(logs, fmt.Appendf(nil, `{"address":"0x%x","topics":["0x%x","0x%064x","0x%064x"],`+
			`"data":"0x%064x","blockNumber":"%#x","blockHash":"%s","transactionHash":"0x%064x",`+
			`"transactionIndex":"%#x","logIndex":"%#x","removed":false}`,
			token, ethrpc.TransferTopic, 1<<40+i, 1+i, baseUnits+i, pageHeight, pageID, 1<<50+i, i, i))
	}
	p.logs = append(append([]byte("["), bytes.Join(logs, []byte(","))...), ']')
	return p
}

// RoundTrip implements http.RoundTripper.
func (p *page) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if len(p.kept) < keptQuestions {
		p.kept = append(p.kept, text)
	}
	type question struct {
		ID     int
		Method string
		Params []json.RawMessage
	}
	var asked []question
	single := text[0] != '['
	if single {
		asked = make([]question, 1)
		err = json.Unmarshal(text, &asked[0])
	} else {
		err = json.Unmarshal(text, &asked)
	}
	var out bytes.Buffer
	out.Grow(2 * len(p.logs))
	if !single {
		out.WriteByte('[')
	}
	for i, q := range asked {
		result := p.header
		switch q.Method {
		case "eth_chainId":
			result = []byte(`"0x1"`)
		case "web3_clientVersion":
			result = []byte(`"page"`)
		case "eth_getLogs":
			result = p.logs
			p.asked++
		case "eth_getBlockByNumber":
			if string(q.Params[0]) == strconv.Quote(beforePage) {
				result = p.before
			}
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"jsonrpc":"2.0","id":%d,"result":`, q.ID)
		out.Write(result)
		out.WriteByte('}')
	}
	if !single {
		out.WriteByte(']')
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(&out), Request: r,
	}, err
}

// decode measures how a full block is read: its page of logs against encoding/json and math/big reading
// the same page, and the whole reading, proofs included, against the same questions and answers going
// to and fro without being looked at, which no reading can be faster than.
func (s *stage) decode(t *testing.T) {
	token := ethrpc.Address{0xa6, 0x14}
	p := newPage(token)
	client, err := ethrpc.New(ethrpc.Config{
		Endpoints: []ethrpc.Endpoint{{URL: pageURL}}, ChainID: 1, Now: time.Now, Transport: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	filter := ethrpc.NewFilter([]ethrpc.Address{token}, []ethrpc.Address{{0x10, 0x1}}, nil)
	repeat := func(name string, goal float64, read func(t *testing.T)) contest {
		return contest{name, goal, func(t *testing.T, d time.Duration) pace {
			begin, n := time.Now(), 0
			for ; time.Since(begin) < d; n++ {
				read(t)
			}
			return pace{perSecond: float64(n) / time.Since(begin).Seconds()}
		}}
	}
	s.against(t, repeat("encoding/json and math/big", 0, func(t *testing.T) {
		if n := readPlainly(t, p.logs); n != blockTransfers {
			t.Fatalf("%d logs, want %d", n, blockTransfers)
		}
	}), repeat("decode and match a page of 200 logs", 12, func(t *testing.T) {
		if found, err := filter.Read(p.logs, pageHeight, pageHeight); err != nil || len(found) != 0 {
			t.Fatalf("%+v, %v", found, err)
		}
	}))
	p.kept = nil
	read := func(t *testing.T) {
		before := p.asked
		r, err := client.Transfers(t.Context(), pageHeight, pageHeight, filter)
		if err != nil || len(r.Transfers) != 0 || r.Last.Number != pageHeight || p.asked == before {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	read(t)
	asked := p.kept
	s.against(t, repeat("its questions and answers, not looked at", 0, func(t *testing.T) { p.carry(t, asked) }),
		repeat("read a block of 200 strangers' transfers", 0.7, read))
}

// carry asks questions and lets the answers lie.
func (p *page) carry(t *testing.T, asked [][]byte) {
	t.Helper()
	carrier := http.Client{Transport: p}
	for _, question := range asked {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, pageURL, bytes.NewReader(question))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := carrier.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
}

// readPlainly reads a page of logs as one would who is in no hurry, and counts the amounts.
func readPlainly(t *testing.T, logs []byte) (n int) {
	t.Helper()
	var found []struct {
		Address, Data, BlockNumber, BlockHash, TransactionHash, LogIndex string
		Topics                                                           []string
		Removed                                                          bool
	}
	if err := json.Unmarshal(logs, &found); err != nil {
		t.Fatal(err)
	}
	for _, l := range found {
		if units, ok := new(big.Int).SetString(l.Data[2:], 16); ok && units.Sign() > 0 {
			n++
		}
	}
	return n
}
