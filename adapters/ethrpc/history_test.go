package ethrpc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// otherBlocks are blocks of another history.
var otherBlocks = changeField("eth_getBlockByNumber", "hash", anotherHash)

// Whoever hears that a final block changed takes payments back. One endpoint alone cannot say so.
func TestHistoryChangesOnlyByAgreement(t *testing.T) {
	s := open(t, 3)
	id := s.node.BlockID(s.final)
	block := func() string {
		t.Helper()
		h, err := s.client.Block(t.Context(), s.final)
		if err != nil {
			t.Fatal(err)
		}
		return h.ID.Hex()
	}
	if got := block(); got != id { // three endpoints agree
		t.Fatalf("block %s, want %s", got, id)
	}
	s.proxies[0].Play(otherBlocks)
	if got := block(); got != id {
		t.Fatal("the first endpoint's other history was believed")
	}
	s.blames(0, ethrpc.Contradicting)

	s.hand.move(time.Minute)
	s.proxies[1].Play(otherBlocks)
	if got := block(); got != id {
		t.Fatal("two endpoints outvoted the third and our memory")
	}
	s.client = s.connect(nil) // without memory, contradiction is no answer
	if h, err := s.client.Block(t.Context(), s.final); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Fatalf("block %s of a disputed history: %v", h.ID.Hex(), err)
	}
	s.hand.move(time.Minute)
	s.proxies[2].Play(otherBlocks)
	if got := block(); got != anotherHash[2:] {
		t.Fatal("a change that all agree on was not believed")
	}
	s.hand.move(time.Minute)
	s.proxies[0].Play(nil) // the history of before, which was given up
	if got := block(); got != anotherHash[2:] {
		t.Fatal("the first endpoint brought the old history back alone")
	}
	s.hand.move(time.Minute)
	s.proxies[0].Play(anviltest.Body(500, ""))
	s.proxies[1].Play(nil)
	s.proxies[2].Play(nil)
	if got := block(); got != id { // one is down; the others agree that history changed again
		t.Fatal("an endpoint that is down was waited for")
	}
	s.hand.move(time.Minute)
	s.proxies[0].Play(otherBlocks)
	if got := block(); got != id {
		t.Fatal("a history that was given up is still remembered")
	}
}

// Nor can one that is behind where the chain was seen final: it may stand still on a fork that was given up, and
// be the only one that answers.
func TestHistoryIsNotToldByWhoIsBehind(t *testing.T) {
	s := open(t, 2)
	if h, err := s.client.Head(t.Context()); err != nil || h.Final.Number != s.final {
		t.Fatalf("head %+v, %v", h, err)
	}
	s.proxies[0].Play(anviltest.Body(500, ""))
	s.proxies[1].Play(anviltest.Both(otherBlocks, anviltest.Behind(s.final)))
	h, err := s.client.Block(t.Context(), s.final)
	if err == nil {
		t.Fatalf("block %s of a fork", h.ID.Hex())
	}
	s.unavailable(err)
	s.blames(1, ethrpc.Lagging)
}

// That blocks are of one history is one endpoint's word for all of them, given at once: what several have
// of it between them, or one at different times, proves nothing.
func TestBlocksOfOneHistoryAreToldByOne(t *testing.T) {
	s := open(t, 2)
	below, last := hash(t, s.node.BlockID(s.final-1)), hash(t, s.node.BlockID(s.final))
	other := hash(t, anotherHash[2:])
	holds := func(below, last ethrpc.Hash, want bool) {
		t.Helper()
		got, err := s.client.Holds(t.Context(), map[uint64]ethrpc.Hash{s.final - 1: below, s.final: last})
		if err != nil || got != want {
			t.Fatalf("%v, %v; want %v", got, err, want)
		}
	}
	holds(below, last, true)
	s.proxies[0].Asked()
	holds(below, last, true)
	if asked := s.proxies[0].Asked(); len(asked) != 2 || len(s.proxies[1].Asked()) != 0 {
		t.Fatalf("asked %v", asked)
	}
	s.proxies[0].Play(otherBlocks)
	holds(below, last, true)   // as the second has it
	holds(other, other, true)  // as the first has it
	holds(other, last, false)  // as they have it between them
	holds(below, other, false) // or so
	s.proxies[1].Play(anviltest.Body(503, ""))
	holds(below, last, false) // of those that can tell nobody has it
	s.proxies[0].Play(anviltest.Body(503, ""))
	s.hand.move(time.Minute)
	_, err := s.client.Holds(t.Context(), map[uint64]ethrpc.Hash{s.final: last})
	s.unavailable(err)
}

// A range is not read from an endpoint whose last block is another than the final one we were told
// of.
func TestRangesFitTheHead(t *testing.T) {
	s := open(t, 1)
	s.node.Mine(1)
	s.final = s.node.Finalize() // an empty block: no log gives the other history away
	if _, err := s.client.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.proxies[0].Play(otherBlocks)
	_, err := s.client.Transfers(t.Context(), s.final, s.final, s.filter())
	s.unavailable(err)
	s.blames(0, ethrpc.Contradicting)
}

