package anviltest

import (
	"math/big"
	"testing"
)

// Everything built on this package is only as good as the node's being what it claims: Tron's chain
// id, a final block, a token that moves.
func TestNodeIsWhatItClaims(t *testing.T) {
	n := Start(t)
	n.PlaceUSDT()
	if id := ask[string](n, "eth_chainId"); n.number(id) != ChainID {
		t.Errorf("chain id %s", id)
	}
	to := Named("merchant")
	pay := n.Pay(to, 50_013_400)
	if !pay.OK || len(n.Logs(pay)) != 1 {
		t.Fatalf("payment %+v with %d logs", pay, len(n.Logs(pay)))
	}
	many := n.PayMany([]Account{to, Named("other")}, []*big.Int{big.NewInt(3), big.NewInt(4)})
	if !many.OK || len(n.Logs(many)) != 2 {
		t.Fatalf("payment of two %+v with %d logs", many, len(n.Logs(many)))
	}
	if poor := n.Transfer(Named("nobody"), to, big.NewInt(1)); poor.OK {
		t.Error("who has nothing moved something")
	}
	final := n.Finalize()
	block := ask[struct{ Number string }](n, "eth_getBlockByNumber", "finalized", false)
	if n.number(block.Number) != final {
		t.Errorf("final block %s, want %d", block.Number, final)
	}
}

// Several payments in one block, and a block that is undone, are what a test cannot do without.
func TestNodePacksAndUndoesBlocks(t *testing.T) {
	n := Start(t)
	n.PlaceUSDT()
	to := Named("merchant")
	var txs [2]Tx
	height := n.OneBlock(func() {
		for i := range txs {
			txs[i] = n.Pay(to, 7)
		}
	})
	for _, tx := range txs {
		if tx.look(n); tx.Block != height || !tx.OK {
			t.Errorf("%+v is not in block %d", tx, height)
		}
	}
	before := n.BlockID(height)
	n.Reorg(1)
	if n.BlockID(height) == before {
		t.Error("the block was not replaced")
	}
	receipt := n.Call("eth_getTransactionReceipt", "0x"+txs[0].ID)
	if string(receipt) != "null" {
		t.Errorf("the transaction is still there: %s", receipt)
	}
}
