package ethrpc_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// badService are endpoints of which nothing can be learned, whatever they are asked.
var badService = map[string]struct {
	trick anviltest.Trick
	class ethrpc.Class
}{
	"out of order":          {anviltest.Body(503, `{"jsonrpc":"2.0","id":0,"result":"0x1"}`), ethrpc.Broken},
	"limited":               {anviltest.Body(429, "", "Retry-After", "7"), ethrpc.Limited},
	"forbidden":             {anviltest.Body(403, "your address is blocked for 30 s"), ethrpc.Refused},
	"unauthorised":          {anviltest.Body(401, ""), ethrpc.Refused},
	"elsewhere":             {anviltest.Body(302, "", "Location", "http://127.0.0.1:1/"), ethrpc.Broken},
	"java-tron's limiter":   {anviltest.Body(200, limiter), ethrpc.Limited},
	"a page":                {anviltest.Body(200, "<html>please wait</html>"), ethrpc.Broken},
	"an empty answer":       {anviltest.Body(200, ""), ethrpc.Broken},
	"an empty list":         {anviltest.Body(200, "[]"), ethrpc.Broken},
	"an empty object":       {anviltest.Body(200, "{}"), ethrpc.Broken},
	"null":                  {anviltest.Body(200, "null"), ethrpc.Broken},
	"an answer without id":  {anviltest.Body(200, `{"jsonrpc":"2.0","result":"0x2b6653dc"}`), ethrpc.Broken},
	"an answer to another":  {anviltest.Body(200, `{"jsonrpc":"2.0","id":9,"result":"0x1"}`), ethrpc.Broken},
	"no version":            {anviltest.Body(200, `{"id":0,"result":"0x2b6653dc"}`), ethrpc.Broken},
	"neither result nor":    {anviltest.Body(200, `{"jsonrpc":"2.0","id":0}`), ethrpc.Broken},
	"an error that is none": {anviltest.Body(200, `{"jsonrpc":"2.0","id":0,"error":"no"}`), ethrpc.Broken},
	"limited in words": {
		anviltest.Body(200, `{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"Too Many Requests"}}`),
		ethrpc.Limited,
	},
	"another chain":    {anviltest.Instead("eth_chainId", `"0x1"`), ethrpc.WrongChain},
	"no chain":         {anviltest.Instead("eth_chainId", `null`), ethrpc.Broken},
	"no token":         {anviltest.Instead("eth_getCode", `"0x"`), ethrpc.WrongToken},
	"18 decimals":      {anviltest.Instead("eth_call", `"0x`+strings.Repeat("0", 62)+`12"`), ethrpc.WrongToken},
	"cut at a half":    {anviltest.CutShort(50), ethrpc.Broken},
	"cut at the end":   {anviltest.CutShort(98), ethrpc.Broken},
	"cut before it":    {anviltest.CutShort(0), ethrpc.Broken},
	"a bottomless pit": {anviltest.Body(200, strings.Repeat("[", 1<<20)), ethrpc.Broken},
}

// limiter is java-tron's own way to refuse: with status 200.
const limiter = `{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}`

// An endpoint that serves badly is never an empty chain: alone it is an error, and before a good
// one it is passed over and named.
func TestBadServiceIsNeverBelieved(t *testing.T) {
	for name, c := range badService {
		t.Run(name, func(t *testing.T) {
			s := open(t, 2)
			for question, ask := range s.questions() {
				s.client = s.connect(nil)
				s.proxies[0].Play(c.trick)
				s.proxies[1].Play(c.trick)
				if err := ask(); !errors.Is(err, ports.ErrChainUnavailable) {
					t.Errorf("%s: %v", question, err)
				}
				s.blames(0, c.class)
				s.blames(1, c.class)
				if s.health(0).Healthy {
					t.Errorf("%s: the endpoint counts as healthy", question)
				}

				s.client = s.connect(nil)
				s.proxies[1].Play(nil)
				if err := ask(); err != nil {
					t.Errorf("%s, with a good endpoint at hand: %v", question, err)
				}
				s.blames(0, c.class)
				s.blames(1, ethrpc.None)
			}
		})
	}
}

// badContent are answers that look right and are not. Every one is found out in the very batch it
// is given in; believing it would lose or invent a payment.
var badContent = map[string]struct {
	trick anviltest.Trick
	class ethrpc.Class
}{
	"logs are null":         {anviltest.Instead("eth_getLogs", `null`), ethrpc.Broken},
	"logs are an object":    {anviltest.Instead("eth_getLogs", `{}`), ethrpc.Broken},
	"logs are text":         {anviltest.Instead("eth_getLogs", `"[]"`), ethrpc.Broken},
	"logs are refused":      {anviltest.Instead("eth_getLogs", `error {"code":-32000,"message":"header not found"}`), ethrpc.Broken},
	"blocks are missing":    {anviltest.Instead("eth_getBlockByNumber", `null`), ethrpc.Lagging},
	"blocks are empty":      {anviltest.Instead("eth_getBlockByNumber", `{}`), ethrpc.Broken},
	"receipts are missing":  {anviltest.Instead("eth_getTransactionReceipt", `null`), ethrpc.Lagging},
	"receipts are empty":    {anviltest.Instead("eth_getTransactionReceipt", `{}`), ethrpc.Broken},
	"receipts have no logs": {withoutLogs, ethrpc.Contradicting},
	"receipts hold no list": {anviltest.Replace("eth_getTransactionReceipt", `"logs":[`, `"logs":["x",`), ethrpc.Broken},
	"receipts of nobody": {
		changeField("eth_getTransactionReceipt", "transactionHash", anotherHash), ethrpc.Contradicting,
	},
	"receipts elsewhere": {
		changeField("eth_getTransactionReceipt", "blockHash", anotherHash), ethrpc.Contradicting,
	},
	"logs of another fork": {
		changeEach("eth_getLogs", "blockHash", anotherHash), ethrpc.Contradicting,
	},
	"logs of another height":        {changeEach("eth_getLogs", "blockNumber", "0x1"), ethrpc.Contradicting},
	"logs of more money":            {changeEach("eth_getLogs", "data", "0x"+strings.Repeat("00", 30)+"ffff"), ethrpc.Contradicting},
	"receipts with logs of another": {changeReceiptLogs, ethrpc.Contradicting},
	"logs with other names":         {anviltest.Replace("eth_getLogs", `"topics"`, `"subjects"`), ethrpc.Broken},
	"numbers are decimal":           {changeEach("eth_getLogs", "blockNumber", "3"), ethrpc.Broken},
}

