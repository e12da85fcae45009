package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// RelayerState is how an account stands that sends settlements.
type RelayerState struct {
	Network, Account string
	Balance          float64 // of the network's own coin
	Low              bool    // less than the operator wants there
	Unmined          int     // transactions sent and not in a block yet
}

// Relayers has every scrape ask how the accounts were last seen to stand.
func (m *Metrics) Relayers(ask func() []RelayerState) { m.registry.MustRegister(relayers{ask}) }

type relayers struct{ ask func() []RelayerState }

var ofRelayers = []gauge[RelayerState]{
	{
		describe("relayer_balance", "Balance of the relayer's account, in the network's own coin.", "account"),
		func(s RelayerState) float64 { return s.Balance },
	},
	{
		describe("relayer_low", "1 while the balance is below X402_LOW_GAS.", "account"),
		func(s RelayerState) float64 { return truth(s.Low) },
	},
	{
		describe("relayer_unmined", "Settlements sent and not in a block yet.", "account"),
		func(s RelayerState) float64 { return float64(s.Unmined) },
	},
}

// Describe implements prometheus.Collector.
func (r relayers) Describe(to chan<- *prometheus.Desc) {
	for _, g := range ofRelayers {
		to <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (r relayers) Collect(to chan<- prometheus.Metric) {
	for _, s := range r.ask() {
		for _, g := range ofRelayers {
			to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.read(s), s.Network, s.Account)
		}
	}
}
