package tron

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// item is one transfer in the fake index.
type item struct {
	ID    int // of the transaction
	At    int64
	Value string
	Token string
	To    string
	Kind  string
}

// fakeGrid is a fake of TronGrid's v1 interface, with the shapes that are published for it. It
// pages as TronGrid does, and loses its marker in the middle of a list, as TronGrid has been seen
// to.
type fakeGrid struct {
	*testing.T
	mu       sync.Mutex
	items    []item
	markers  bool
	requests int
	spoil    http.HandlerFunc // answers instead, unless nil
	grid     *Grid
	now      time.Time
}

const grace = 2_000_000_000_000 // a time of the fake index, Unix milliseconds

var (
	gridAsset = chain.Asset{Network: chain.Tron, Symbol: "USDT", Decimals: 6, Contract: chain.TronUSDT}
	gridPayee = chain.TronAddress([20]byte{1})
	gridOther = chain.TronAddress([20]byte{2})
)

func newFakeGrid(t *testing.T) *fakeGrid {
	t.Helper()
	f := &fakeGrid{T: t, now: time.UnixMilli(grace)}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	_, grid, err := New(Config{
		RPCURLs: []string{"http://localhost:1"}, TronGridURL: server.URL + "/base", TronGridKey: "k3y",
		Clock: f,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.grid = grid
	return f
}

func (f *fakeGrid) Now() time.Time { return f.now }

// add lists payments to the payee: one a second, beginning at a transaction number.
func (f *fakeGrid) add(first, n int) {
	for i := range n {
		f.items = append(f.items, f.item(first+i))
	}
}

func (f *fakeGrid) item(id int) item {
	return item{
		ID: id, At: grace + int64(id)*1000, Value: "50013400", Token: chain.TronUSDT,
		To: string(gridPayee), Kind: "Transfer",
	}
}

func gridTxID(id int) chain.TxID { return chain.TxID(fmt.Sprintf("%064x", id)) }

func (f *fakeGrid) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if f.spoil != nil {
		f.spoil(w, r)
		return
	}
	q := r.URL.Query()
	if r.URL.Path != "/base/v1/accounts/"+string(gridPayee)+"/transactions/trc20" ||
		q.Get("only_to") != "true" || q.Get("order_by") != "block_timestamp,asc" ||
		q.Get("contract_address") != chain.TronUSDT || r.Header.Get(keyHeader) != "k3y" {
		f.Errorf("asked for %s", r.URL)
	}
	if q.Has("only_confirmed") {
		f.Error("asked for confirmed transfers only, which hides some")
	}
	since, _ := strconv.ParseInt(q.Get("min_timestamp"), 10, 64)
	limit, _ := strconv.Atoi(q.Get("limit"))
	skip, _ := strconv.Atoi(q.Get("fingerprint"))
	var all []item
	for _, i := range f.items {
		if i.At >= since {
			all = append(all, i)
		}
	}
	slices.SortStableFunc(all, func(a, b item) int { return int(a.At - b.At) })
	end := min(skip+limit, len(all))
	meta := map[string]any{"at": 1, "page_size": end - skip}
	if end < len(all) && f.markers {
		meta["fingerprint"] = strconv.Itoa(end)
	}
	wire := []any{}
	for _, i := range all[skip:end] {
		wire = append(wire, map[string]any{
			"transaction_id": string(gridTxID(i.ID)), "block_timestamp": i.At, "from": string(gridOther),
			"to": i.To, "type": i.Kind, "value": i.Value,
			"token_info": map[string]any{"symbol": "USDT", "address": i.Token, "decimals": 6, "name": "Tether USD"},
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "data": wire, "meta": meta})
}

func (f *fakeGrid) list(since int64, limit int) ([]chain.TxID, error) {
	return f.grid.TransfersTo(f.Context(), gridAsset, gridPayee, time.UnixMilli(since), limit)
}

// lists stops the test unless the index names exactly the given transactions.
func (f *fakeGrid) lists(since int64, limit int, want ...int) {
	f.Helper()
	got, err := f.list(since, limit)
	if err != nil {
		f.Fatal(err)
	}
	ids := make([]chain.TxID, len(want))
	for i, id := range want {
		ids[i] = gridTxID(id)
	}
	if !slices.Equal(got, ids) {
		f.Fatalf("%d transactions, want %d: %v", len(got), len(want), got)
	}
}

func upTo(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

var _ ports.Explorer = (*Grid)(nil)

func TestIndexListsOldestFirst(t *testing.T) {
	f := newFakeGrid(t)
	f.lists(0, 10)
	f.add(2, 3)
	f.add(0, 2)
	f.lists(0, 10, 0, 1, 2, 3, 4)
	f.lists(grace+2000, 10, 2, 3, 4)
	f.lists(grace+2001, 10, 3, 4)
	f.lists(0, 2, 0, 1)
	f.lists(0, 0)
}

// TronGrid drops the marker of the next page in the middle of a list. Whoever stops there loses the
// rest; whoever pages by marker only, too.
func TestTrapT03LostMarkersLoseNothing(t *testing.T) {
	for _, markers := range []bool{false, true} {
		for _, n := range []int{pageSize - 1, pageSize, pageSize + 1, 3*pageSize + 7} {
			f := newFakeGrid(t)
			f.markers = markers
			f.add(0, n)
			f.lists(0, 10*n, upTo(n)...)
			f.lists(0, pageSize+1, upTo(min(n, pageSize+1))...)
		}
	}
}

// Somebody can fill a moment with worthless transfers; what comes after it must still be found.
func TestIndexPassesCrowdedMoments(t *testing.T) {
	for _, markers := range []bool{true, false} {
		f := newFakeGrid(t)
		f.markers = markers
		for range 3 * pageSize {
			dust := f.item(1)
			dust.Value = "0"
			f.items = append(f.items, dust)
		}
		last := f.item(1)
		last.ID = 2
		f.items = append(f.items, last) // of the same moment
		f.add(3, 2)
		if markers {
			f.lists(0, 10, 2, 3, 4)
		} else {
			f.lists(0, 10, 3, 4) // the moment's own rest is out of reach without a marker
		}
	}
}

// What the index did not filter, or filtered wrongly, is filtered here; one odd item hides no
// other.
func TestIndexIsNotTrusted(t *testing.T) {
	f := newFakeGrid(t)
	f.add(0, 1)
	for i, change := range []func(*item){
		func(i *item) { i.Token = string(gridOther) },
		func(i *item) { i.Token = strings.ToLower(chain.TronUSDT) },
		func(i *item) { i.To = string(gridOther) },
		func(i *item) { i.Kind = "Approval" },
		func(i *item) { i.Value = "0" },
		func(i *item) { i.Value = "-5" },
		func(i *item) { i.Value = "5e6" },
		func(i *item) { i.Value = "" },
	} {
		odd := f.item(i + 1)
		change(&odd)
		f.items = append(f.items, odd)
	}
	f.add(20, 1)
	twice := f.item(20) // a second transfer in one transaction
	f.items = append(f.items, twice)
	f.lists(0, 100, 0, 20)

	f.spoil = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"success":true,"data":[null,1,"x",{},{"transaction_id":7},{"transaction_id":"zz"},
			{"block_timestamp":9223372036854775807},{"transaction_id":"%s","block_timestamp":%d,"to":"%s","type":"Transfer","value":"1","token_info":{"address":"%s"}}]}`,
			gridTxID(5), grace, gridPayee, chain.TronUSDT)
	}
	f.lists(0, 100, 5)
}

// A time that cannot be does not make the paging jump over everything else.
func TestIndexPagesPastImpossibleTimes(t *testing.T) {
	f := newFakeGrid(t)
	f.add(0, pageSize)
	f.spoil = func(w http.ResponseWriter, _ *http.Request) {
		f.spoil = nil // the next page is an honest one
		items := strings.Repeat(`{},`, pageSize-1) + `{"block_timestamp":9223372036854775807}`
		_, _ = fmt.Fprintf(w, `{"success":true,"data":[%s]}`, items)
	}
	f.lists(0, 10*pageSize, upTo(pageSize)...)
}

// An index that does not answer is an error, never an empty list.
func TestIndexSilenceIsNoAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"the limiter":    `{"Error":"class java.lang.IllegalAccessException : lack of computing resources"}`,
		"no success":     `{"success":false,"data":[],"error":"x"}`,
		"success untold": `{"data":[]}`,
		"no data":        `{"success":true}`,
		"null data":      `{"success":true,"data":null}`,
		"a page":         `<html></html>`,
		"cut short":      `{"success":true,"data":[{"transaction_id":"`,
		"nothing":        ``,
		"too many":       `{"success":true,"data":[` + strings.Repeat("1,", pageSize) + `1]}`,
		"far too much":   `{"success":true,"data":[],"x":"` + strings.Repeat("x", maxPageBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeGrid(t)
			f.spoil = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
			if got, err := f.list(0, 10); !errors.Is(err, ports.ErrChainUnavailable) {
				t.Fatalf("%v, %v", got, err)
			}
			f.spoil = nil
			f.lists(0, 10)
		})
	}
}

// A refusal is obeyed for as long as it says, or as TronGrid's own penalty lasts.
func TestIndexRestsWhenRefused(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header string
		rest   time.Duration
	}{
		"too many":   {429, "7", 7 * time.Second},
		"blocked":    {403, "", 30 * time.Second},
		"for ever":   {429, "60000", 10 * time.Minute},
		"nonsense":   {429, "soon", 30 * time.Second},
		"broken":     {500, "", 0},
		"moved":      {302, "", 0},
		"no content": {204, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeGrid(t)
			f.spoil = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.header)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			}
			refused := func() {
				t.Helper()
				_, err := f.list(0, 10)
				if !errors.Is(err, ports.ErrChainUnavailable) || strings.Contains(err.Error(), "k3y") {
					t.Fatal(err)
				}
			}
			refused()
			f.spoil = nil
			if c.rest > 0 {
				f.now = f.now.Add(c.rest - time.Millisecond)
				refused()
				f.now = f.now.Add(time.Millisecond)
			}
			f.lists(0, 10)
			if f.requests != 2 {
				t.Errorf("it was asked %d times", f.requests)
			}
		})
	}
}

