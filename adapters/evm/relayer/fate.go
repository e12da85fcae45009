package relayer

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What a token tells when it takes a nonce, or it is cancelled.
var (
	transferEvent  = keccak([]byte("Transfer(address,address,uint256)"))
	usedEvent      = keccak([]byte("AuthorizationUsed(address,bytes32)"))
	cancelledEvent = keccak([]byte("AuthorizationCanceled(address,bytes32)"))
)

// Bounds of the search for who used an authorization: so many blocks at once, narrower where a node wants
// it so, and so many times.
const (
	searchSpan  = 1_000
	searchLeast = 50
	searchGoes  = 40
)

// Fate implements ports.TokenChain. The state is asked of a block by its number, which is not below the
// final one: a nonce unused there was unused in the final block too, and a node behind a balancer that
// lacks the block says so.
func (c *Chain) Fate(ctx context.Context, d x402.Due, since time.Time) (fate ports.AuthorizationFate, err error) {
	var final, newest block
	err = c.cfg.Client.Ask(ctx, []ethrpc.Question{blockBy(finalized), blockBy(latest)}, func(replies []ethrpc.Reply) (err error) {
		final, newest, err = c.heads(replies)
		return err
	})
	if err != nil {
		return fate, err
	}
	fate.FinalTime = final.Time
	question := spentQuestion(d, quantity(max(newest.Number, final.Number)))
	err = c.cfg.Client.Ask(ctx, []ethrpc.Question{question}, func(replies []ethrpc.Reply) error {
		out, err := outcomeOf(replies[0])
		if err == nil {
			fate.Used, err = spentIn(d, out)
		}
		return err
	})
	if err != nil || !fate.Used {
		return fate, err
	}
	at, id, err := c.search(ctx, d, newest.Number, since)
	if err != nil {
		return ports.AuthorizationFate{}, err
	}
	fate.TxID = id
	if id == (x402.Hash{}) {
		fate.UsedFinal = c.usedAt(ctx, d, final.Number)
	} else {
		fate.UsedFinal = at <= final.Number
	}
	return fate, nil
}

// usedAt asks whether an authorization was used as of an older block. Many nodes keep no states that old:
// then it is not known to be.
func (c *Chain) usedAt(ctx context.Context, d x402.Due, height uint64) (used bool) {
	question := spentQuestion(d, quantity(height))
	err := c.cfg.Client.Ask(ctx, []ethrpc.Question{question}, func(replies []ethrpc.Reply) error {
		if out, err := outcomeOf(replies[0]); err == nil {
			used, _ = spentIn(d, out)
		}
		return nil
	})
	return used && err == nil
}

// search looks backwards for the log by which an authorization was used, in blocks not older than since.
func (c *Chain) search(ctx context.Context, d x402.Due, to uint64, since time.Time) (at uint64, id x402.Hash, err error) {
	span := uint64(searchSpan)
	for range searchGoes {
		from := to - min(to, span-1)
		found, first, err := c.look(ctx, d, from, to)
		switch {
		case isTooWide(err) && span > searchLeast:
			span /= 2
			continue
		case err != nil:
			return 0, id, err
		case found != nil:
			return found.height, found.id, nil
		case from == 0 || first.Time.Before(since):
			return 0, id, nil
		}
		to = from - 1
	}
	return 0, id, nil
}

// tooWideError is a refusal of a range, for its width as far as anybody can tell.
type tooWideError struct{ *ethrpc.Refusal }

// Unwrap says what it means once no narrower range is taken either.
func (w *tooWideError) Unwrap() error { return ports.ErrChainUnavailable }

func isTooWide(err error) bool {
	var w *tooWideError
	return errors.As(err, &w)
}

// sighting is a log that was looked for.
type sighting struct {
	height uint64
	id     x402.Hash
}