const anotherHash = "0x1111111111111111111111111111111111111111111111111111111111111111"

// changeField overwrites a member of the object a method answers.
func changeField(method, member, value string) anviltest.Trick {
	return anviltest.Change(method, func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
		var object map[string]any
		if json.Unmarshal(r.Result, &object) == nil && object != nil {
			object[member] = value
			r.Result, _ = json.Marshal(object)
		}
		return r
	})
}

// changeEach overwrites a member of every object in the list a method answers.
func changeEach(method, member, value string) anviltest.Trick {
	return anviltest.Change(method, func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
		var objects []map[string]any
		if json.Unmarshal(r.Result, &objects) == nil {
			for _, object := range objects {
				object[member] = value
			}
			r.Result, _ = json.Marshal(objects)
		}
		return r
	})
}

func withoutLogs(w http.ResponseWriter, x *anviltest.Exchange) {
	anviltest.Change("eth_getTransactionReceipt", func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
		var object map[string]any
		if json.Unmarshal(r.Result, &object) == nil && object != nil {
			object["logs"] = []any{}
			r.Result, _ = json.Marshal(object)
		}
		return r
	})(w, x)
}

func changeReceiptLogs(w http.ResponseWriter, x *anviltest.Exchange) {
	anviltest.Change("eth_getTransactionReceipt", func(_ anviltest.Call, r anviltest.Reply) anviltest.Reply {
		var object map[string]any
		if json.Unmarshal(r.Result, &object) == nil && object != nil {
			for _, log := range object["logs"].([]any) {
				log.(map[string]any)["transactionHash"] = anotherHash
			}
			r.Result, _ = json.Marshal(object)
		}
		return r
	})(w, x)
}

// A receipt of a fork fits itself, and not the block that stands at its height.
func TestReceiptsOfAForkAreRefused(t *testing.T) {
	s := open(t, 1)
	for _, method := range []string{"eth_getTransactionReceipt", "eth_getBlockReceipts"} {
		fork := anviltest.Replace(method, s.node.BlockID(s.paid.Block), anotherHash[2:])
		for name, ask := range map[string]func() error{
			"scan": func() error { _, err := s.scan(); return err },
			"look up": func() error {
				_, err := s.client.TransfersOf(t.Context(), hash(t, s.paid.ID), s.filter())
				return err
			},
			"one block": func() error {
				_, err := s.client.Transfers(t.Context(), s.paid.Block, s.paid.Block, s.filter())
				return err
			},
		} {
			s.client = s.connect(nil)
			s.proxies[0].Play(fork)
			if method == "eth_getBlockReceipts" {
				if name != "one block" {
					continue
				}
				s.proxies[0].Play(anviltest.Both(
					anviltest.Instead("eth_getLogs", `error {"code":-32005,"message":"limit exceeded"}`), fork))
			}
			if err := ask(); !errors.Is(err, ports.ErrChainUnavailable) {
				t.Errorf("%s by %s: %v", name, method, err)
			}
			s.blames(0, ethrpc.Contradicting)
		}
	}
}

func TestBadContentIsNeverBelieved(t *testing.T) {
	for name, c := range badContent {
		t.Run(name, func(t *testing.T) {
			s := open(t, 2)
			if _, err := s.client.Head(s.Context()); err != nil {
				t.Fatal(err)
			}
			s.proxies[0].Play(c.trick)
			s.sound() // by the second endpoint
			s.blames(0, c.class)
			s.proxies[1].Play(c.trick)
			_, err := s.scan()
			s.unavailable(err)
		})
	}
}

// A contradiction sends an endpoint to the end of the line, for a while: it answers, only not well.
func TestDoubtPassesWithTime(t *testing.T) {
	s := open(t, 2)
	s.proxies[0].Play(anviltest.Instead("eth_getTransactionReceipt", `null`))
	s.sound()
	s.blames(0, ethrpc.Lagging)
	if h := s.health(0); h.Healthy || h.Circuit != ethrpc.Closed {
		t.Fatalf("doubted endpoint: %+v", h)
	}
	s.proxies[0].Play(nil)
	s.proxies[0].Asked()
	s.sound()
	if asked := s.proxies[0].Asked(); len(asked) > 0 {
		t.Fatalf("the doubted endpoint was asked %v before the other", asked)
	}
	s.hand.move(time.Minute)
	s.sound()
	if len(s.proxies[0].Asked()) == 0 || !s.health(0).Healthy {
		t.Fatal("the doubt did not pass")
	}
}