func TestIndexAndItsCallersGoAway(t *testing.T) {
	f := newFakeGrid(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := f.grid.TransfersTo(ctx, gridAsset, gridPayee, f.now, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	_, gone, err := New(Config{
		RPCURLs: []string{"http://localhost:1"}, TronGridURL: "http://user:passw0rd@127.0.0.1:1/path", Clock: f,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = gone.TransfersTo(t.Context(), gridAsset, gridPayee, f.now, 1)
	if !errors.Is(err, ports.ErrChainUnavailable) || strings.Contains(err.Error(), "passw0rd") {
		t.Error(err)
	}
}

// Whatever TronGrid sends, nothing panics, and what is listed is a transaction at or after the time
// asked for.
func FuzzIndexPage(f *testing.F) {
	f.Add([]byte(`{"success":true,"data":[],"meta":{"fingerprint":"x"}}`))
	f.Add([]byte(fmt.Sprintf(`{"success":true,"data":[{"transaction_id":"%s","block_timestamp":1777445121000,`+
		`"from":"T","to":"%s","type":"Transfer","value":"50013400","token_info":{"address":"%s","decimals":6}}]}`,
		gridTxID(1), gridPayee, chain.TronUSDT)))
	f.Add([]byte(`{"Error":"lack of computing resources"}`))
	f.Add([]byte(`{"success":true,"data":[{"block_timestamp":-1},{"block_timestamp":9223372036854775807}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		q := query{contract: chain.TronUSDT, address: gridPayee, since: 1000}
		p, err := decodePage(text, q)
		if err != nil {
			return
		}
		for _, l := range p.items {
			if _, ok := chain.ParseTxID(string(l.id)); !ok || l.millis < q.since {
				t.Fatalf("%+v is listed", l)
			}
		}
		if next := p.next(q); next.since < q.since {
			t.Fatalf("paging went back to %d", next.since)
		}
	})
}
