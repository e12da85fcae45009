package anviltest

import (
	"crypto/sha256"
	stdhex "encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
)

// Account is the 20 bytes of an account or contract.
type Account [20]byte

func (a Account) hex() string { return fmt.Sprintf("0x%x", a[:]) }

// Named is the account of a name: the same in every test, and nobody's.
func Named(name string) Account {
	sum := sha256.Sum256([]byte("anviltest " + name))
	return Account(sum[:len(Account{})])
}

// USDT is where USDT is on Tron's main network.
var USDT = Account{
	0xa6, 0x14, 0xf8, 0x03, 0xb6, 0xfd, 0x78, 0x09, 0x86, 0xa4,
	0x2c, 0x78, 0xec, 0x9c, 0x7f, 0x77, 0xe6, 0xde, 0xd1, 0x3c,
}

// Issuer owns the token that PlaceToken places.
var Issuer = Named("issuer")

// artifact is what contracts/build.mjs makes of a contract, or what contracts/foreign holds of one that is
// not ours.
type artifact struct {
	Selectors        map[string]string
	DeployedBytecode string
}

func load(t testing.TB, contract string) artifact {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "contracts", "artifacts", contract+".json"))
	if errors.Is(err, os.ErrNotExist) {
		text, err = os.ReadFile(filepath.Join(root(t), "contracts", "foreign", contract+".json"))
	}
	if err != nil {
		t.Fatalf("%v; make it: npm --prefix e2e run contracts", err)
	}
	var a artifact
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Place puts a contract of the directory contracts at an address, without running its constructor.
func (n *Node) Place(contract string, at Account) {
	n.t.Helper()
	n.Call("anvil_setCode", at.hex(), load(n.t, contract).DeployedBytecode)
}

// PlacePermit2 puts Permit2 where it is on every network, and the contracts of x402 that settle permits where
// theirs are.
func (n *Node) PlacePermit2() {
	n.t.Helper()
	n.Place("Permit2", Permit2)
	n.Place("ExactPermitProxy", exactProxy)
	n.Place("UpToPermitProxy", upToProxy)
}

// Permit2 is where Permit2 is on every network.
var Permit2 = accountOf("000000000022d473030f116ddee9f6b43ac78ba3")

// Where the contracts of x402 are that settle permits.
var (
	exactProxy = accountOf("402085c248eea27d92e8b30b2c58ed07f9e20001")
	upToProxy  = accountOf("4020a4f3b7b90cca423b9fabcc0ce57c6c240002")
)

func accountOf(digits string) Account {
	b, err := stdhex.DecodeString(digits)
	if err != nil {
		panic(err) // a literal of ours
	}
	return Account(b)
}

// PlaceToken puts a token that behaves like USDT at an address, owned by Issuer.
func (n *Node) PlaceToken(at Account) {
	n.t.Helper()
	n.place("TetherToken", at)
}

// place puts a token at an address, owned by Issuer.
func (n *Node) place(contract string, at Account) {
	n.t.Helper()
	n.Place(contract, at)
	n.Call("anvil_setStorageAt", at.hex(), hex(0), fmt.Sprintf("0x%064x", Issuer[:]))
}

// Calldata writes a call of a contract's function, named by its signature as in
// "transfer(address,uint256)". Arguments are accounts, whole numbers, truth values, 32-byte words,
// bytes, and lists of accounts or of numbers.
func (n *Node) Calldata(contract, signature string, args ...any) []byte {
	n.t.Helper()
	selector, err := stdhex.DecodeString(load(n.t, contract).Selectors[signature])
	if err != nil || len(selector) != 4 {
		n.t.Fatalf("%s has no %s", contract, signature)
	}
	heads, tails := selector, []byte(nil)
	for _, arg := range args {
		if text, isText := arg.([]byte); isText {
			heads = append(heads, word(n.t, len(args)*32+len(tails))...)
			tails = append(tails, word(n.t, len(text))...)
			tails = append(tails, text...)
			tails = append(tails, make([]byte, (32-len(text)%32)%32)...)
			continue
		}
		list, isList := words(arg)
		if !isList {
			heads = append(heads, word(n.t, arg)...)
			continue
		}
		heads = append(heads, word(n.t, len(args)*32+len(tails))...)
		tails = append(tails, word(n.t, len(list))...)
		for _, element := range list {
			tails = append(tails, word(n.t, element)...)
		}
	}
	return append(heads, tails...)
}

// words answers the elements of a list.
func words(arg any) (out []any, isList bool) {
	switch list := arg.(type) {
	case []Account:
		for _, a := range list {
			out = append(out, a)
		}
	case []*big.Int:
		for _, v := range list {
			out = append(out, v)
		}
	default:
		return nil, false
	}
	return out, true
}

// word writes one argument.
func word(t testing.TB, arg any) []byte {
	t.Helper()
	out := make([]byte, 32)
	switch v := arg.(type) {
	case Account:
		copy(out[12:], v[:])
	case [32]byte:
		copy(out, v[:])
	case *big.Int:
		v.FillBytes(out)
	case int:
		big.NewInt(int64(v)).FillBytes(out)
	case int64:
		big.NewInt(v).FillBytes(out)
	case bool:
		if v {
			out[31] = 1
		}
	default:
		t.Fatalf("no way to write a %T", arg)
	}
	return out
}

// Payer has all the units that PlaceUSDT and PlaceCoin issued.
var Payer = Named("payer")

// multiSend is where PlaceUSDT and PlaceCoin put a contract that pays several receivers at once.
var multiSend = Named("multi send")

// PlaceUSDT puts a token that behaves like USDT at USDT's address, and gives Payer so many units
// that no test runs out of them.
func (n *Node) PlaceUSDT() {
	n.t.Helper()
	n.PlaceCoin("TetherToken", USDT)
}

// Mint issues units of the token at USDT's address.
func (n *Node) Mint(to Account, units *big.Int) Tx {
	n.t.Helper()
	return Coin{n, USDT}.Mint(to, units)
}

// Transfer moves units of the token at USDT's address, from an account that has them.
func (n *Node) Transfer(from, to Account, units *big.Int) Tx {
	n.t.Helper()
	return Coin{n, USDT}.Transfer(from, to, units)
}

// Pay moves units of the token at USDT's address from Payer.
func (n *Node) Pay(to Account, units int64) Tx {
	n.t.Helper()
	return n.Transfer(Payer, to, big.NewInt(units))
}

// PayMany moves units from Payer to each of several receivers, in one transaction, from within a
// contract.
func (n *Node) PayMany(to []Account, units []*big.Int) Tx {
	n.t.Helper()
	return Coin{n, USDT}.PayMany(to, units)
}