// What is remembered costs one question, whoever is asked next tick.
func TestKnownBlocksCostOneQuestion(t *testing.T) {
	s := open(t, 3)
	s.sound() // the last block of a scanned range is remembered
	s.proxies[0].Asked()
	if _, err := s.client.Block(t.Context(), s.final); err != nil {
		t.Fatal(err)
	}
	if a, b := s.proxies[0].Asked(), s.proxies[1].Asked(); len(a) != 1 || len(b) != 0 {
		t.Fatalf("asked %v and %v", a, b)
	}
}

// An endpoint that stands still is noticed by the age of its newest block, and the others are asked
// too; when all stand still the furthest is believed, because the chain itself may stand still.
func TestStaleHeadsAreNoticed(t *testing.T) {
	s := open(t, 2)
	old := changeField("eth_getBlockByNumber", "timestamp", fmt.Sprintf("0x%x", time.Now().Add(-time.Hour).Unix()))
	s.proxies[0].Play(anviltest.Both(old, anviltest.Behind(s.final)))
	h, err := s.client.Head(t.Context())
	if err != nil || h.Final.Number != s.final {
		t.Fatalf("head %+v, %v", h, err)
	}
	s.blames(0, ethrpc.Lagging)
	s.blames(1, ethrpc.None)

	s.hand.move(time.Hour) // now both are old
	s.client = s.connect(nil)
	h, err = s.client.Head(t.Context())
	if err != nil || h.Final.Number != s.final {
		t.Fatalf("head of a chain that stands still: %+v, %v", h, err)
	}
	if s.health(0).Latest != s.final || s.health(1).Final != s.final {
		t.Errorf("health: %+v", s.client.Endpoints())
	}
}

// An endpoint that was ahead and is gone does not hold up the others, and one that falls behind
// what was seen is passed over while another is up to date.
func TestHeadFollowsWhoIsFurther(t *testing.T) {
	s := open(t, 2)
	if _, err := s.client.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.proxies[0].Play(anviltest.Behind(s.final - 1))
	h, err := s.client.Head(t.Context())
	if err != nil || h.Final.Number != s.final {
		t.Fatalf("head %+v, %v", h, err)
	}
	s.blames(0, ethrpc.Lagging)
	s.proxies[1].Play(anviltest.Body(503, ""))
	s.hand.move(time.Minute)
	h, err = s.client.Head(t.Context())
	if err != nil || h.Final.Number >= s.final {
		t.Fatalf("the only one left: %+v, %v", h, err)
	}
}

// A final block above the newest, or a height's block of another height, is nonsense.
func TestImpossibleHeadsAreRefused(t *testing.T) {
	swapped := anviltest.Change("eth_getBlockByNumber", func(c anviltest.Call, r anviltest.Reply) anviltest.Reply {
		if string(c.Params[0]) == `"latest"` {
			r.Result = []byte(strings.Replace(string(r.Result), `"number":"0x`, `"number":"0x0`, 1))
			r.Result = []byte(strings.Replace(string(r.Result), `"number":"0x0`, `"number":"0x0","n":"0x`, 1))
		}
		return r
	})
	s := open(t, 1)
	s.proxies[0].Play(swapped)
	_, err := s.client.Head(t.Context())
	s.unavailable(err)
	s.blames(0, ethrpc.Contradicting)

	s = open(t, 1)
	s.proxies[0].Play(changeField("eth_getBlockByNumber", "number", "0x1"))
	_, err = s.client.Block(t.Context(), s.final)
	s.unavailable(err)
	s.blames(0, ethrpc.Contradicting)
}

// "There is no such transaction" is said only by who has the chain. If the newest block is old, all
// must say it.
func TestAbsenceIsProven(t *testing.T) {
	unknown := hash(t, anotherHash[2:])
	s := open(t, 2)
	absent := func(want bool) {
		t.Helper()
		found, err := s.client.TransfersOf(t.Context(), unknown, s.filter())
		if (err == nil) != want || len(found) != 0 {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	absent(true)
	if len(s.proxies[1].Asked()) != 0 {
		t.Error("the second endpoint was asked although the first is up to date")
	}
	if _, err := s.client.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.proxies[0].Play(anviltest.Behind(s.final - 1))
	s.proxies[1].Play(anviltest.Body(503, ""))
	absent(false)

	s.proxies[0].Play(nil)
	s.proxies[1].Play(nil)
	s.hand.move(time.Hour) // the newest block is old now
	absent(true)
	if len(s.proxies[1].Asked()) == 0 {
		t.Error("an old node alone was believed")
	}
	s.proxies[1].Play(anviltest.Body(503, ""))
	absent(false)

	fresh := s.connect(nil) // that was never told how far the chain is
	if _, err := fresh.TransfersOf(t.Context(), unknown, s.filter()); err == nil {
		t.Error("an old node was believed while the other is down")
	}
}
