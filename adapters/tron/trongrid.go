package tron

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
)

// Bounds of one listing.
const (
	pageSize       = 200 // the most TronGrid answers at once
	maxPages       = 20
	maxPageBytes   = 4 << 20
	defaultTimeout = 15 * time.Second
	shortRest      = 30 * time.Second // after a refusal that says no time: TronGrid's own penalty
	longRest       = 10 * time.Minute // the most a refusal may ask for
)

// Grid lists what TronGrid's index believes was paid to an address. It implements ports.Explorer
// and is safe for concurrent use.
type Grid struct {
	url     *url.URL
	key     string
	http    *http.Client
	timeout time.Duration
	now     func() time.Time

	mu    sync.Mutex
	rests time.Time // not asked until then
}

// newTronGrid answers nil if none is configured.
func newTronGrid(cfg Config) (*Grid, error) {
	if cfg.TronGridURL == "" {
		return nil, nil //nolint:nilnil // none is what was asked for
	}
	u, err := url.Parse(strings.TrimSpace(cfg.TronGridURL))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errors.New("the TronGrid URL is not an http or https URL")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	return &Grid{
		url: u, key: cfg.TronGridKey, timeout: cfg.Timeout, now: cfg.Clock.Now,
		http: &http.Client{
			Transport:     cfg.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// TransfersTo implements ports.Explorer.
//
// Pages are asked for by time and not by TronGrid's own marker, which it is known to leave out in
// the middle of a list: each page begins at the time the one before ended, and what is listed twice
// counts once. Unconfirmed transfers are listed too, because asking for confirmed ones only is
// known to hide some; whether one is final is not for an index to say.
func (g *Grid) TransfersTo(
	ctx context.Context, asset chain.Asset, address chain.Address, since time.Time, limit int,
) ([]chain.TxID, error) {
	q := query{contract: asset.Contract, address: address, since: since.UnixMilli()}
	var found []listed
	for range maxPages {
		page, err := g.page(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("ask TronGrid for %s: %w", address, err)
		}
		found = append(found, page.items...)
		if page.size < pageSize || len(firstIDs(found, limit)) >= limit {
			break
		}
		q = page.next(q)
	}
	return firstIDs(found, limit), nil
}

// page asks for one page, oldest first.
func (g *Grid) page(ctx context.Context, q query) (page, error) {
	if wait := g.resting(); wait > 0 {
		return page{}, fmt.Errorf("resting after a refusal: %w", ports.ErrChainUnavailable.After(wait))
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	u := g.url.JoinPath("v1", "accounts", string(q.address), "transactions", "trc20")
	u.RawQuery = q.encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return page{}, errors.New("the address is not usable")
	}
	req.Header.Set("Accept", "application/json")
	if g.key != "" {
		req.Header.Set(keyHeader, g.key)
	}
	resp, err := g.http.Do(req)
	if err != nil {
		return page{}, g.broke(ctx)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	if resp.StatusCode != http.StatusOK {
		return page{}, g.refused(resp)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxPageBytes+1))
	switch {
	case err != nil:
		return page{}, g.broke(ctx)
	case len(text) > maxPageBytes:
		return page{}, fmt.Errorf("the answer is too large: %w", ports.ErrChainUnavailable)
	}
	return decodePage(text, q)
}

// broke says that a request came to nothing, without the URL the standard library would write.
func (g *Grid) broke(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("no answer from %s: %w", g.url.Host, ports.ErrChainUnavailable)
}

// refused notes how long TronGrid does not want to be asked.
func (g *Grid) refused(resp *http.Response) error {
	wait := shortRest
	if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 16); err == nil {
		wait = min(time.Duration(seconds)*time.Second, longRest)
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusForbidden {
		g.mu.Lock()
		g.rests = g.now().Add(wait)
		g.mu.Unlock()
	}
	return fmt.Errorf("HTTP %d from %s: %w", resp.StatusCode, g.url.Host, ports.ErrChainUnavailable)
}

func (g *Grid) resting() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rests.Sub(g.now())
}

// firstIDs answers the ids of what was found, oldest first, each once, at most limit.
func firstIDs(found []listed, limit int) []chain.TxID {
	slices.SortStableFunc(found, func(a, b listed) int { return cmp.Compare(a.millis, b.millis) })
	seen := make(map[chain.TxID]bool, len(found))
	var out []chain.TxID
	for _, l := range found {
		if len(out) < limit && !seen[l.id] {
			seen[l.id] = true
			out = append(out, l.id)
		}
	}
	return out
}
