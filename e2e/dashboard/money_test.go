package dashboard

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"

	"github.com/101pay/101pay/adapters/agenttest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// live has a gateway know networks for real money that nobody answers on: their addresses can be entered.
var live = map[string]string{"EVM_RPC_URLS": "ethereum=http://127.0.0.1:1,base=http://127.0.0.1:1"}

// wallet is a key of the test's own, and its address as wallets show it.
type wallet struct {
	key     *secp256k1.PrivateKey
	address string
}

func walletOf(t *testing.T, name string) wallet {
	t.Helper()
	payer := agenttest.Named(t.Name() + " " + name)
	raw, err := hex.DecodeString(strings.TrimPrefix(payer.Key(), "0x"))
	if err != nil {
		t.Fatal(err)
	}
	return wallet{secp256k1.PrivKeyFromBytes(raw), string(chain.EVMAddress(payer.Address()))}
}

// sign signs a text as wallets do (personal_sign): r, s, and which of two keys it is.
func (w wallet) sign(text string) string {
	h := sha3.NewLegacyKeccak256()
	h.Write([]byte("\x19Ethereum Signed Message:\n" + strconv.Itoa(len(text)) + text))
	compact := ecdsa.SignCompact(w.key, h.Sum(nil), false)
	return "0x" + hex.EncodeToString(append(compact[1:], compact[0]))
}

// Where money goes: an address is proven by its wallet's signature, another takes its place only after a
// wait that is told, and can be taken back until then.
func TestWhereMoneyGoes(t *testing.T) {
	g := open(t, live)
	page := openTab(t, g)
	page.register()
	mine, other := walletOf(t, "mine"), walletOf(t, "other")
	page.visit("/receiving")
	page.says("No address yet")

	t.Log("proven")
	page.press("Add an address")
	page.fill("Coin", "USDC base")
	page.fill("Address", mine.address)
	page.says("Payments go there at once")
	page.enter("Show the text to sign")
	page.until(`document.querySelector("[data-own] pre")?.textContent.includes(` + quote(mine.address) + `)`)
	page.looksRight("the proof of an address")
	text := eval[string](page, `document.querySelector("[data-own] pre").textContent`)
	page.fill("Signature", other.sign(text))
	page.press("Add an address")
	page.says("This is no signature of this text by this address.")
	page.fill("Signature", mine.sign(text))
	page.enter("Add an address")
	page.says("Proven by signature")
	page.says("In use")
	page.looksRight("a proven address")

	t.Log("another one waits, and is taken back")
	page.press("Add an address")
	page.fill("Coin", "USDC base")
	page.fill("Address", other.address)
	page.until(`document.querySelector("dialog [data-waits]")?.textContent.includes("after 24 hours")`)
	page.hears("Added. Payments go there from ", func() { page.press("Add an address") })
	page.says("Waits until")
	if got := page.accounts(); got != mine.address+" CURRENT, "+other.address+" PENDING" {
		t.Errorf("the gateway has %s", got)
	}
	page.press("Take back")
	page.says("The address is never used, and the one before stays.")
	page.press("Take back")
	page.until(`!document.body.innerText.includes("Waits until")`)
	if got := page.accounts(); got != mine.address+" CURRENT" {
		t.Errorf("the gateway has %s", got)
	}

	t.Log("removed")
	page.press("Remove")
	page.press("Remove") // once more, in the dialog
	page.says("No address yet")
	if got := page.accounts(); got != "" {
		t.Errorf("the gateway has %s", got)
	}
}

// accounts are a project's receiving accounts as its gateway has them, oldest first.
func (t *tab) accounts() string {
	t.Helper()
	return eval[string](t, `(async () => {
		const ask = async (query, variables) => (await (await fetch("/dashboard/graphql", { method: "POST",
			headers: { "Content-Type": "application/json" }, body: JSON.stringify({ query, variables }) })).json()).data;
		const project = (await ask("{ projects { id } }")).projects[0].id;
		const list = (await ask("query($p: ID!) { receivingAccounts(project: $p) { address state } }", { p: project })).receivingAccounts;
		return list.reverse().map((a) => a.address + " " + a.state).join(", ");
	})()`)
}

// The account of the test phrase "abandon … about", and its first three addresses as wallets show them.
const ownXpub = "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt"

var ownAddresses = []string{
	"0x9858EfFD232B4033E47d90003D41EC34EcaEda94", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0",
	"0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A",
}

