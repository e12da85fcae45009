package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// What agents pay with, and to whom.
const (
	agentToken = "833589fcd6edb6e08f4c7c32d4f71b54bda02913"
	agentPayee = "857b06519e91e3a54538791bdbb0e22373e36b66"
	relayer    = "1111111111111111111111111111111111111111"
	price      = 10_000
	watched    = 8453  // Base, which this gateway watches
	rehearsing = 84532 // Base Sepolia, which nobody watches
)

// agent is a settlement of an authorization over the price.
type agent struct {
	house
	network int
	n       int
}

// The settlements of the seeded world, by what became of them.
var (
	bought      = agent{seller, watched, 1}    // by a transaction of ours
	forwarded   = agent{seller, watched, 2}    // by somebody else's
	tried       = agent{tester, rehearsing, 3} // test money, where nobody watches
	taken       = agent{seller, watched, 4}    // settled, and undone by the chain
	regained    = agent{seller, watched, 5}    // settled, undone, and settled again
	underWay    = agent{seller, watched, 6}    // sent, and its transfer is recorded
	turnedAway  = agent{seller, watched, 7}
	justClaimed = agent{seller, watched, 8}
)

// hashed is 32 bytes, in hex, that a reader can tell apart.
func hashed(what string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, n))
	return hex.EncodeToString(sum[:])
}

func (a agent) id() string    { return id(400 + a.n) }
func (a agent) payer() string { return hashed("payer", a.n)[:40] }
func (a agent) nonce() string { return hashed("nonce", a.n) }
func (a agent) tx() string    { return hashed("tx", a.n) }

func (a agent) ref() string {
	return fmt.Sprintf("x402:eip155:%d/0x%s/0x%s/0x%s", a.network, agentToken, a.payer(), a.nonce())
}

func (a agent) key() string {
	return fmt.Sprintf("(SELECT key FROM x402_settlements WHERE id = '%s')", a.id())
}

// chain is what the book calls the network.
func (a agent) chain() string {
	if a.network == watched {
		return "base"
	}
	return fmt.Sprintf("eip155:%d", a.network)
}

// claim records a settlement.
func (w *world) claim(a agent) {
	w.exec(`INSERT INTO x402_settlements (id, network, asset, payer, pay_to, nonce, value, valid_after,
			valid_before, signature, route, merchant_id, project_id, mode, sku, request, signed, client, version,
			price_currency, price, title, payment_id, status, reason, order_no, claimed_at, look_at, changed_at)
		VALUES ($1, $2, decode($3, 'hex'), decode($4, 'hex'), decode($5, 'hex'), decode($6, 'hex'), $7, 0, 9,
			decode('', 'hex'), '', $8, $9, $10, 'weather', sha256('r'), sha256('a'), sha256('c'), 2, 'USDC/6', $7, 'weather', '',
			'claimed', '', '', $11, $11, $11)`,
		a.id(), a.network, agentToken, a.payer(), agentPayee, a.nonce(), price, id(a.merchant), id(a.project),
		a.mode.String(), w.tick())
}

// sign stores a transaction of the relayer for a settlement.
func (w *world) sign(a agent, nonce int, mined bool) {
	w.exec(`INSERT INTO x402_transactions (txid, network, account, nonce, key, raw, gas, max_fee, tip, signed_at,
			mined_at, cost)
		VALUES (decode($1, 'hex'), $2, decode($3, 'hex'), $4, `+a.key()+`, decode('', 'hex'), 1, 1, 1, $5,
			CASE WHEN $6 THEN $5::timestamptz END, CASE WHEN $6 THEN 1 END)`,
		a.tx(), a.network, relayer, nonce, w.tick(), mined)
	w.exec(`INSERT INTO x402_lanes VALUES ($1, decode($2, 'hex'), $3)
		ON CONFLICT (network, account) DO UPDATE SET next = EXCLUDED.next`, a.network, relayer, nonce+1)
}

// send says that a settlement's transaction was sent.
func (w *world) send(a agent) {
	w.exec("UPDATE x402_settlements SET status = 'broadcast', txid = decode($2, 'hex') WHERE id = $1", a.id(), a.tx())
}

// agentPayment is the transaction that books a settlement.
func (w *world) agentPayment(a agent, again string) ledger.Transaction {
	amount, err := money.FromMinor(money.USDC, big.NewInt(price))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.transaction(a.house, ledger.Transaction{
		Kind: ledger.KindAgent, SourceRef: a.ref() + again,
		Postings: []ledger.Posting{{
			Source:      ledger.World(a.mode, a.chain()),
			Destination: ledger.Of(merchant.ID(id(a.merchant)), a.mode, ledger.Received+a.chain()), Amount: amount,
		}},
	})
}

