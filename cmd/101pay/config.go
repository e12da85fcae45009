package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/chain"
)

// Config is everything an operator can set, by flag or by the environment variable of the same name
// (--listen-addr is LISTEN_ADDR). All of it is optional.
type Config struct {
	ListenAddr     string   `default:"127.0.0.1:8080" help:"address to serve on"`
	PublicURL      string   `help:"where payers reach this gateway, as in https://pay.example (default: http://LISTEN_ADDR)"`
	TrustedProxies []string `help:"networks of proxies that may tell a client's address by X-Forwarded-For, as in 10.0.0.0/8"`

	DatabaseURL string `help:"PostgreSQL to use (default: a private one below DATA_DIR)"`
	DBMaxConns  int    `name:"db-max-conns" default:"16" help:"connections to PostgreSQL, at most"`
	DataDir     string `help:"directory for the private PostgreSQL and the generated master key (default: /var/lib/101pay for root, else ~/.local/share/101pay)"`
	MasterKey   string `help:"32 random bytes in hex or base64 that seal secrets (default: generated into DATA_DIR)"`

	RetiredSigningKeys []string `help:"public keys that statements were signed by before, the x of each in /.well-known/101pay-keys.json; published on, so that those can still be verified"`

	TronRPCURLs      []string      `name:"tron-rpc-urls" help:"JSON-RPC endpoints of a Tron network, in order of preference; without any there is no live rail"`
	TronUSDTContract string        `name:"tron-usdt-contract" default:"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t" help:"the USDT contract"`
	TronChainID      uint64        `name:"tron-chain-id" default:"728126428" help:"what eth_chainId must answer"`
	TronPollInterval time.Duration `name:"tron-poll-interval" default:"3s" help:"pause between two looks at the chain"`
	TrongridURL      string        `name:"trongrid-url" help:"TronGrid API to ask for a second opinion, as in https://api.trongrid.io"`
	TrongridAPIKey   string        `name:"trongrid-api-key" help:"its API key"`

	EVMRPCURLs      string        `name:"evm-rpc-urls" help:"JSON-RPC endpoints of networks that carry USDC, USDT, ETH and BNB, in order of preference, as in ethereum=https://one.example|https://two.example,base=https://three.example; names: ethereum, bsc, polygon, arbitrum, base, optimism, avalanche"`
	EVMPollInterval time.Duration `name:"evm-poll-interval" default:"5s" help:"pause between two looks at one of these networks"`

	FixedRates  string `help:"exchange rates to use, as in JPY/USDT=0.0066,USD/USDC=1; they come before any market's"`
	RateSources string `default:"${venues}" help:"public markets that price what is no dollar, as in ${venues}; each may be reached elsewhere, as in okx=https://mirror.example; none switches them off"`
	RateQuorum  int    `default:"2" help:"markets that must agree on a price, at least 2"`

	X402 agentSettings `embed:""`

	WebhookAllowPrivate bool   `help:"let webhooks go to this machine and private networks, over http too: for development only"`
	DashboardSchema     bool   `help:"let the dashboard's GraphQL API be asked for its own schema, and suggest names: for development only"`
	MetricsToken        string `help:"bearer token /metrics asks for (default: only direct requests from this machine)"`
	LogFormat           string `default:"text" enum:"text,json" help:"text or json"`
	LogLevel            string `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error"`

	fixed   rates.Fixed
	venues  []rates.Venue
	evm     []evmNodes
	proxies []netip.Prefix
	retired []attest.Key
}

// settle fills in what follows from the rest and answers everything that is wrong at once.
func (c *Config) settle(getenv func(string) string) error {
	var wrong []error
	complain := func(name string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
		}
	}
	complain("LISTEN_ADDR", c.settleAddresses())
	complain("PUBLIC_URL", checkBase(c.PublicURL))
	complain("DATA_DIR", c.settleDataDir(getenv))
	var err error
	c.fixed, err = rates.ParseFixed(c.FixedRates)
	complain("FIXED_RATES", err)
	complain(c.settleMarket())
	for _, text := range c.TrustedProxies {
		prefix, err := parsePrefix(text)
		complain("TRUSTED_PROXIES", err)
		c.proxies = append(c.proxies, prefix)
	}
	for _, text := range trim(c.RetiredSigningKeys) {
		key, err := attest.ParseKey(text)
		complain("RETIRED_SIGNING_KEYS", err)
		c.retired = append(c.retired, key)
	}
	c.TronRPCURLs = trim(c.TronRPCURLs)
	for _, u := range c.TronRPCURLs {
		complain("TRON_RPC_URLS", checkBase(u))
	}
	if c.TrongridURL != "" {
		complain("TRONGRID_URL", checkBase(c.TrongridURL))
	}
	if _, ok := chain.Address(c.TronUSDTContract).Bytes20(); !ok {
		complain("TRON_USDT_CONTRACT", errors.New("not a Tron address"))
	}
	complain("TRON_POLL_INTERVAL", checkPoll(c.TronPollInterval))
	c.evm, err = parseEVM(c.EVMRPCURLs)
	complain("EVM_RPC_URLS", err)
	complain("EVM_POLL_INTERVAL", checkPoll(c.EVMPollInterval))
	c.X402.settle(complain)
	return errors.Join(wrong...)
}

