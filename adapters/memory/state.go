package memory

import (
	"iter"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// state is everything that commits or rolls back together.
type state struct {
	serial int64 // last row number given out, for the order of insertion

	accounts  table[merchant.ID, ports.Account]
	projects  table[merchant.ProjectID, merchant.Project]
	receiving table[merchant.ReceivingID, merchant.ReceivingAccount]
	waits     table[merchant.ProjectID, merchant.ChangeWait]
	methods   table[methodSwitch, bool]
	kyc       table[merchant.ID, merchant.KYC]
	documents table[string, document]

	pairs   table[keys.PairID, keys.Pair]
	apiKeys table[apiKeySlot, keys.APIKey]
	logins  table[string, keys.Login]

	members     table[member.ID, numbered[member.Member]]
	factors     table[member.ID, member.Factors]
	visits      table[string, member.Visit]
	invitations table[string, member.Invitation]
	challenges  table[string, challenge]
	journal     table[entryKey, member.Entry]
	journaled   table[merchant.ID, member.Entry] // the last entry of each merchant

	sessions table[checkout.SessionID, sessionRow]
	intents  table[checkout.IntentID, checkout.Intent]
	amounts  table[amount, checkout.IntentID] // who holds which amount: the unique index

	sources table[merchant.SourceID, merchant.AddressSource]
	own     table[familyAddress, ownAddress] // addresses of sources

	transfers table[transferKey, ports.TransferRow]
	sightings table[transferKey, ports.Sighting]
	cursors   table[chain.Network, ports.Cursor]
	trail     table[trailKey, ports.Cursor]
	rescans   table[rescanKey, ports.Rescan]

	ignored     table[ignoredKey, ports.IgnoredTransfer]
	ignoredDays table[ignoredDay, dayCount]
	marks       table[trailKey, ports.Cursor]
	gaps        table[gapKey, ports.WatchGap]

	booked table[ledger.OrderNo, ports.Booked]
	causes table[cause, ledger.OrderNo]
	tips   table[chainKey, ports.Booked] // the last transaction of each chain
	closed table[chainKey, time.Time]    // until when no more is booked

	schedules   table[string, numbered[report.Schedule]]
	reports     table[string, report.Run]
	reportFiles table[string, []byte]

	answers table[claimKey, keptAnswer]

	authorizations table[x402.ClaimKey, ports.AuthorizationRow]
	paymentIDs     table[paymentID, x402.ClaimKey] // the unique index
	delivered      table[x402.ClaimKey, ports.AuthorizationAnswer]
	lanes          table[laneKey, ports.Lane]
	relayed        table[x402.Hash, numbered[ports.RelayTransaction]]

	endpoints  table[string, numbered[webhook.Endpoint]]
	events     table[string, webhook.Event]
	deliveries table[string, numbered[webhook.Delivery]]
	attempts   table[string, []webhook.Attempt]

	resources table[resource.ID, resource.Snapshot]
	skus      table[sku, resource.ID]
	contents  table[resource.ID, storedContent]

	jobs table[int64, Job]

	sealed   time.Time // end of the sandbox chain's closed time
	mined    table[minedKey, ports.SandboxTransfer]
	reorgs   table[int64, ports.SandboxReorg]
	troubles table[int64, ports.SandboxTrouble]
	calls    table[callSlot, ports.SandboxCall]
}

// next answers a row number higher than all before.
func (s *state) next() int64 {
	s.serial++
	return s.serial
}

// numbered is a row that remembers when it was inserted.
type numbered[V any] struct {
	row    V
	number int64
}

// table is the rows of one kind. A unit of work writes into a trie of its own that shares with the
// committed one whatever it did not touch.
type table[K comparable, V any] struct {
	rows trie[K, V]
}

func (t *table[K, V]) get(k K) (V, bool) { return t.rows.get(k) }

func (t *table[K, V]) put(u *unit, k K, v V) { t.rows.put(u, k, v) }

func (t *table[K, V]) drop(u *unit, k K) { t.rows.drop(u, k) }

// all are the rows, in no order.
func (t *table[K, V]) all() iter.Seq2[K, V] { return t.rows.all }

// where lists the rows that match, in no order.
func (t *table[K, V]) where(match func(V) bool) []V {
	var out []V
	for _, v := range t.rows.all {
		if match(v) {
			out = append(out, v)
		}
	}
	return out
}

// find answers a row that matches; callers match by what is unique.
func (t *table[K, V]) find(match func(V) bool) (V, bool) {
	for _, v := range t.rows.all {
		if match(v) {
			return v, true
		}
	}
	var none V
	return none, false
}

// first cuts a list to a page and says whether more follows.
func first[V any](all []V, limit int) (page []V, more bool) {
	if len(all) > max(limit, 0) {
		return all[:max(limit, 0)], true
	}
	return all, false
}

// must answers what was found, or ErrNotFound.
func must[V any](v V, found bool) (V, error) {
	if !found {
		return v, ports.ErrNotFound
	}
	return v, nil
}