// pay settles an authorization and books it; again is what follows its cause if it was undone before.
func (w *world) pay(a agent, again string) ledger.Transaction {
	t := w.agentPayment(a, again)
	t.OrderNo = w.book(t)
	w.orders[400+a.n] = t.OrderNo
	w.exec(`UPDATE x402_settlements SET status = 'settled', txid = decode($2, 'hex'), order_no = $3, settled_at = $4,
		look_at = NULL WHERE id = $1`, a.id(), a.tx(), string(t.OrderNo), w.tick())
	if a.network == watched {
		w.arrive(a, "x402", string(t.OrderNo))
	}
	w.exec(`INSERT INTO x402_answers VALUES (`+a.key()+`, 200, '{}', 'sun', $1) ON CONFLICT DO NOTHING`, w.tick())
	return t
}

// arrive records an agent's transfer.
func (w *world) arrive(a agent, disposition, orderNo string) {
	w.exec("DELETE FROM transfers WHERE txid = $1", a.tx())
	w.exec(`INSERT INTO transfers (network, txid, idx, symbol, contract, decimals, sender, receiver, units, height,
			block_id, block_time, project_id, disposition, order_no, recorded_at)
		VALUES ($1, $2, 3, 'USDC', $3, 6, $4, $5, $6, 7, 'b', $7, $8, $9, $10, $7)`,
		a.chain(), a.tx(), "0x"+agentToken, "0x"+a.payer(), "0x"+agentPayee, price, w.tick(), id(a.project),
		disposition, orderNo)
}

// unpay takes a settlement back: the chain undid it.
func (w *world) unpay(a agent, t ledger.Transaction) {
	w.book(t.Reversal("", t.SourceRef, "the chain undid it", w.tick()))
	w.exec("UPDATE transfers SET disposition = 'reversed' WHERE txid = $1", a.tx())
	w.exec("UPDATE x402_settlements SET status = 'reversed', order_no = '', settled_at = NULL, look_at = $2 WHERE id = $1",
		a.id(), w.tick())
}

// agents writes what is lawful of agents' payments.
func (w *world) agents() {
	for _, a := range []agent{bought, forwarded, tried, taken, regained, underWay, turnedAway, justClaimed} {
		w.claim(a)
	}
	w.sign(bought, 7, true) // the key was used elsewhere before
	w.pay(bought, "")
	w.pay(forwarded, "")
	w.sign(tried, 0, false)
	w.pay(tried, "")
	w.unpay(taken, w.pay(taken, ""))
	w.unpay(regained, w.pay(regained, ""))
	w.pay(regained, ".2")
	w.sign(underWay, 8, false)
	w.send(underWay)
	w.arrive(underWay, "unmatched", "")
	w.exec("UPDATE transfers SET reason = 'x402_settlement' WHERE txid = $1", underWay.tx())
	w.exec("UPDATE x402_settlements SET status = 'refused', reason = 'funds', look_at = NULL WHERE id = $1", turnedAway.id())
	w.exec(`INSERT INTO x402_transactions (txid, network, account, nonce, raw, gas, max_fee, tip, signed_at, void)
		VALUES (sha256('void'), $1, decode($2, 'hex'), 7, decode('', 'hex'), 1, 1, 1, $3, true)`, watched, relayer, dawn)
	w.exec("UPDATE x402_transactions SET signed_at = signed_at + $1::interval", time.Hour.String())
}

// of selects a settlement.
func of(a agent) string { return " WHERE id = '" + a.id() + "'" }