// settleMarket reads which markets are asked, and answers the setting that is wrong.
func (c *Config) settleMarket() (name string, err error) {
	if c.venues, err = rates.ParseVenues(c.RateSources); err != nil {
		return "RATE_SOURCES", err
	}
	if len(c.venues) > 0 && (c.RateQuorum < rates.MinQuorum || c.RateQuorum > len(c.venues)) {
		return "RATE_QUORUM", fmt.Errorf("must be %d to the number of RATE_SOURCES, which is %d",
			rates.MinQuorum, len(c.venues))
	}
	return "", nil
}

const (
	minPoll = 200 * time.Millisecond
	maxPoll = time.Minute
)

func checkPoll(pause time.Duration) error {
	if pause < minPoll || pause > maxPoll {
		return fmt.Errorf("must be %s to %s", minPoll, maxPoll)
	}
	return nil
}

func (c *Config) settleAddresses() error {
	host, port, err := net.SplitHostPort(c.ListenAddr)
	if err != nil {
		return errors.New("must be host:port")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("must end in a port number")
	}
	if c.PublicURL == "" {
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		c.PublicURL = "http://" + net.JoinHostPort(host, port)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return nil
}

func (c *Config) settleDataDir(getenv func(string) string) error {
	if c.DataDir == "" {
		home := getenv("HOME")
		switch {
		case os.Getuid() == 0:
			c.DataDir = "/var/lib/101pay"
		case home == "":
			return errors.New("must be set, because HOME is not")
		default:
			c.DataDir = filepath.Join(cmp.Or(getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share")), "101pay")
		}
	}
	abs, err := filepath.Abs(c.DataDir)
	c.DataDir = abs
	return err
}

// secure reports whether payers reach the gateway by https.
func (c *Config) secure() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// checkBase refuses what is not an http or https URL. The text may hold a key, so no error repeats
// it.
func checkBase(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" {
		return errors.New("must be a URL as in https://host/path")
	}
	return nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

func trim(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// redacted lists the settings in use as name and value, secrets and what may hold one left out.
func (c *Config) redacted() [][2]string {
	hide := func(s string) string {
		if s == "" {
			return ""
		}
		return "[set]"
	}
	hosts := make([]string, len(c.TronRPCURLs))
	for i, u := range c.TronRPCURLs {
		hosts[i] = hostOf(u)
	}
	return slices.Concat([][2]string{
		{"LISTEN_ADDR", c.ListenAddr},
		{"PUBLIC_URL", c.PublicURL},
		{"TRUSTED_PROXIES", strings.Join(c.TrustedProxies, ",")},
		{"DATABASE_URL", hide(c.DatabaseURL)},
		{"DB_MAX_CONNS", strconv.Itoa(c.DBMaxConns)},
		{"DATA_DIR", c.DataDir},
		{"MASTER_KEY", hide(c.MasterKey)},
		{"RETIRED_SIGNING_KEYS", strings.Join(c.RetiredSigningKeys, ",")},
		{"TRON_RPC_URLS", strings.Join(hosts, ",")},
		{"TRON_USDT_CONTRACT", c.TronUSDTContract},
		{"TRON_CHAIN_ID", strconv.FormatUint(c.TronChainID, 10)},
		{"TRON_POLL_INTERVAL", c.TronPollInterval.String()},
		{"TRONGRID_URL", hostOf(c.TrongridURL)},
		{"TRONGRID_API_KEY", hide(c.TrongridAPIKey)},
		{"EVM_RPC_URLS", evmHosts(c.evm)},
		{"EVM_POLL_INTERVAL", c.EVMPollInterval.String()},
		{"FIXED_RATES", c.FixedRates},
		{"RATE_SOURCES", venueHosts(c.venues)},
		{"RATE_QUORUM", strconv.Itoa(c.RateQuorum)},
	}, c.X402.redacted(), [][2]string{
		{"WEBHOOK_ALLOW_PRIVATE", strconv.FormatBool(c.WebhookAllowPrivate)},
		{"DASHBOARD_SCHEMA", strconv.FormatBool(c.DashboardSchema)},
		{"METRICS_TOKEN", hide(c.MetricsToken)},
		{"LOG_FORMAT", c.LogFormat},
		{"LOG_LEVEL", c.LogLevel},
	})
}

// hostOf is the part of a URL that cannot hold a key.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}
