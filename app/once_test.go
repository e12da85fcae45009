package app

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/ports"
)

type fixedClock struct{ now time.Time }

func (c fixedClock) Now() time.Time { return c.now }

// markedVault stands in for the real one: what it seals is marked, so a test sees whether it was.
type markedVault struct{ ports.Vault }

func (markedVault) Seal(purpose string, plain []byte) ([]byte, error) {
	return append([]byte("sealed:"+purpose+":"), plain...), nil
}

func (markedVault) Open(purpose string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("sealed:"+purpose+":"))
	if !ok {
		return nil, errors.New("not sealed")
	}
	return plain, nil
}

// A retry is answered with the first answer and the work is not done again, even when the unit of
// work runs twice by itself.
func TestSameKeyIsWorkedOnceAndAnsweredAlike(t *testing.T) {
	core := Core{
		Work: memory.New(memory.Restless()), Clock: fixedClock{time.Unix(1_700_000_000, 0)}, Vault: markedVault{},
	}
	done := 0
	ask := func(key, fingerprint string, fail error) (string, *ports.Answer, error) {
		once := Once[string]{Key: key, Fingerprint: []byte(fingerprint), Render: func(v string) (ports.Answer, error) {
			return ports.Answer{Status: 201, Body: []byte(v)}, nil
		}}
		return run(t.Context(), core, "merchant", once, func(context.Context, ports.Repos) (string, error) {
			done++
			return "made", fail
		})
	}

	refused := fault.New(fault.Invalid, "no", "no")
	if _, _, err := ask("k", "a", refused); !errors.Is(err, refused) {
		t.Fatalf("failing work: %v", err)
	}
	value, stored, err := ask("k", "a", nil)
	if err != nil || value != "made" || stored != nil {
		t.Fatalf("first success: %q, %v, %v; a failed request must not use up its key", value, stored, err)
	}
	before := done
	if _, stored, err = ask("k", "a", nil); err != nil || stored == nil || stored.Status != 201 ||
		string(stored.Body) != "made" {
		t.Fatalf("retry: %v, %v; want the first answer", stored, err)
	}
	if done != before {
		t.Errorf("a retry did the work again")
	}
	if _, _, err = ask("k", "b", nil); !errors.Is(err, ports.ErrKeyReused) {
		t.Errorf("same key, other request: %v", err)
	}
	if _, stored, err = ask("", "a", nil); err != nil || stored != nil || done == before {
		t.Errorf("without a key: %v, %v; want fresh work", stored, err)
	}
}
