package tron

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/101pay/101pay/adapters/ethrpc"
)

// oldest is the first java-tron whose eth_getLogs has no known holes: 4.8.0 mended bloom filters
// that hid logs (4.7.5), 4.8.1 those left unwritten while JSON-RPC was off.
var oldest = [3]int{4, 8, 1}

// javaTron is how java-tron says its version, as in TRON/v4.8.1/Linux/Java1.8/GreatVoyage.
var javaTron = regexp.MustCompile(`^TRON/v(\d{1,4})\.(\d{1,4})\.(\d{1,4})`)

// acceptVersion refuses a java-tron known to leave logs out. Software we do not know is taken.
func acceptVersion(clientVersion string) error {
	found := javaTron.FindStringSubmatch(clientVersion)
	if found == nil {
		return nil
	}
	for i, least := range oldest {
		switch part, _ := strconv.Atoi(found[i+1]); { // digits, as the pattern says
		case part > least:
			return nil
		case part < least:
			return fmt.Errorf("java-tron %s leaves logs out; %d.%d.%d or newer is needed",
				strings.TrimPrefix(found[0], "TRON/v"), oldest[0], oldest[1], oldest[2])
		}
	}
	return nil
}

// The public nodes of Tron, and where they speak JSON-RPC.
const (
	tronGridDomain = "trongrid.io"
	tronGridPath   = "/jsonrpc"
	keyHeader      = "TRON-PRO-API-KEY"
)

// endpoints are the configured nodes. The key goes to TronGrid's own hosts and the one configured
// as TronGrid, to nobody else.
func (cfg Config) endpoints() ([]ethrpc.Endpoint, error) {
	grid, err := url.Parse(cfg.TronGridURL)
	if err != nil {
		return nil, errors.New("the TronGrid URL is not a URL")
	}
	out := make([]ethrpc.Endpoint, 0, len(cfg.RPCURLs))
	for i, text := range cfg.RPCURLs {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("tron node %d is not a URL", i+1)
		}
		name := strings.ToLower(u.Hostname())
		public := name == tronGridDomain || strings.HasSuffix(name, "."+tronGridDomain)
		if public && strings.Trim(u.Path, "/") == "" {
			u.Path = tronGridPath
		}
		e := ethrpc.Endpoint{URL: u.String()}
		if cfg.TronGridKey != "" && (public || u.Host != "" && u.Host == grid.Host) {
			e.Header = http.Header{}
			e.Header.Set(keyHeader, cfg.TronGridKey)
		}
		out = append(out, e)
	}
	return out, nil
}