// look asks for the log in a range of blocks, whose first one it answers too. Permit2 tells nothing of the
// permits it takes: of one every transfer that may be its is looked at.
func (c *Chain) look(ctx context.Context, d x402.Due, from, to uint64) (found *sighting, first block, err error) {
	payer := x402.Hash(wordOf(d.Payer))
	topics := []any{[]string{usedEvent.String(), cancelledEvent.String()}, payer.String(), d.Nonce.String()}
	if d.Method.Permits() {
		topics = []any{transferEvent.String(), payer.String(), x402.Hash(wordOf(d.PayTo)).String()}
	}
	var alike []sighting
	questions := []ethrpc.Question{
		{Method: "eth_getLogs", Params: []any{map[string]any{
			"fromBlock": quantity(from), "toBlock": quantity(to), "address": d.Asset.String(), "topics": topics,
		}}},
		blockBy(quantity(from)), blockBy(quantity(to)),
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) (err error) {
		if replies[0].Refused != nil {
			return &tooWideError{replies[0].Refused}
		}
		if first, err = blockOf(replies[1]); err != nil {
			return err
		}
		if _, err = blockOf(replies[2]); err != nil {
			return err // silence about blocks that a node lacks says nothing
		}
		if d.Method.Permits() {
			alike, err = transfersIn(replies[0].Result, d, payer)
			return err
		}
		found, err = sightingIn(replies[0].Result, d, payer)
		return err
	})
	if err == nil && len(alike) > 0 {
		found, err = c.settledAmong(ctx, d, alike)
	}
	return found, first, err
}

// settledAmong finds the transaction that settled a permit among those that moved as much between the same
// two.
func (c *Chain) settledAmong(ctx context.Context, d x402.Due, alike []sighting) (found *sighting, err error) {
	questions := make([]ethrpc.Question, len(alike))
	for i, s := range alike {
		questions[i] = transactionBy(s.id)
	}
	err = c.cfg.Client.Ask(ctx, questions, func(replies []ethrpc.Reply) error {
		for i, r := range replies {
			t, err := transactionOf(r, alike[i].id)
			if err != nil {
				return err
			}
			if t != nil && d.SettledBy(t.to, t.input) {
				found = &alike[i]
			}
		}
		return nil
	})
	return found, err
}

// maxAlike bounds how many transfers of a range are looked at for a permit: a payer who pays the same price
// ever again pays a thousand times in a thousand blocks at most.
const maxAlike = 1_000

// transfersIn are the transfers that may be what a permit moved, among the logs a node offers.
func transfersIn(raw []byte, d x402.Due, payer x402.Hash) (out []sighting, err error) {
	logs, err := loggedIn(raw)
	value := d.Value.Bytes()
	for _, l := range logs {
		if len(out) < maxAlike && l.Contract == d.Asset && slices.Equal(l.Data, value[:]) &&
			slices.Equal(l.Topics, []x402.Hash{transferEvent, payer, x402.Hash(wordOf(d.PayTo))}) {
			out = append(out, l.sighting)
		}
	}
	return out, err
}

// sightingIn finds the log among those a node offers, of which it may have filtered none.
func sightingIn(raw []byte, d x402.Due, payer x402.Hash) (*sighting, error) {
	logs, err := loggedIn(raw)
	for _, l := range logs {
		said := len(l.Topics) == 3 && (l.Topics[0] == usedEvent || l.Topics[0] == cancelledEvent)
		if said && l.Contract == d.Asset && l.Topics[1] == payer && l.Topics[2] == x402.Hash(d.Nonce) {
			return &l.sighting, nil
		}
	}
	return nil, err
}

// logged is a log and where it was told.
type logged struct {
	x402.Log
	sighting
}

// loggedIn reads the logs a node offers; those that are none are left out.
func loggedIn(raw []byte) (out []logged, err error) {
	var logs []struct {
		toldLog
		BlockNumber string
	}
	if err := json.Unmarshal(raw, &logs); err != nil {
		return nil, ethrpc.Doubt("no logs")
	}
	for _, told := range logs {
		l, ok := told.read()
		id, named := x402.ParseHash(told.TransactionHash)
		height, err := smallText(told.BlockNumber)
		if ok && named && err == nil {
			out = append(out, logged{l, sighting{height, id}})
		}
	}
	return out, nil
}