// Addresses for single payments: a wallet's public key is compared with the wallet before anything is paid
// there, and a list is made longer.
func TestAddressesOfTheirOwn(t *testing.T) {
	g := open(t, live)
	page := openTab(t, g)
	page.register()
	page.visit("/receiving")
	page.press("Add a source")
	page.fill("Public key of a wallet (xpub)", ownXpub)
	page.fill("Name", "shop wallet")
	page.press("Add a source")
	page.until(`document.querySelectorAll("dialog [data-next] code").length === 2`)
	next := eval[[]string](page, `[...document.querySelectorAll("dialog [data-next] code")].map((c) => c.textContent)`)
	if next[0] != ownAddresses[1] || next[1] != ownAddresses[2] {
		t.Errorf("the page says that %v follow", next)
	}
	if eval[bool](page, `document.querySelector("dialog").innerText.includes(`+quote(ownAddresses[0])+`)`) {
		t.Error("the page shows what is to come out of the wallet")
	}
	page.looksRight("a comparison with a wallet")
	page.fill("First address in your wallet", ownAddresses[1])
	page.press("Confirm")
	page.says("This is not the first address of the source.")
	page.fill("First address in your wallet", ownAddresses[0])
	page.press("Confirm")
	page.source("shop wallet", "In use")

	t.Log("a list")
	page.press("Add a source")
	page.fill("Networks", "tron")
	page.fill("Kind", "pool")
	page.fill("Name", "safe")
	page.fill("List of addresses", "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK\nTYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx")
	page.press("Add a source")
	page.fill("First address in your wallet", "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK")
	page.press("Confirm")
	page.source("safe", "In use")
	page.press("Add addresses")
	page.fill("List of addresses", "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx")
	page.press("Add addresses") // in the dialog
	page.says("One of these addresses is known to this gateway already.")
	page.fill("List of addresses", "TMuA6YqfCeX8EhbfYEg5y7S4DqzSJireY9")
	page.press("Add addresses")
	page.source("safe", "In use", "Nearly used up", "3")
	page.looksRight("sources of addresses")
}

// source waits until the row of a source says what it shall.
func (t *tab) source(name string, says ...string) {
	t.Helper()
	b := strings.Builder{}
	for _, what := range says {
		b.WriteString(` && r.innerText.includes(` + quote(what) + `)`)
	}
	t.until(`[...document.querySelectorAll("tr")].some((r) => r.querySelector(".strong")?.innerText === ` + quote(name) + b.String() + `)`)
}

// What programs buy: put up, changed, and taken away; those who ask are told so.
func TestWhatProgramsBuy(t *testing.T) {
	g := open(t)
	page := openTab(t, g)
	page.register()
	page.visit("/programs")
	page.says("Nothing is for sale yet")
	page.press("Sell something")
	page.fill("Short name", "weather")
	page.fill("Price (USDC)", "0.05")
	page.fill("Name", "Weather of tomorrow")
	page.fill("A text", "sun")
	page.press("Sell something")
	page.says("0.05 USDC")
	url := strings.TrimPrefix(eval[string](page, `document.querySelector('td code[title*="/v1/resource/weather"]').title`), g.URL)
	if a := g.Call(http.MethodGet, url, nil); a.Status != http.StatusPaymentRequired || !offers(t, a, "50000") {
		t.Errorf("who asks is told %d %s", a.Status, a.Body)
	}
	page.press("Change")
	page.fill("Price (USDC)", "0.07")
	page.fill("Description", "For any town, in words.")
	page.looksRight("a change of what is sold")
	page.press("Save")
	page.says("0.07 USDC")
	rig.Eventually(t, patience, "who asks is told the new price", func() bool {
		a := g.Call(http.MethodGet, url, nil)
		return a.Status == http.StatusPaymentRequired && offers(t, a, "70000")
	})
	page.press("End the sale")
	page.press("End the sale") // once more, in the dialog
	page.says("Nothing is for sale yet")
	g.Call(http.MethodGet, url, nil).Want(t, http.StatusNotFound)
}

// offers reports whether a challenge asks for so many base units.
func offers(t *testing.T, a rig.Answer, units string) bool {
	t.Helper()
	ways, err := agenttest.Ways(a.Header.Get("PAYMENT-REQUIRED"))
	if err != nil || len(ways) == 0 {
		t.Fatalf("no challenge: %v in %v", err, a.Header)
	}
	return ways[0].Amount == units
}
