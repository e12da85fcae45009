package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/telemetry"
	"github.com/101pay/101pay/ports"
)

func fixedRates(c *Config) rates.Fixed { return c.fixed }

// openMarket is nil when no market is to be asked.
func openMarket(c *Config, clock ports.Clock) (*rates.Market, error) {
	if len(c.venues) == 0 {
		return nil, nil
	}
	return rates.NewMarket(rates.MarketConfig{Venues: c.venues, Quorum: c.RateQuorum, Clock: clock})
}

// venueHosts is the setting without what may hold a key: names, and hosts where they were set.
func venueHosts(venues []rates.Venue) string {
	if len(venues) == 0 {
		return "none"
	}
	entries := make([]string, len(venues))
	for i, v := range venues {
		entries[i] = v.Name() + "=" + v.Host()
	}
	return strings.Join(entries, ",")
}

func rateStates(standings []rates.Standing) []telemetry.RateState {
	out := make([]telemetry.RateState, len(standings))
	for i, s := range standings {
		out[i] = telemetry.RateState{
			Pair: s.Pair.String(), Priced: s.Price != "", Age: s.Age, Agreeing: s.Agreeing,
		}
	}
	return out
}

// examineMarket asks every market about every pair. A price that is not to be had stops nothing but
// the payments that need it, and a gateway without any is healthy.
func examineMarket(ctx context.Context, f *findings, c *Config) {
	market, err := openMarket(c, system.Clock{})
	switch {
	case err != nil:
		f.ill("rates", err.Error(), "correct RATE_SOURCES and RATE_QUORUM")
		return
	case market == nil:
		f.note("rates", "RATE_SOURCES=none: for real money only dollars and FIXED_RATES have a price")
		return
	}
	standings, err := market.Examine(ctx)
	if err != nil {
		f.note("rates", "the markets were not asked: "+err.Error())
	}
	for _, s := range standings {
		if pair := s.Pair.String(); s.Price == "" {
			f.note("rates", fmt.Sprintf("%s: no price: %s; payments that need it answer rate_unavailable", pair, s.Problem))
		} else {
			f.well("rates", fmt.Sprintf("%s: %s, %s old, %d agree", pair, s.Price, seconds(s.Age), s.Agreeing))
		}
		for _, r := range s.Readings {
			f.say("", "", reading(r))
		}
	}
}

// reading is a line on what one market says.
func reading(r rates.Reading) string {
	var parts []string
	if r.Price != "" {
		parts = append(parts, r.Price, seconds(r.Age)+" old")
	}
	if r.Deviation != "" {
		parts = append(parts, r.Deviation+" %")
	}
	if r.Problem != "" {
		parts = append(parts, r.Problem)
	}
	return r.Venue + ": " + strings.Join(parts, ", ")
}

func seconds(d time.Duration) string { return d.Round(time.Second).String() }
