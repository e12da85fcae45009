package sim

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// collectPercent lets the garbage of many small worlds pile up a little: there is memory enough.
const collectPercent = 400

// defaultPayments is how many are made where nobody asks for more.
const defaultPayments = 20_000

// setting reads a number from the environment.
func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// seedOf is a world's own seed.
func seedOf(seed uint64, world int) uint64 {
	return rand.New(rand.NewPCG(seed, uint64(world))).Uint64()
}

// history is what became of a world.
type history struct {
	tally
	digest uint64
	found  []string
}

func live(t *testing.T, seed uint64, sales int, how temper) history {
	t.Helper()
	w, err := openWorld(t.Context(), seed)
	if err == nil {
		w.temper = how
		err = w.run(sales)
	}
	if err != nil {
		return history{found: []string{"lost: " + err.Error()}}
	}
	return history{w.tally, w.trace.Sum64(), w.found}
}

// Every payment is found, once, whatever chains, nodes, gateways and payers do. SEED repeats a run,
// PAYMENTS says how many, WORLD runs one world of it alone, and UNTIL ends it at the first finding that
// says so.
func TestEveryPaymentIsFoundOnce(t *testing.T) {
	seed, payments := setting(t, "SEED", rand.Uint64()), setting(t, "PAYMENTS", defaultPayments)
	t.Logf("SEED=%d PAYMENTS=%d", seed, payments)
	worlds := int((payments + salesPerWorld - 1) / salesPerWorld)
	alone := int(setting(t, "WORLD", uint64(worlds)))
	defer debug.SetGCPercent(debug.SetGCPercent(collectPercent))
	began := time.Now()
	histories := make([]history, worlds)
	until, ends := os.LookupEnv("UNTIL")
	next, found := make(chan int), atomic.Bool{}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for n := range next {
				sales := min(salesPerWorld, int(payments)-n*salesPerWorld)
				histories[n] = live(t, seedOf(seed, n), sales, temperOf(n))
				if ends && slices.ContainsFunc(histories[n].found, func(f string) bool { return strings.Contains(f, until) }) {
					found.Store(true)
				}
			}
		})
	}
	for n := range worlds {
		if (alone == worlds || alone == n) && !found.Load() {
			next <- n
		}
	}
	close(next)
	all.Wait()
	report(t, histories, seed, time.Since(began))
}

// report says in one line what was lived through and what came of it.
func report(t *testing.T, histories []history, seed uint64, took time.Duration) {
	t.Helper()
	var sum tally
	var digest uint64
	counts := map[string]int{}
	for n, h := range histories {
		sum.add(h.tally)
		digest = digest*31 + h.digest
		for _, f := range h.found {
			word, _, _ := strings.Cut(f, ":")
			counts[word]++
			if counts[word] <= 5 {
				t.Errorf("SEED=%d WORLD=%d: %s", seed, n, f)
			}
		}
	}
	fmt.Printf("SEED=%d: %d payments, %d transfers in %d blocks, %d reorganisations (%d below finality), "+
		"%d bad answers, %d kills, %d late; %d paid, %d reversed; %d lost, %d doubled, %d phantom, %d wrong; "+
		"history %016x in %s\n", seed, sum.Payments, sum.Transfers, sum.Blocks, sum.Reorgs, sum.Deep, sum.Faults,
		sum.Kills, sum.Late, sum.Paid, sum.Reversals, counts["lost"], counts["doubled"]+counts["doubled or lost"],
		counts["phantom"], counts["wrong"], digest, took.Round(time.Second))
}

// A seed gives the same history again.
func TestHistoryRepeats(t *testing.T) {
	seed := setting(t, "SEED", rand.Uint64())
	const sales = 150
	for how := range tempers {
		if a, b := live(t, seed, sales, how), live(t, seed, sales, how); a.digest != b.digest || a.tally != b.tally {
			t.Errorf("SEED=%d, temper %d: %+v, and again %+v", seed, how, a, b)
		}
	}
}
