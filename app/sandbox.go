package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Scenario is something that can be made to happen to a test payment (decision 4).
type Scenario string

// The scenarios.
const (
	ScenarioExact       Scenario = "exact"        // the right amount
	ScenarioShort       Scenario = "short"        // a little less, as when an exchange keeps its fee
	ScenarioOver        Scenario = "over"         // a little more
	ScenarioSplit       Scenario = "split"        // two halves
	ScenarioLate        Scenario = "late"         // the right amount, just after the deadline
	ScenarioWrongToken  Scenario = "wrong_token"  // the right amount of a worthless token
	ScenarioDuplicate   Scenario = "duplicate"    // the right amount twice
	ScenarioReorg       Scenario = "reorg"        // the chain undoes the payment after it was final
	ScenarioNodeOutage  Scenario = "node_outage"  // nobody can read the chain for a while
	ScenarioWebhookDown Scenario = "webhook_down" // the merchant's server answers nothing for a while
)

// Scenarios lists all scenarios in the order pages show them.
func Scenarios() []Scenario {
	return []Scenario{
		ScenarioExact, ScenarioShort, ScenarioOver, ScenarioSplit, ScenarioLate, ScenarioWrongToken,
		ScenarioDuplicate, ScenarioReorg, ScenarioNodeOutage, ScenarioWebhookDown,
	}
}

// How long scripted outages last.
const (
	nodeOutage    = 20 * time.Second
	webhookOutage = time.Minute
)

// Faults of scenarios.
var (
	ErrUnknownScenario = fault.New(fault.Invalid, "unknown_scenario",
		"scenario must be one of exact, short, over, split, late, wrong_token, duplicate, reorg, node_outage, webhook_down").
		About("scenario")
	ErrNotPaidYet = fault.New(fault.Conflict, "not_paid_yet",
		"only a paid session can be undone; play \"exact\" first")
)

// Sandbox scripts the chain of test mode. It moves no session itself: it makes things happen on the
// chain, and the watcher finds them as it would real ones.
type Sandbox struct {
	Core     Core
	Sessions ports.SessionReads
	Rails    Rails
}

// Play makes a scenario happen to a test session. A live one is not found: there is nothing of the
// kind. Playing the same payment twice is one payment.
func (s Sandbox) Play(ctx context.Context, id checkout.SessionID, scenario Scenario) error {
	session, err := s.Sessions.ByID(ctx, id)
	if err != nil {
		return err
	}
	was := session.Snapshot()
	switch {
	case was.Mode != merchant.Test:
		return fault.ErrNotFound
	case !slices.Contains(Scenarios(), scenario):
		return ErrUnknownScenario
	}
	now := s.Core.Clock.Now().UTC().Truncate(time.Microsecond)
	switch scenario {
	case ScenarioNodeOutage:
		return s.trouble(ctx, ports.SandboxTrouble{Kind: "node", From: now, Until: now.Add(nodeOutage)})
	case ScenarioWebhookDown:
		return s.trouble(ctx, ports.SandboxTrouble{
			Kind: "webhook", Project: was.ProjectID, From: now, Until: now.Add(webhookOutage),
		})
	case ScenarioReorg:
		return s.reorg(ctx, was, now)
	case ScenarioExact, ScenarioShort, ScenarioOver, ScenarioSplit, ScenarioLate, ScenarioWrongToken, ScenarioDuplicate:
	}
	switch {
	case was.Intent == nil:
		return ErrNoMethodYet
	case scenario == ScenarioExact && was.Status == checkout.Settled:
		return nil
	}
	return s.pay(ctx, was, scenario, now)
}

func (s Sandbox) trouble(ctx context.Context, t ports.SandboxTrouble) error {
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Trouble(ctx, t)
	})
}

func (s Sandbox) reorg(ctx context.Context, was checkout.Snapshot, now time.Time) error {
	if was.Receipt == nil {
		return ErrNotPaidYet
	}
	return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Sandbox.Reorg(ctx, was.Receipt.TxID, ports.SandboxReorg{At: now, Height: was.Receipt.Height})
	})
}

