package x402

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
)

// What the official servers let pass, or charge for nothing, is refused here before anything moves, with a
// status that does not make an honest agent pay twice.
func TestAttacks(t *testing.T) {
	s := open(t, behindProxy)
	weather, slow := s.sell("weather", "sunny"), s.sell("slow", "later")
	payer := s.rich("agent")
	bill := s.bill(weather)
	cheap, long, elsewhere, forged, early := bill, bill, bill, bill, bill
	cheap.Value = "1"
	long.Before = bill.Now.Add(10 * 365 * 24 * time.Hour)
	elsewhere.To = agenttest.Named("thief").Address().String()
	forged.From, forged.Signature = payer.Address().String(), make([]byte, 65)
	early.After = bill.Now.Add(time.Hour)
	odd := bill
	odd.Value = "0x2710"
	pauper := agenttest.Named("pauper of " + t.Name())
	for name, c := range map[string]struct {
		header string
		status int
		says   string
	}{
		"not base64":          {"%%%", http.StatusBadRequest, "invalid_payment_header"},
		"not JSON":            {base64.StdEncoding.EncodeToString([]byte("sunny?")), http.StatusBadRequest, "invalid_payment_header"},
		"too little":          {sign(t, payer, cheap), http.StatusPaymentRequired, "amount_mismatch"},
		"valid for ten years": {sign(t, payer, long), http.StatusPaymentRequired, "authorization_window_too_long"},
		"to somebody else":    {sign(t, payer, elsewhere), http.StatusPaymentRequired, "recipient_mismatch"},
		"not signed":          {sign(t, payer, forged), http.StatusPaymentRequired, "invalid_signature"},
		"not valid yet":       {sign(t, payer, early), http.StatusPaymentRequired, "authorization_not_yet_valid"},
		"without money":       {sign(t, pauper, bill), http.StatusPaymentRequired, "insufficient_funds"},
	} {
		a := s.Call(http.MethodGet, weather, nil, "PAYMENT-SIGNATURE", c.header)
		if a.Status != c.status || !strings.Contains(string(a.Body), c.says) || a.Header.Get(x402.HeaderRequiredV2) == "" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if _, err := payer.Pay(odd); err == nil {
		t.Error("an amount in hexadecimal was signed")
	}
	if s.sent() != 0 || s.balance(s.payTo) != 0 {
		t.Fatalf("%d transactions were sent", s.sent())
	}

	paid := sign(t, payer, bill)
	first := s.Call(http.MethodGet, weather, nil, "PAYMENT-SIGNATURE", paid).Want(t, http.StatusOK)
	again := s.Call(http.MethodGet, weather, nil, "PAYMENT-SIGNATURE", paid).Want(t, http.StatusOK)
	if string(again.Body) != string(first.Body) ||
		again.Header.Get("PAYMENT-RESPONSE") != first.Header.Get("PAYMENT-RESPONSE") {
		t.Errorf("the stored answer is %s, was %s", again.Body, first.Body)
	}
	for name, c := range map[string]struct {
		path, client string
		status       int
	}{
		"for another resource": {slow, "127.0.0.1", http.StatusConflict},
		"with another query":   {weather + "&city=Ulm", "127.0.0.1", http.StatusConflict},
		"by a stranger":        {weather, "198.51.100.7", http.StatusPaymentRequired},
	} {
		a := s.Call(http.MethodGet, c.path, nil, "PAYMENT-SIGNATURE", paid, "X-Forwarded-For", c.client)
		if a.Status != c.status || strings.Contains(string(a.Body), "sunny") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if s.sent() != 1 || s.balance(s.payTo) != price {
		t.Errorf("%d transactions for %d units", s.sent(), s.balance(s.payTo))
	}
	// Who was without money and has it now need not sign again.
	header := sign(t, pauper, s.bill(weather))
	s.Call(http.MethodGet, weather, nil, "PAYMENT-SIGNATURE", header).Want(t, http.StatusPaymentRequired)
	s.fund(pauper, price)
	s.Call(http.MethodGet, weather, nil, "PAYMENT-SIGNATURE", header).Want(t, http.StatusOK)
	s.audited()
}

// Blocks stop in the middle of a settlement: the payer is told to wait and not to sign again, and is served
// when they go on. The official server never serves him, and has his money.
func TestBlocksStop(t *testing.T) {
	s := open(t, behindProxy)
	path := s.sell("weather", "sunny")
	payer := s.rich("agent")
	header := sign(t, payer, s.bill(path))
	s.node.Call("evm_setAutomine", false)
	a := s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", header).Want(t, http.StatusServiceUnavailable)
	told := readReceipt(t, a.Header.Get("PAYMENT-RESPONSE"))
	if a.At("error") != "settlement_pending" || a.Header.Get("Retry-After") == "" || told.Success ||
		len(told.Transaction) != 66 || told.ErrorReason != "settlement_pending" {
		t.Errorf("told %s, %v, %+v", a.Body, a.Header, told)
	}
	s.node.Call("evm_setAutomine", true)
	s.node.Mine(1)
	a, err := s.present(s.Gateway, path, header, "127.0.0.1")
	if err != nil || a.Status != http.StatusOK || string(a.Body) != "sunny" {
		t.Fatalf("afterwards: %d %s, %v", a.Status, a.Body, err)
	}
	if s.balance(s.payTo) != price {
		t.Errorf("the shop has %d units", s.balance(s.payTo))
	}
	s.audited()
}

// Anybody may submit what a payer signed. Whoever does so before us pays the gas; the payer is served, once.
func TestSomebodyElseSubmits(t *testing.T) {
	s := open(t, behindProxy)
	path := s.sell("weather", "sunny")
	payer := s.rich("agent")
	bill := s.bill(path)
	bill.Nonce = x402.Nonce{7}
	header := sign(t, payer, bill)
	s.node.Call("evm_setAutomine", false)
	s.Call(http.MethodGet, path, nil, "PAYMENT-SIGNATURE", header).Want(t, http.StatusServiceUnavailable)
	s.node.Call("anvil_dropAllTransactions")
	s.node.Call("evm_setAutomine", true)
	s.submit(t, header)
	a, err := s.present(s.Gateway, path, header, "127.0.0.1")
	if err != nil || a.Status != http.StatusOK || string(a.Body) != "sunny" {
		t.Fatalf("%d %s, %v", a.Status, a.Body, err)
	}
	if s.balance(s.payTo) != price {
		t.Errorf("the shop has %d units", s.balance(s.payTo))
	}
	s.audited()
}

// submit sends what a payer signed, as a stranger.
func (s *street) submit(t *testing.T, header string) {
	t.Helper()
	p, err := x402.Decode(x402.V2, header)
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Payload struct{ Signature string } }
	text, err := base64.StdEncoding.DecodeString(header)
	if err != nil || json.Unmarshal(text, &told) != nil {
		t.Fatalf("header %s", header)
	}
	signature, err := hex.DecodeString(strings.TrimPrefix(told.Payload.Signature, "0x"))
	if err != nil || len(signature) != 65 {
		t.Fatalf("signature %s", told.Payload.Signature)
	}
	a := p.Authorization()
	words := [][32]byte{
		padded(a.From), padded(a.To), a.Value.Bytes(), a.ValidAfter.Bytes(), a.ValidBefore.Bytes(),
		a.Nonce,
		{31: signature[64]},
		[32]byte(signature[:32]), [32]byte(signature[32:64]),
	}
	call := []byte{0xe3, 0xee, 0x16, 0x0e} // transferWithAuthorization by v, r, s
	for _, w := range words {
		call = append(call, w[:]...)
	}
	stranger := anviltest.Named("stranger of " + t.Name())
	if tx := s.node.Send(stranger, usdc, call); !tx.OK {
		t.Fatal("the stranger's transaction failed")
	}
}

func padded(a x402.Address) (w [32]byte) {
	copy(w[12:], a[:])
	return w
}
