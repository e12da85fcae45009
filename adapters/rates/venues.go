package rates

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The pairs a market is asked about: coins in dollars, and dollars in yen. Everything else is
// crossed from these.
var (
	ethUSD = Pair{"ETH", "USD"}
	bnbUSD = Pair{"BNB", "USD"}
	btcUSD = Pair{"BTC", "USD"}
	usdJPY = Pair{"USD", "JPY"}

	marketPairs = []Pair{ethUSD, bnbUSD, btcUSD, usdJPY}
)

// AllVenues names every venue this package knows, as configuration writes them.
const AllVenues = "coinbase,kraken,binance,okx"

// noVenues is how configuration switches the market off.
const noVenues = "none"

// Venue is a public place of trade: where it is reached and what it is asked.
type Venue struct {
	name string
	base string // without a slash at its end
	asks map[Pair]question
}

// question is a path below a venue's base, and how its answer is read.
type question struct {
	path string
	read func(body []byte) (tick, error)
}

// Name is the venue's name, as in "kraken".
func (v Venue) Name() string { return v.name }

// Host is where the venue is reached. It cannot hold a key.
func (v Venue) Host() string {
	u, err := url.Parse(v.base)
	if err != nil {
		return ""
	}
	return u.Host
}

// ParseVenues reads venues as configuration writes them: names separated by commas, each perhaps
// with a URL to reach it at instead of its own, as in "kraken,okx=https://mirror.example/okx". The
// text "none" is none. Errors repeat names, never URLs, which may hold keys.
func ParseVenues(text string) ([]Venue, error) {
	if strings.TrimSpace(text) == noVenues {
		return nil, nil
	}
	known := map[string]func() Venue{"coinbase": coinbase, "kraken": kraken, "binance": binance, "okx": okx}
	var out []Venue
	var wrong []error
	for i, entry := range strings.Split(text, ",") {
		name, base, elsewhere := strings.Cut(strings.TrimSpace(entry), "=")
		open, ok := known[name]
		if !ok {
			wrong = append(wrong, fmt.Errorf("entry %d: must be one of %s, or %s alone", i+1, AllVenues, noVenues))
			continue
		}
		v := open()
		if slices.ContainsFunc(out, func(o Venue) bool { return o.name == name }) {
			wrong = append(wrong, fmt.Errorf("%s is there twice", name))
		}
		if elsewhere {
			v.base = strings.TrimSuffix(base, "/")
			if err := checkVenueBase(v.base); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			}
		}
		out = append(out, v)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return out, nil
}

// checkVenueBase wants https, because whoever can change a price on the way is paid with it. Plain
// http is for this machine only.
func checkVenueBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("must be reached at a URL as in https://host/path")
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
