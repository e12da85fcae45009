package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/adapters/rest"
	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/adapters/telemetry"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// detailLimit bounds what the view of operators may take.
const detailLimit = 3 * time.Second

func metrics(
	store *postgres.Store, health app.Health, live tronRail, others evmRails, market *rates.Market, senders *relayers,
) *telemetry.Metrics {
	m := telemetry.New()
	m.Relayers(senders.states)
	if market != nil {
		m.Rates(func() []telemetry.RateState { return rateStates(market.Standings()) })
	}
	rails := nodes(live, others)
	m.Chains(func(ctx context.Context) ([]telemetry.ChainState, error) {
		pulse, err := health.Pulse(ctx)
		states := make([]telemetry.ChainState, len(pulse.Rails))
		for i, r := range pulse.Rails {
			last, _ := pulse.Rescan(r.Network)
			states[i] = telemetry.ChainState{
				Network: string(r.Network), Height: r.Height, Lag: r.Silence, Healthy: r.OK, Rescanned: last.FinishedAt,
			}
			for _, e := range endpointReports(pulse.At, endpointsOf(rails, r.Network)) {
				states[i].Endpoints = append(states[i].Endpoints, telemetry.EndpointState{
					Host: e.Host, Priority: e.Priority, Healthy: e.Healthy, Open: e.Breaker == string(openBreaker),
					Retry: e.retry, Latency: e.latency, Failures: e.Failures, Latest: e.Latest, Final: e.Final,
				})
			}
		}
		return states, err
	})
	m.Pool("main", func() telemetry.PoolStats {
		s := store.Pool().Stat()
		return telemetry.PoolStats{
			Max: int(s.MaxConns()), Open: int(s.TotalConns()), InUse: int(s.AcquiredConns()),
			Waits: s.EmptyAcquireCount(), Waited: s.EmptyAcquireWaitTime(),
		}
	})
	return m
}

// railReport is a rail in the answer of the readiness probe.
type railReport struct {
	Network       chain.Network `json:"network"`
	OK            bool          `json:"ok"`
	Height        uint64        `json:"height"`
	LagSeconds    float64       `json:"lagSeconds"`    // age of the last final block read
	SilentSeconds float64       `json:"silentSeconds"` // since the watcher last got through
	Rescan        *rescanReport `json:"rescan,omitempty"`
	*railDetail                 // for operators only
}

// rescanReport is the newest reading of a network's past.
type rescanReport struct {
	From       uint64    `json:"from"`
	To         uint64    `json:"to"`
	Next       uint64    `json:"next"`
	Found      int       `json:"found"`   // transfers that watching had missed
	Missing    int       `json:"missing"` // recorded transfers the other endpoint does not have
	Second     bool      `json:"secondEndpoint"`
	OwnUnread  bool      `json:"ownCoinUnread,omitempty"` // awaited, and not read again in all blocks
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt,omitzero"`
}

func reportRescan(r ports.Rescan) *rescanReport {
	return &rescanReport{
		From: r.From, To: r.To, Next: r.Next, Found: r.Found, Missing: r.Missing, Second: r.Second, OwnUnread: r.OwnUnread,
		StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
	}
}

// readiness is the answer of the readiness probe.
type readiness struct {
	Status   string       `json:"status"` // "ready", "starting", "degraded", "draining" or "down"
	Database string       `json:"database"`
	Rails    []railReport `json:"rails"`
}

func probe(store *postgres.Store, health app.Health, d *edge.Drain) rest.Probe {
	return func(ctx context.Context) (any, bool) {
		r, ready := look(ctx, store, health, d)
		return r, ready
	}
}

// look takes the pulse, for the readiness probe and for operators.
func look(ctx context.Context, store *postgres.Store, health app.Health, d *edge.Drain) (readiness, bool) {
	select {
	case <-d.Begun():
		return readiness{Status: "draining", Database: "unknown", Rails: []railReport{}}, false
	default:
	}
	pulse, err := health.Pulse(ctx)
	if err != nil || store.Ping(ctx) != nil {
		return readiness{Status: "down", Database: "unreachable", Rails: []railReport{}}, false
	}
	r := readiness{Status: "ready", Database: "ok", Rails: make([]railReport, len(pulse.Rails))}
	for i, rail := range pulse.Rails {
		r.Rails[i] = railReport{Network: rail.Network, OK: rail.OK, Height: rail.Height}
		if rail.Height > 0 {
			r.Rails[i].LagSeconds = pulse.At.Sub(rail.BlockTime).Seconds()
			r.Rails[i].SilentSeconds = rail.Silence.Seconds()
		}
		if last, ok := pulse.Rescan(rail.Network); ok {
			r.Rails[i].Rescan = reportRescan(last)
		}
		if !rail.OK {
			r.Status = "degraded"
		}
	}
	if !pulse.Ready() {
		r.Status = "starting"
	}
	return r, pulse.Ready()
}

// detail serves all that operators may know of the rails.
type detail http.Handler

func operatorView(
	store *postgres.Store, health app.Health, d *edge.Drain, live tronRail, others evmRails, senders *relayers,
) detail {
	rails := nodes(live, others)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), detailLimit)
		defer cancel()
		report, ready := look(ctx, store, health, d)
		watchers, err := health.Watchers(ctx)
		for i := range report.Rails {
			rail := &report.Rails[i]
			rail.railDetail = detailOf(health.Clock.Now(), rail.Height, endpointsOf(rails, rail.Network))
			if rail.Watcher = watchers[rail.Network]; err != nil {
				rail.Watcher = "unknown"
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(withRelayers{report, senders.reports()}) // whoever asked has gone
	})
}
