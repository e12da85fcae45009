package x402

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

const (
	sepolia = 84532
	// price is what things cost here, in units of USDC and as merchants write it. The clients of version 1
	// pay at most 0.10 unless they are told otherwise.
	price, priceText = 10_000, "0.01"
	// patience is how long a test waits for what happens in the background.
	patience = 60 * time.Second
)

// usdc is where USDC is on Base Sepolia: the clients' default settings know it there only.
var usdc = func() (a anviltest.Account) {
	at, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	return anviltest.Account(at)
}()

// street is a network with a gateway on it that settles there, and a merchant who sells.
type street struct {
	*rig.Gateway
	t        testing.TB
	node     *anviltest.Node
	merchant rig.Merchant
	relayer  agenttest.Payer
	payTo    anviltest.Account
}

// open starts everything. settle says by what settings the gateway settles; nil means by a relayer's key.
func open(t testing.TB, settle func(s *street) map[string]string) *street {
	t.Helper()
	s := &street{t: t, node: anviltest.StartChain(t, sepolia), relayer: agenttest.Named("relayer of " + t.Name())}
	s.node.Place("AuthToken", usdc)
	s.node.Call("evm_setAutomine", true)
	s.payTo = anviltest.Named("shop of " + t.Name())
	s.fund(s.relayer, 0)
	if settle == nil {
		settle = func(s *street) map[string]string { return map[string]string{"X402_RELAYER_KEYS": s.relayer.Key()} }
	}
	env := settle(s)
	if env["X402_TEST_RPC_URLS"] == "" {
		env["X402_TEST_RPC_URLS"] = s.node.URL
	}
	s.Gateway = rig.Start(t, env)
	s.merchant = s.Register(t)
	return s
}

// fund gives an account coins of the network for gas, and units of USDC.
func (s *street) fund(p agenttest.Payer, units int64) {
	s.t.Helper()
	at := p.Address()
	s.node.Call("anvil_setBalance", at.String(), "0x56bc75e2d63100000")
	if units > 0 {
		s.mint(anviltest.Account(at), units)
	}
}

// mint gives an account units of USDC, as anybody may here.
func (s *street) mint(to anviltest.Account, units int64) {
	s.t.Helper()
	call := s.node.Calldata("AuthToken", "mint(address,uint256)", to, big.NewInt(units))
	if tx := s.node.Send(anviltest.Payer, usdc, call); !tx.OK {
		s.t.Fatal("nothing was minted")
	}
}

// payers are so many payers with money for one thing each.
func (s *street) payers(name string, n int) []agenttest.Payer {
	s.t.Helper()
	out := make([]agenttest.Payer, n)
	for i := range out {
		out[i] = agenttest.Named(fmt.Sprintf("%s %d of %s", name, i, s.t.Name()))
		s.fund(out[i], price)
	}
	return out
}

// sell offers a text and answers the path where it is paid for.
func (s *street) sell(sku, text string) string {
	s.t.Helper()
	a := s.merchant.Call(http.MethodPost, "/v1/resources", map[string]any{
		"sku": sku, "mode": "test", "price": priceText, "currency": "USDC", "description": "The weather",
		"mimeType": "text/plain", "timeoutSeconds": 300, "payTo": map[string]string{"eip155:84532": payee(s)},
		"content": map[string]string{"text": text, "contentType": "text/plain"},
	}).Want(s.t, http.StatusCreated)
	path, found := strings.CutPrefix(a.At("resource.url"), s.URL)
	if !found {
		s.t.Fatalf("sold at %s", a.Body)
	}
	return path
}

// balance is how much USDC an account has, in units.
func (s *street) balance(of anviltest.Account) int64 {
	s.t.Helper()
	data := s.node.Calldata("AuthToken", "balanceOf(address)", of)
	word := s.text("eth_call", map[string]string{
		"to": fmt.Sprintf("0x%x", usdc[:]), "data": fmt.Sprintf("0x%x", data),
	}, "latest")
	n, ok := new(big.Int).SetString(strings.TrimPrefix(word, "0x"), 16)
	if !ok {
		s.t.Fatalf("balance %s", word)
	}
	return n.Int64()
}

