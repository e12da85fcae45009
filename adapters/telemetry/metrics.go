// Package telemetry says how the process is doing: numbers for whoever scrapes, and a log that holds
// no secrets.
//
// It owns the metrics, their names and who may read them, and the logger with its last line of
// defence. It does not own what is measured: it hands out hooks, and cmd ties them to the seams. It
// knows no word of the domain; those it prints are label values handed to it.
//
// Invariants: a label takes few values, none of them chosen by a client; nobody but a token's bearer,
// or this machine when there is no token, reads the metrics; what looks like a secret does not leave
// by the log.
package telemetry

import (
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const (
	namespace = "gateway"
	// collectTimeout bounds the questions a scrape asks.
	collectTimeout = 2 * time.Second
)

// Bounds of histograms, in seconds.
var (
	requestBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	workBounds    = []float64{.005, .025, .1, .5, 1, 2.5, 5, 10, 15, 30, 60}
)

// Metrics are the numbers of a process. Its methods are hooks: safe for concurrent use, never
// blocking.
type Metrics struct {
	registry *prometheus.Registry

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	underway       prometheus.Gauge
	faults         *prometheus.CounterVec
	jobs           *prometheus.HistogramVec
	loops          *prometheus.HistogramVec
	outbound       *prometheus.HistogramVec
	transfers      *prometheus.CounterVec
	rescanned      *prometheus.CounterVec
	vouched        *prometheus.CounterVec
	unanswered     *prometheus.CounterVec
}

// New answers the metrics of a process, those of the Go runtime among them.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Requests answered, by route template and status class.",
			"method", "route", "status"),
		requestSeconds: histogram("http_request_seconds", "How long answers took.", requestBounds, "route"),
		underway: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "http_requests_underway", Help: "Requests being answered.",
		}),
		faults: counter("faults_total", "Faults answered, by code.", "code"),
		jobs:   histogram("job_seconds", "How long jobs took, by kind and outcome.", workBounds, "kind", "outcome"),
		loops: histogram("loop_seconds", "How long turns of loops took, by loop and outcome.", workBounds,
			"loop", "outcome"),
		outbound: histogram("outbound_seconds", "How long outgoing requests took, by outcome.", workBounds,
			"outcome"),
		transfers: counter("transfers_total", "Final transfers recorded, by network and what became of them.",
			"network", "disposition"),
		rescanned: counter("rescan_transfers_total",
			"Transfers in which reading the past again differed from what was recorded, by finding.",
			"network", "finding"),
		vouched: counter("vouched_total",
			"Times several endpoints were asked to prove a payment, by what came of it.", "network", "outcome"),
		unanswered: counter("collect_errors_total", "Questions of a scrape that were not answered.", "source"),
	}
	m.registry.MustRegister(m.requests, m.requestSeconds, m.underway, m.faults, m.jobs, m.loops,
		m.outbound, m.transfers, m.rescanned, m.vouched, m.unanswered, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(
		prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: bounds,
	}, labels)
}

// Middleware counts and times what an engine answers. The route is the template: a raw path would
// make a series for every session.
func (m *Metrics) Middleware() gin.HandlerFunc {
	return func(c *gin.Context) {
		began := time.Now()
		m.underway.Inc()
		defer func() {
			m.underway.Dec()
			route := c.FullPath()
			if route == "" {
				route = "unmatched"
			}
			class := strconv.Itoa(c.Writer.Status()/100) + "xx"
			m.requests.WithLabelValues(methodName(c.Request.Method), route, class).Inc()
			m.requestSeconds.WithLabelValues(route).Observe(time.Since(began).Seconds())
		}()
		c.Next()
	}
}

// methodName keeps a client from making up label values.
func methodName(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return method
	}
	return "other"
}

// Fault counts a fault answered.
func (m *Metrics) Fault(code string) { m.faults.WithLabelValues(code).Inc() }

// Job notes how a job ended.
func (m *Metrics) Job(kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Loop notes how a turn of a loop ended.
func (m *Metrics) Loop(loop, outcome string, took time.Duration) {
	m.loops.WithLabelValues(loop, outcome).Observe(took.Seconds())
}

// Outbound notes what came of an outgoing request.
func (m *Metrics) Outbound(outcome string, took time.Duration) {
	m.outbound.WithLabelValues(outcome).Observe(took.Seconds())
}

// Transfer notes what became of a transfer on a chain.
func (m *Metrics) Transfer(network, disposition string) {
	m.transfers.WithLabelValues(network, disposition).Inc()
}

// Rescan notes how many transfers reading a network's past again found to differ.
func (m *Metrics) Rescan(network, finding string, count int) {
	m.rescanned.WithLabelValues(network, finding).Add(float64(count))
}

// Vouched notes what came of asking several endpoints about a payment.
func (m *Metrics) Vouched(network, outcome string) { m.vouched.WithLabelValues(network, outcome).Inc() }

// PoolStats is how a pool of database connections is used.
type PoolStats struct {
	Max, Open, InUse int
	Waits            int64         // how often somebody had to wait for a connection
	Waited           time.Duration // how long altogether
}

// Pool has every scrape ask how a pool is used.
func (m *Metrics) Pool(name string, ask func() PoolStats) {
	labels := prometheus.Labels{"pool": name}
	gauge := func(name, help string, read func(PoolStats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: "pool", Name: name, Help: help, ConstLabels: labels,
		}, func() float64 { return read(ask()) })
	}
	m.registry.MustRegister(
		gauge("connections_max", "Most connections.", func(s PoolStats) float64 { return float64(s.Max) }),
		gauge("connections_open", "Connections open.", func(s PoolStats) float64 { return float64(s.Open) }),
		gauge("connections_in_use", "Connections in use.", func(s PoolStats) float64 { return float64(s.InUse) }),
		gauge("waits", "Waits for a connection so far.", func(s PoolStats) float64 { return float64(s.Waits) }),
		gauge("waited_seconds", "Time waited so far.", func(s PoolStats) float64 { return s.Waited.Seconds() }),
	)
}