// pay puts the transfers of a scenario on the chain.
func (s Sandbox) pay(ctx context.Context, was checkout.Snapshot, scenario Scenario, now time.Time) error {
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		rows, _, err := r.Transfers.OfSession(ctx, was.ID)
		if err != nil {
			return err
		}
		before := 0 // what the session's next payment is told apart by
		for _, row := range rows {
			if row.Disposition == ports.Reversed || row.Disposition == ports.Part {
				before++
			}
		}
		if scenario == ScenarioLate {
			if err := s.hasten(ctx, r, was.ID, now); err != nil {
				return err
			}
		}
		return r.Sandbox.Emit(ctx, transfers(was, scenario, before, now))
	})
	if errors.Is(err, ports.ErrTaken) {
		return nil // played already
	}
	return err
}

// hasten brings the deadline of a test session forward to now, so that nobody has to wait for it.
func (s Sandbox) hasten(ctx context.Context, r ports.Repos, id checkout.SessionID, now time.Time) error {
	session, err := r.Sessions.Load(ctx, id)
	if err != nil {
		return err
	}
	was := session.Snapshot().Version
	if err := session.Hasten(now); err != nil || session.Snapshot().Version == was {
		return err // the deadline has passed already
	}
	i := session.Intent()
	if err := r.Sessions.Extend(ctx, i.ID, i.ExpiresAt, i.HoldUntil); err != nil {
		return err
	}
	return r.Sessions.Save(ctx, session)
}

// transfers scripts a scenario: the payment of what is still due. Ids follow from intent, scenario and
// how many transfers of the session were undone or are parts of it, so that a repeated call is the same
// transaction and a new payment after that is not.
func transfers(was checkout.Snapshot, scenario Scenario, before int, now time.Time) []ports.SandboxTransfer {
	i, due := *was.Intent, was.Rest()
	if due.Sign() == 0 {
		due = i.Units // paid; what comes now comes twice
	}
	transfer := func(n int, units *big.Int, at time.Time) ports.SandboxTransfer {
		seed := "101pay sandbox " + string(i.ID) + " " + string(scenario) + " " + strconv.Itoa(before) + " " + strconv.Itoa(n)
		id := sha256.Sum256([]byte(seed))
		return ports.SandboxTransfer{
			TxID: chain.TxID(hex.EncodeToString(id[:])), Contract: i.Asset.Contract, Symbol: i.Asset.Symbol,
			From: chain.SandboxAddress("payer " + string(was.ID)), To: i.Address, Units: units.String(), MinedAt: at,
		}
	}
	// afterDeadline lies in a block that begins after the deadline, which is now.
	const afterDeadline = time.Second
	// A tenth, and no more than one unit of the coin: about what exchanges keep.
	tenth := new(big.Int).Div(due, big.NewInt(10))
	if unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i.Asset.Decimals)), nil); tenth.Cmp(unit) > 0 {
		tenth = unit
	}
	if tenth.Sign() == 0 {
		tenth.SetInt64(1)
	}
	switch scenario {
	case ScenarioShort:
		return []ports.SandboxTransfer{transfer(0, new(big.Int).Sub(due, tenth), now)}
	case ScenarioOver:
		return []ports.SandboxTransfer{transfer(0, new(big.Int).Add(due, tenth), now)}
	case ScenarioSplit:
		half := new(big.Int).Rsh(due, 1)
		rest := new(big.Int).Sub(due, half)
		return []ports.SandboxTransfer{transfer(0, half, now), transfer(1, rest, now)}
	case ScenarioLate:
		return []ports.SandboxTransfer{transfer(0, due, now.Add(afterDeadline))}
	case ScenarioWrongToken:
		fake := transfer(0, due, now)
		fake.Contract = string(chain.SandboxAddress("a worthless token"))
		return []ports.SandboxTransfer{fake}
	case ScenarioDuplicate:
		return []ports.SandboxTransfer{transfer(0, due, now), transfer(1, due, now.Add(time.Second))}
	case ScenarioExact, ScenarioReorg, ScenarioNodeOutage, ScenarioWebhookDown:
	}
	return []ports.SandboxTransfer{transfer(0, due, now)}
}
