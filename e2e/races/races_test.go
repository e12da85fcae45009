package races

import (
	"os"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// races are all races of one merchant; each gets a fresh one.
var races = []struct {
	name string
	run  func(t *testing.T, f *field, m rig.Merchant)
}{
	{"one key, one charge", chargeByKey},
	{"one key, different charges", keyReused},
	{"one key, one session", sessionByKey},
	{"one key, one payment", paymentByKey},
	{"one key, one key pair", pairByKey},
	{"one order id", oneOrderID},
	{"one order id, different amounts", orderIDConflict},
	{"one intent", oneIntent},
	{"one amount, many sessions", amountSlots},
	{"one payment, confirmed", oneConfirmation},
	{"one transfer, named by its payer", oneTransfer},
	{"one refresh token", oneRefresh},
	{"one refresh token, one key", refreshByKey},
	{"revocation and charge", revocation},
	{"cancel and pay", cancelOrPay},
	{"the last key pair", lastPair},
	{"the last webhook endpoint", lastEndpoint},
}

// Of whatever may happen once there is one winner.
func TestOneWinner(t *testing.T) {
	binary := os.Getenv(binaryVar)
	if binary == "" {
		binary = rig.Binary(t)
	}
	runAll(t, &field{t: t, gates: []*rig.Gateway{rig.StartBinary(t, binary, nil)}})
}

// The same holds when the clients speak to two processes on one database.
func TestOneWinnerOfTwoProcesses(t *testing.T) {
	runAll(t, &field{t: t, gates: twins(t)})
}

func runAll(t *testing.T, f *field) {
	t.Helper()
	for range rounds(t) {
		for _, r := range races {
			t.Run(r.name, func(t *testing.T) {
				g := *f
				g.t = t
				r.run(t, &g, f.gates[0].Register(t))
			})
		}
	}
	if text, code := f.gates[0].Command("audit"); code != 0 {
		t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// twins are two processes that share a database and its keys, and answer under one name.
func twins(t *testing.T) []*rig.Gateway {
	t.Helper()
	first := rig.Start(t, nil)
	env := first.Env()
	env["LISTEN_ADDR"] = rig.FreeAddress(t)
	env["PUBLIC_URL"] = first.URL
	return []*rig.Gateway{first, rig.Start(t, env)}
}
