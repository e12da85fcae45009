package sandbox

import (
	"time"

	"github.com/101pay/101pay/domain/x402"
)

// Script is what happens to a payment by authorization in the sandbox.
type Script uint8

// What can happen. Settles is what happens to all but a few amounts.
const (
	Settles     Script = iota
	NoFunds            // refused: the payer has too little
	UsedBefore         // refused: the authorization was used before
	Unreachable        // no node answers questions about it: neither taken nor refused
	Stuck              // its transaction waits until fees are raised, or for StuckFor
	Lost               // its transaction is never mined: the authorization runs out unused
	Beaten             // somebody else submits it first: it is paid, and our transaction fails
	Reverts            // its transaction fails
	NoAllowance        // refused, if it is by permit: the payer has let Permit2 move nothing
	Undone             // it is paid, and a reorg undoes it after UndoneAfter
)

// scripted are the amounts that are scripted, in millionths of a USDC. The last three digits are those of
// the HTTP status that comes closest.
var scripted = map[x402.Uint256]Script{
	x402.Uint(10_402): NoFunds,
	x402.Uint(10_409): UsedBefore,
	x402.Uint(10_412): NoAllowance,
	x402.Uint(10_503): Unreachable,
	x402.Uint(10_202): Stuck,
	x402.Uint(10_408): Lost,
	x402.Uint(10_208): Beaten,
	x402.Uint(10_500): Reverts,
	x402.Uint(10_410): Undone,
}

const (
	// StuckFor is how long a transaction waits whose fees are not raised.
	StuckFor = 30 * time.Second
	// UndoneAfter is how long a transaction stands that a reorg undoes. It is over before its block is final.
	UndoneAfter = 3 * BlockPeriod
)

// Scripted is what happens to payments of an amount: resources of a price of 0.010402 USDC cannot be
// afforded, those of 0.010409 were paid by this authorization before, and so on.
func Scripted(units x402.Uint256) Script { return scripted[units] }
