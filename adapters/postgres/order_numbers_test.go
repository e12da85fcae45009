package postgres_test

import (
	"testing"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Processes that draw from one day at once, or one after another, never draw one number twice.
func TestOrderNumbersOfProcesses(t *testing.T) {
	dsn := migrated(t)
	given := make(map[ledger.OrderNo]bool)
	for range 2 {
		first, second := open(t, dsn), open(t, dsn)
		for range 50 {
			for _, no := range []ledger.OrderNo{draw(t, first), draw(t, second)} {
				if given[no] {
					t.Fatalf("order number %s was given out twice", no)
				}
				given[no] = true
			}
		}
	}
}

func draw(t *testing.T, from ports.OrderNumbers) ledger.OrderNo {
	t.Helper()
	no, err := from.Next(t.Context(), portstest.Epoch)
	if err != nil {
		t.Fatal(err)
	}
	return no
}
