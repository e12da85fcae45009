package races

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	crowd      = 32 // clients of a race
	retryPause = 20 * time.Millisecond
	raceLimit  = 60 * time.Second // for one client to be answered
)

// field is where races are run: one process or several on one database.
type field struct {
	t     *testing.T
	gates []*rig.Gateway
}

// at is the gateway that client i speaks to.
func (f *field) at(i int) *rig.Gateway { return f.gates[i%len(f.gates)] }

// call is a request that is only different by what it says.
type call struct {
	method, path string
	body         any
	header       []string
}

func post(path string, body any, header ...string) call {
	return call{http.MethodPost, path, body, header}
}

// ask sends a request as client i and comes again when told to.
func (f *field) ask(i int, c call) rig.Answer {
	deadline := time.Now().Add(raceLimit)
	for {
		a, err := f.at(i).TryCall(c.method, c.path, c.body, c.header...)
		if err != nil {
			f.t.Errorf("%s %s: %v", c.method, c.path, err)
			return a
		}
		again := a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable ||
			a.Status == http.StatusConflict && a.At("error") == "idempotency_in_progress"
		if !again || time.Now().After(deadline) {
			return a
		}
		if a.Header.Get("Retry-After") == "" {
			f.t.Errorf("%d %s says no Retry-After", a.Status, a.At("error"))
		}
		time.Sleep(retryPause)
	}
}

// together has all clients act at once.
func together(act func(i int)) {
	gate := make(chan struct{})
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			<-gate
			act(i)
		})
	}
	close(gate)
	all.Wait()
}

// race has all clients ask at once.
func (f *field) race(of func(i int) call) []rig.Answer {
	calls, answers := make([]call, crowd), make([]rig.Answer, crowd)
	for i := range calls {
		calls[i] = of(i)
	}
	together(func(i int) { answers[i] = f.ask(i, calls[i]) })
	return answers
}

// same has all clients ask the same at once.
func (f *field) same(c call) []rig.Answer { return f.race(func(int) call { return c }) }

// count answers how many answers have each status, "error" behind it where there is one.
func count(answers []rig.Answer) map[string]int {
	out := map[string]int{}
	for _, a := range answers {
		out[strings.TrimSpace(fmt.Sprint(a.Status)+" "+a.At("error"))]++
	}
	return out
}

// want fails the race if it was not answered so. Names are those of count.
func want(t *testing.T, answers []rig.Answer, outcome map[string]int) {
	t.Helper()
	got := count(answers)
	same := len(got) == len(outcome)
	for name, n := range outcome {
		same = same && got[name] == n
	}
	if !same {
		t.Errorf("answered %v, want %v; for example %s", got, outcome, answers[0].Body)
	}
}

// wantAlike fails the race if two were told different things.
func wantAlike(t *testing.T, answers []rig.Answer) {
	t.Helper()
	var bodies []string
	for _, a := range answers {
		bodies = append(bodies, string(a.Body))
	}
	slices.Sort(bodies)
	if bodies = slices.Compact(bodies); len(bodies) != 1 {
		t.Errorf("%d different answers:\n%s", len(bodies), strings.Join(bodies, "\n"))
	}
}

// rows reads the first page of a list.
func rows[T any](t *testing.T, m rig.Merchant, path, list string) []T {
	t.Helper()
	a := m.Call(http.MethodGet, path, nil).Want(t, http.StatusOK)
	var body map[string]json.RawMessage
	var out []T
	if err := json.Unmarshal(a.Body, &body); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body[list], &out); err != nil {
		t.Fatalf("%s of %s: %v", list, a.Body, err)
	}
	if a.At("nextCursor") != "" {
		t.Fatalf("%s has more than a page", path)
	}
	return out
}

type line struct{ OrderNo, Type, Description, SessionID string }

// book is where a merchant's book is read.
const book = "/v1/transactions?mode=test&limit=100"

// lines is the merchant's book.
func lines(t *testing.T, m rig.Merchant) []line {
	t.Helper()
	return rows[line](t, m, book, "transactions")
}

// told counts the events of a type about a session.
func told(t *testing.T, m rig.Merchant, kind, session string) int {
	t.Helper()
	return len(rows[struct{ ID string }](t, m, "/v1/events?mode=test&limit=100&type="+kind+"&paymentId="+session, "events"))
}

// rounds is how often each race is run. ROUNDS says how often.
func rounds(t *testing.T) int {
	t.Helper()
	const usual = 3
	text := os.Getenv("ROUNDS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("ROUNDS: %v", err)
	}
	return n
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }
