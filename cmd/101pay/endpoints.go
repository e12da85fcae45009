package main

import (
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
)

// openBreaker is the state of a breaker that keeps requests away.
const openBreaker = ethrpc.Open

// railDetail is what operators may know of a rail beside what everybody may.
type railDetail struct {
	Watcher      string           `json:"watcher"`      // the process that watches, "" if none does
	FinalHeight  uint64           `json:"finalHeight"`  // newest final block any endpoint told of
	BehindBlocks uint64           `json:"behindBlocks"` // final blocks that are not read yet
	Endpoints    []endpointReport `json:"endpoints"`    // in order of preference
}

// endpointReport is one endpoint. It holds a host and never a URL, which may hold a key.
type endpointReport struct {
	Host           string    `json:"host"`
	Priority       int       `json:"priority"` // 1 is asked first
	Healthy        bool      `json:"healthy"`
	Breaker        string    `json:"breaker"` // "closed", "open" or "half_open"
	RetryAt        time.Time `json:"retryAt,omitzero"`
	LastError      string    `json:"lastError,omitempty"`
	LastDetail     string    `json:"lastDetail,omitempty"`
	Failures       uint64    `json:"failures"`
	LatencySeconds float64   `json:"latencySeconds"`
	Latest         uint64    `json:"latestHeight"`
	Final          uint64    `json:"finalHeight"`
	LagBlocks      uint64    `json:"lagBlocks"` // final blocks behind the furthest endpoint
	Version        string    `json:"version,omitempty"`

	latency, retry time.Duration
}

func endpointReports(now time.Time, endpoints []ethrpc.EndpointHealth) []endpointReport {
	furthest := furthestFinal(endpoints)
	out := make([]endpointReport, len(endpoints))
	for i, e := range endpoints {
		out[i] = endpointReport{
			Host: e.Host, Priority: i + 1, Healthy: e.Healthy, Breaker: string(e.Circuit), RetryAt: e.RetryAt,
			LastError: string(e.LastError), LastDetail: e.LastDetail, Failures: e.Failures,
			LatencySeconds: e.Latency.Seconds(), Latest: e.Latest, Final: e.Final, Version: e.Version,
			latency: e.Latency, retry: max(0, e.RetryAt.Sub(now)),
		}
		if e.RetryAt.IsZero() {
			out[i].retry = 0
		}
		if e.Final > 0 {
			out[i].LagBlocks = furthest - e.Final
		}
	}
	return out
}

func furthestFinal(endpoints []ethrpc.EndpointHealth) (height uint64) {
	for _, e := range endpoints {
		height = max(height, e.Final)
	}
	return height
}

func detailOf(now time.Time, read uint64, endpoints []ethrpc.EndpointHealth) *railDetail {
	d := &railDetail{FinalHeight: furthestFinal(endpoints), Endpoints: endpointReports(now, endpoints)}
	d.BehindBlocks = d.FinalHeight - min(read, d.FinalHeight)
	return d
}