var agentPlants = []plant{
	by("an authorization is of another merchant's project", "UPDATE x402_settlements SET project_id = '"+id(11)+"'"+
		of(turnedAway), "agent-owner"),
	by("an authorization is settled and not booked", "UPDATE x402_settlements SET status = 'settled', settled_at = now(),"+
		" order_no = '20260701000000900'"+of(underWay), "agent-booked"),
	does("booked and not settled", func(w *world) { w.book(w.agentPayment(justClaimed, "")) }, "agent-standing"),
	does("booked twice", func(w *world) { w.book(w.agentPayment(bought, ".2")) }, "agent-standing"),
	does("booked at another price", func(w *world) {
		t := w.agentPayment(justClaimed, "")
		t.Postings[0].Amount = usdt(w.t, price)
		no := w.book(t)
		w.exec("UPDATE x402_settlements SET status = 'settled', settled_at = now(), txid = sha256('x'), order_no = $1"+
			of(justClaimed), string(no))
	}, "agent-booked"),
	does("received on another network", func(w *world) {
		t := w.agentPayment(justClaimed, "")
		t.Postings[0].Source = ledger.World(t.Mode, "ethereum")
		no := w.book(t)
		w.exec("UPDATE x402_settlements SET status = 'settled', settled_at = now(), txid = sha256('x'), order_no = $1"+
			of(justClaimed), string(no))
	}, "agent-booked"),
	does("booked for nothing anybody signed", func(w *world) {
		w.book(w.agentPayment(agent{seller, watched, 99}, ""))
	}, "agent-standing"),
	does("reversed, and still settled", func(w *world) {
		t := w.agentPayment(bought, "")
		t.OrderNo = w.orders[400+bought.n]
		w.book(t.Reversal("", t.SourceRef, "", w.tick()))
	}, "agent-standing"),
	by("one that is not settled names a booking", "UPDATE x402_settlements SET order_no = '1'"+of(turnedAway), "agent-booked"),
	by("a transfer names another order number", "UPDATE transfers SET order_no = '1' WHERE txid = '"+bought.tx()+"'",
		"agent-transfer"),
	by("a transfer of another payer is said to settle", "UPDATE transfers SET sender = '0x' WHERE txid = '"+
		forwarded.tx()+"'", "agent-transfer"),
	by("an agent's transfer waits for its merchant", "UPDATE transfers SET disposition = 'unmatched', order_no = ''"+
		" WHERE txid = '"+bought.tx()+"'", "agent-transfer"),
	by("an agent's transfer has no order number", "ALTER TABLE transfers DROP CONSTRAINT transfers_agent_check;"+
		" UPDATE transfers SET order_no = '' WHERE txid = '"+bought.tx()+"'", "agent-transfer", "transfer-disposition"),
	by("an undone transfer's settlement is looked at by nobody", "UPDATE transfers SET disposition = 'reversed'"+
		" WHERE txid = '"+bought.tx()+"'", "agent-transfer", "payment-undone"),
	by("a transfer is kept for a settlement that ended", "UPDATE x402_settlements SET look_at = NULL"+of(underWay), "agent-waits"),
	by("what the merchant got is kept for a settlement", "UPDATE transfers SET reason = 'x402_settlement' WHERE txid = '"+
		bought.tx()+"'", "agent-waits"),
	does("one movement settles two", func(w *world) {
		twin := agent{seller, watched, 9}
		w.claim(twin)
		w.exec("DROP INDEX x402_settlements_moved")
		w.exec("UPDATE x402_settlements SET payer = decode('" + forwarded.payer() + "', 'hex')" + of(twin))
		t := w.agentPayment(twin, "")
		t.SourceRef = fmt.Sprintf("x402:eip155:%d/0x%s/0x%s/0x%s", twin.network, agentToken, forwarded.payer(), twin.nonce())
		no := w.book(t)
		w.exec("UPDATE x402_settlements SET status = 'settled', settled_at = now(), txid = decode($2, 'hex'),"+
			" order_no = $1, look_at = NULL"+of(twin), string(no), forwarded.tx())
	}, "agent-once", "agent-transfer"),
	by("sent, and not stored", "DELETE FROM x402_transactions WHERE txid = '\\x"+underWay.tx()+"';"+
		" UPDATE x402_lanes SET next = 8 WHERE network = 8453", "agent-signed"),
	by("settled by what was signed for another", "UPDATE x402_transactions SET key = "+turnedAway.key()+
		" WHERE txid = '\\x"+bought.tx()+"'", "agent-signed"),
	by("signed for nobody", "UPDATE x402_transactions SET key = sha256('a') || sha256('b') || substr(sha256('c'), 1, 16)"+
		" WHERE void", "agent-signed"),
	by("a lane goes back", "UPDATE x402_lanes SET next = 8 WHERE network = 8453", "agent-nonce"),
	by("a lane goes ahead", "INSERT INTO x402_lanes VALUES (1, decode('"+relayer+"', 'hex'), 3)", "agent-nonce"),
	by("a nonce is left out", "UPDATE x402_transactions SET nonce = 9 WHERE nonce = 8;"+
		" UPDATE x402_lanes SET next = 10 WHERE network = 8453", "agent-nonce"),
	by("two transactions of a nonce are mined", "DROP INDEX x402_transactions_mined; UPDATE x402_transactions"+
		" SET void = false, mined_at = now(), cost = 1 WHERE void", "agent-mined"),
	by("void without one that is mined", "UPDATE x402_transactions SET void = true WHERE nonce = 8", "agent-mined"),
	by("delivered for nothing", "INSERT INTO x402_answers SELECT key, 200, '{}', '', now() FROM x402_settlements"+
		of(turnedAway), "agent-answer"),
}
