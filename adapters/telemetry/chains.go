package telemetry

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ChainState is how the reading of one network stands.
type ChainState struct {
	Network   string
	Height    uint64        // last block read
	Lag       time.Duration // since the reader last got through
	Healthy   bool
	Rescanned time.Time // end of the last reading of its past; zero if there was none
	Endpoints []EndpointState
}

// EndpointState is how one endpoint of a network is doing. Priority 1 is asked first.
type EndpointState struct {
	Host          string
	Priority      int
	Healthy       bool
	Open          bool          // its breaker keeps requests away
	Retry         time.Duration // until it is asked again, 0 if it is asked
	Latency       time.Duration // of its last answer
	Failures      uint64
	Latest, Final uint64 // blocks it told of
}

// Chains has every scrape ask how the networks are read: asked, not told, because a reader that has
// stopped tells nothing.
func (m *Metrics) Chains(ask func(ctx context.Context) ([]ChainState, error)) {
	m.registry.MustRegister(chains{ask, m.unanswered.WithLabelValues("chains")})
}

type chains struct {
	ask        func(ctx context.Context) ([]ChainState, error)
	unanswered prometheus.Counter
}

// gauge is one number of a network or of an endpoint.
type gauge[T any] struct {
	desc *prometheus.Desc
	read func(T) float64
}

var ofChains = []gauge[ChainState]{
	{describe("chain_height", "Last block read."), func(s ChainState) float64 { return float64(s.Height) }},
	{
		describe("chain_lag_seconds", "Time since the network was last read successfully."),
		func(s ChainState) float64 { return s.Lag.Seconds() },
	},
	{
		describe("chain_healthy", "1 while payments on the network are offered."),
		func(s ChainState) float64 { return truth(s.Healthy) },
	},
	{
		describe("rescan_finished_timestamp_seconds", "When the past was last read again; 0 if never."),
		func(s ChainState) float64 { return instant(s.Rescanned) },
	},
}

var ofEndpoints = []gauge[EndpointState]{
	{
		describe("endpoint_healthy", "1 while its answers count.", "host", "priority"),
		func(s EndpointState) float64 { return truth(s.Healthy) },
	},
	{
		describe("endpoint_breaker_open", "1 while it is left alone after failures.", "host", "priority"),
		func(s EndpointState) float64 { return truth(s.Open) },
	},
	{
		describe("endpoint_retry_seconds", "Time until it is asked again.", "host", "priority"),
		func(s EndpointState) float64 { return s.Retry.Seconds() },
	},
	{
		describe("endpoint_latency_seconds", "How long its last answer took.", "host", "priority"),
		func(s EndpointState) float64 { return s.Latency.Seconds() },
	},
	{
		describe("endpoint_failures", "Failures so far.", "host", "priority"),
		func(s EndpointState) float64 { return float64(s.Failures) },
	},
	{
		describe("endpoint_latest_height", "Newest block it told of.", "host", "priority"),
		func(s EndpointState) float64 { return float64(s.Latest) },
	},
	{
		describe("endpoint_final_height", "Newest final block it told of.", "host", "priority"),
		func(s EndpointState) float64 { return float64(s.Final) },
	},
}

func describe(name, help string, more ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, append([]string{"network"}, more...), nil)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func instant(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

// Describe implements prometheus.Collector.
func (c chains) Describe(to chan<- *prometheus.Desc) {
	for _, g := range ofChains {
		to <- g.desc
	}
	for _, g := range ofEndpoints {
		to <- g.desc
	}
}

// Collect implements prometheus.Collector.
func (c chains) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	states, err := c.ask(ctx)
	if err != nil {
		c.unanswered.Inc()
		return
	}
	for _, s := range states {
		for _, g := range ofChains {
			to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.read(s), s.Network)
		}
		for _, e := range s.Endpoints {
			for _, g := range ofEndpoints {
				to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.read(e), s.Network,
					e.Host, strconv.Itoa(e.Priority))
			}
		}
	}
}
