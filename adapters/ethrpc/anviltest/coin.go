package anviltest

import "math/big"

// Coin is a token on a node, wherever its contract is.
type Coin struct {
	node *Node
	at   Account
}

// PlaceCoin puts a token of the directory contracts at an address, "TetherToken" with six decimals or
// "PeggedToken" with eighteen, and gives Payer so many units that no test runs out of them.
func (n *Node) PlaceCoin(contract string, at Account) Coin {
	n.t.Helper()
	c := Coin{n, at}
	n.place(contract, at)
	n.Place("MultiSend", multiSend)
	plenty := new(big.Int).Lsh(big.NewInt(1), 254)
	c.Mint(Payer, plenty)
	c.send(Payer, "approve(address,uint256)", multiSend, plenty)
	return c
}

// Mint issues units.
func (c Coin) Mint(to Account, units *big.Int) Tx {
	c.node.t.Helper()
	return c.send(Issuer, "mint(address,uint256)", to, units)
}

// Transfer moves units from an account that has them.
func (c Coin) Transfer(from, to Account, units *big.Int) Tx {
	c.node.t.Helper()
	return c.send(from, "transfer(address,uint256)", to, units)
}

// PayMany moves units from Payer to each of several receivers, in one transaction, from within a
// contract.
func (c Coin) PayMany(to []Account, units []*big.Int) Tx {
	c.node.t.Helper()
	return c.node.Send(Payer, multiSend,
		c.node.Calldata("MultiSend", "send(address,address[],uint256[])", c.at, to, units))
}

// send calls the token. Both tokens have these functions under the same signatures.
func (c Coin) send(from Account, signature string, args ...any) Tx {
	c.node.t.Helper()
	return c.node.Send(from, c.at, c.node.Calldata("TetherToken", signature, args...))
}