// text asks the node something that is answered by a text.
func (s *street) text(method string, params ...any) (out string) {
	s.t.Helper()
	answer := s.node.Call(method, params...)
	if err := json.Unmarshal(answer, &out); err != nil {
		s.t.Fatalf("%s: %s", method, answer)
	}
	return out
}

// bill asks what a path costs.
func (s *street) bill(path string) agenttest.Bill {
	s.t.Helper()
	a := s.Call(http.MethodGet, path, nil).Want(s.t, http.StatusPaymentRequired)
	ways, err := agenttest.Ways(a.Header.Get(x402.HeaderRequiredV2))
	if err != nil || len(ways) != 1 {
		s.t.Fatalf("challenge %v: %v", ways, err)
	}
	return agenttest.Bill{Version: x402.V2, Way: ways[0], Now: time.Now()}
}

// sign pays a bill.
func sign(t testing.TB, p agenttest.Payer, b agenttest.Bill) string {
	t.Helper()
	header, err := p.Pay(b)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

// audited fails unless the books agree with the chain.
func (s *street) audited() {
	s.t.Helper()
	if text, code := s.Command("audit"); code != 0 {
		s.t.Errorf("audit answers %d:\n%s", code, text)
	}
}

// receipt is what a payer is told of the settlement.
type receipt struct {
	Success     bool   `json:"success"`
	Transaction string `json:"transaction"`
	Network     string `json:"network"`
	Payer       string `json:"payer"`
	ErrorReason string `json:"errorReason"`
	Amount      string `json:"amount"`
}

func readReceipt(t testing.TB, header string) (out receipt) {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(header)
	if err != nil || json.Unmarshal(text, &out) != nil {
		t.Fatalf("receipt %q", header)
	}
	return out
}

// bought is what an official client was given.
type bought struct {
	Status  int      `json:"status"`
	Receipt *receipt `json:"receipt"`
	Type    string   `json:"type"`
	Body    string   `json:"body"`
	Error   string   `json:"error"`
}

// directory is where the official parts are.
func directory() string { return filepath.Join(rig.Root(), "e2e", "x402") }

// buy has payers pay for a URL by the official client of a version, all at once: by the one for fetch, or, as in
// "2 axios", by another.
func buy(t testing.TB, version, url string, by ...agenttest.Payer) []bought {
	t.Helper()
	return buyWith(t, version, url, "", by...)
}

// buyWith is buy with a node that clients of version 2 may ask; "" for none.
func buyWith(t testing.TB, version, url, node string, by ...agenttest.Payer) []bought {
	t.Helper()
	keys := make([]string, len(by))
	for i, p := range by {
		keys[i] = p.Key()
	}
	cmd := exec.CommandContext(t.Context(), "node", "pay.mjs")
	cmd.Dir = directory()
	version, client, _ := strings.Cut(version, " ")
	cmd.Env = append(os.Environ(), "VERSION="+version, "CLIENT="+client, "URL="+url, "KEYS="+strings.Join(keys, ","), "RPC="+node)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v (.ci/deps.sh npm e2e/x402 installs the clients):\n%s", err, text)
	}
	var out []bought
	for line := range strings.Lines(string(text)) {
		var b bought
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, b)
	}
	if len(out) != len(by) {
		t.Fatalf("%d payers, %d answers: %s", len(by), len(out), text)
	}
	return out
}

// run starts an official part that listens, and answers its URL.
func run(t testing.TB, program string, env ...string) string {
	t.Helper()
	cmd := exec.Command("node", program)
	cmd.Dir = directory()
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s did not start (.ci/deps.sh npm e2e/x402 installs it): %v", program, err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(line)
}

// payee is where the shop is paid.
func payee(s *street) string { return x402.Address(s.payTo).String() }
