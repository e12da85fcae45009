package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// RateState is how the price of one pair stands.
type RateState struct {
	Pair     string // as in "ETH/USD"
	Priced   bool
	Age      time.Duration // of the price, when there is one
	Agreeing int           // sources that agree with each other
}

// Rates has every scrape ask how prices stand: asked, not told, because a price grows old by itself.
func (m *Metrics) Rates(ask func() []RateState) { m.registry.MustRegister(rates{ask}) }

type rates struct{ ask func() []RateState }

var (
	rateAge = prometheus.NewDesc(namespace+"_rate_age_seconds",
		"Age of the price of a pair; absent while there is none.", []string{"pair"}, nil)
	rateSources = prometheus.NewDesc(namespace+"_rate_sources_agreeing",
		"Sources that agree on the price of a pair.", []string{"pair"}, nil)
)

// Describe implements prometheus.Collector.
func (r rates) Describe(to chan<- *prometheus.Desc) {
	to <- rateAge
	to <- rateSources
}

// Collect implements prometheus.Collector.
func (r rates) Collect(to chan<- prometheus.Metric) {
	for _, s := range r.ask() {
		to <- prometheus.MustNewConstMetric(rateSources, prometheus.GaugeValue, float64(s.Agreeing), s.Pair)
		if s.Priced {
			to <- prometheus.MustNewConstMetric(rateAge, prometheus.GaugeValue, s.Age.Seconds(), s.Pair)
		}
	}
}
