package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// carried is a network of which nothing is asked but what it carries.
type carried struct {
	ports.TokenChain

	network x402.Network
	down    error
}

func (c carried) Network() x402.Network { return c.network }

func (c carried) Tokens(context.Context) ([]x402.Token, error) {
	at, _ := x402.ParseAddress(usdcOfTests)
	t, err := x402.NewToken(c.network, at, "USDC", "2")
	return []x402.Token{t}, errors.Join(err, c.down)
}

const usdcOfTests = "0x036CbD53842c5426634e7929541eC2318f3dCF7e"

// catalog is a merchant's shop for programs: Base Sepolia in test mode, Base and Ethereum for real money.
type catalog struct {
	*counter
	store *memory.Store
	sells Resources
}

func openCatalog(t *testing.T) *catalog {
	t.Helper()
	c := &catalog{counter: openCounter(t, chain.Base, chain.Ethereum)}
	c.store = c.stage.store
	c.sells = Resources{
		Core: c.checkout.Core, Reads: c.store, Rates: c.checkout.Rates,
		Prober: resolvable{"https://api.shop.example/": true},
		Rails: TokenRails{
			{Mode: merchant.Test, Chain: carried{network: 84532}},
			{Mode: merchant.Live, Chain: carried{network: 8453}, Watched: chain.Base},
			{Mode: merchant.Live, Chain: carried{network: 1}, Watched: chain.Ethereum},
		},
	}
	return c
}

func price(t *testing.T, c money.Currency, text string) *money.Amount {
	t.Helper()
	p, err := money.ParsePrice(c, text)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// make adds a resource over a quarter of a dollar.
func (c *catalog) make(who merchant.Principal, change ...func(*ResourceInput)) (ResourceView, error) {
	c.t.Helper()
	in := ResourceInput{
		Who: who, SKU: "weather", Terms: TermsChange{Price: price(c.t, money.USDC, "0.25")},
		Content: &ContentInput{Body: []byte("rain"), Type: "text/plain"},
	}
	for _, f := range change {
		f(&in)
	}
	v, _, err := c.sells.Create(c.t.Context(), in, Once[ResourceView]{})
	return v, err
}

func (c *catalog) update(who merchant.Principal, change ResourceChange) (ResourceView, error) {
	c.t.Helper()
	change.SKU = "weather"
	v, _, err := c.sells.Update(c.t.Context(), who, change, Once[ResourceView]{})
	return v, err
}

func (c *catalog) meets(err, want error) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Errorf("got %v, want %v", err, want)
	}
}

func (c *catalog) got(who merchant.Principal) ResourceView {
	c.t.Helper()
	v, err := c.sells.Get(c.t.Context(), who, "weather")
	c.ok(err)
	return v
}

// Real money goes to the current sealed account of the project for USDC on that network, or nowhere.
func TestWhereMoneyForAResourceGoes(t *testing.T) {
	c := openCatalog(t)
	_, err := c.make(c.live())
	c.ok(err)
	wants := func(base, ethereum Payee) {
		t.Helper()
		base.Network, ethereum.Network = 8453, 1
		if got := c.got(c.live()).Payees; !slices.Equal(got, []Payee{base, ethereum}) {
			t.Errorf("payees %+v", got)
		}
	}
	mine, _ := x402.ParseAddress(evmAddress)
	wants(Payee{Problem: PayeeNoAccount}, Payee{Problem: PayeeNoAccount})
	c.ok(c.receive("BASE", "ETH", otherEVM))
	wants(Payee{Problem: PayeeNoAccount}, Payee{Problem: PayeeNoAccount})
	c.ok(c.receive("BASE", "USDC", evmAddress))
	wants(Payee{To: mine}, Payee{Problem: PayeeNoAccount})

	_, err = c.update(c.live(), ResourceChange{Terms: TermsChange{Networks: &[]string{"ethereum"}}})
	c.ok(err)
	wants(Payee{Problem: PayeeNotChosen}, Payee{Problem: PayeeNoAccount})
	_, err = c.update(c.live(), ResourceChange{Terms: TermsChange{Networks: &[]string{}}})
	c.ok(err)

	account := c.listed()[slices.IndexFunc(c.listed(), func(v ReceivingView) bool { return v.Asset == "USDC" })]
	forged := account.ReceivingAccount
	c.ok(c.remove(forged.ID, byPassword))
	wants(Payee{Problem: PayeeNoAccount}, Payee{Problem: PayeeNoAccount})
	forged.ID, forged.Address = merchant.ReceivingID(portstest.UUID()), otherEVM
	c.ok(c.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Receiving.Add(ctx, forged) }))
	wants(Payee{Problem: PayeeTampered}, Payee{Problem: PayeeNoAccount})

	c.sells.Rails = c.sells.Rails[:1]
	if got := c.got(c.live()).Payees; len(got) != 0 {
		t.Errorf("without rails: %+v", got)
	}
}

// Even if a live resource came to name an address, nobody would be sent there.
func TestALiveResourceDecidesNoAddress(t *testing.T) {
	c := openCatalog(t)
	to := map[string]string{"base": evmAddress}
	_, err := c.make(c.live(), func(in *ResourceInput) { in.Terms.PayTo = &to })
	c.meets(err, resource.ErrPayToLive)
	v, err := c.make(c.live())
	c.ok(err)
	_, err = c.update(c.live(), ResourceChange{Terms: TermsChange{PayTo: &to}})
	c.meets(err, resource.ErrPayToLive)
	address, _ := x402.ParseAddress(evmAddress)
	v.Terms.PayTo = map[x402.Network]x402.Address{8453: address}
	for _, p := range c.sells.Rails.payees(deskVault{}, v.Snapshot, nil) {
		if p.Problem != PayeeNoAccount || p.To != (x402.Address{}) {
			t.Errorf("sent to %+v", p)
		}
	}
}

func TestWhereTestMoneyGoes(t *testing.T) {
	c := openCatalog(t)
	v, err := c.make(c.who())
	c.ok(err)
	derived := v.Payees[0].To
	if len(v.Payees) != 1 || v.Payees[0].Network != 84532 || derived == (x402.Address{}) || v.State != resource.Active {
		t.Fatalf("made %+v", v)
	}
	other := v.Snapshot
	other.ProjectID = "another"
	if testPayee(other, 84532) == derived || testPayee(v.Snapshot, 84532) != derived {
		t.Error("two projects share an address, or one has two")
	}
	mine, _ := x402.ParseAddress(evmAddress)
	v, err = c.update(c.who(), ResourceChange{Terms: TermsChange{PayTo: &map[string]string{"base-sepolia": evmAddress}}})
	c.ok(err)
	if v.Payees[0].To != mine {
		t.Errorf("said %s, goes to %s", mine, v.Payees[0].To)
	}
	_, err = c.update(c.who(), ResourceChange{Terms: TermsChange{PayTo: &map[string]string{"eip155:84532": usdcOfTests}}})
	c.meets(err, chain.ErrInvalidAddress)
	c.sells.Rails[0].Chain = carried{network: 84532, down: ports.ErrChainUnavailable}
	_, err = c.update(c.who(), ResourceChange{Terms: TermsChange{PayTo: &map[string]string{"eip155:84532": otherEVM}}})
	c.meets(err, ports.ErrChainUnavailable)
	c.sells.Rails = c.sells.Rails[1:]
	_, err = c.update(c.who(), ResourceChange{Terms: TermsChange{Networks: &[]string{"base-sepolia"}}})
	c.meets(err, chain.ErrUnsupportedNetwork)
}

// A change is made whole or not at all, over the version that was read.
func TestResourcesChange(t *testing.T) {
	c := openCatalog(t)
	who := c.who()
	was, err := c.make(who)
	c.ok(err)
	title, late, one := "Rain", int64(2), int64(1)
	_, err = c.update(who, ResourceChange{Version: &late, Terms: TermsChange{Title: &title}})
	c.meets(err, resource.ErrChanged)
	hour := time.Hour
	_, err = c.update(who, ResourceChange{Terms: TermsChange{Title: &title, Timeout: &hour}, Content: &ContentInput{Body: []byte("x")}})
	c.meets(err, resource.ErrInvalid)
	if got := c.got(who); got.Terms.Title != "" || got.Content.Hash != was.Content.Hash || got.Version != 1 {
		t.Fatalf("half changed: %+v", got)
	}
	c.clock.set(c.clock.Now().Add(time.Hour))
	got, err := c.update(who, ResourceChange{
		Version: &one, Terms: TermsChange{Title: &title, Price: price(t, money.USD, "9.99")},
		Content: &ContentInput{File: true, FileName: "a.bin", Body: []byte("x")},
	})
	c.ok(err)
	if got.Terms.Title != "Rain" || got.Terms.Price.String() != "9.99" || got.Content.Type != "application/octet-stream" ||
		!got.UpdatedAt.Equal(c.clock.Now()) || got.Terms.Timeout != resource.DefaultTimeout {
		t.Errorf("changed to %+v", got)
	}
	bytes, err := c.store.Content(t.Context(), got.ID, got.Content.Hash)
	if c.ok(err); string(bytes) != "x" {
		t.Errorf("stored %q", bytes)
	}
	_, err = c.store.Content(t.Context(), got.ID, was.Content.Hash)
	c.meets(err, ports.ErrNotFound)
	yes, no := true, false
	got, err = c.update(who, ResourceChange{Archived: &yes})
	if c.ok(err); got.State != resource.Archived {
		t.Errorf("archived: %s", got.State)
	}
	_, err = c.update(who, ResourceChange{Terms: TermsChange{Title: &title}})
	c.meets(err, resource.ErrArchived)
	got, err = c.update(who, ResourceChange{Archived: &no, Content: &ContentInput{Upstream: &UpstreamInput{URL: "https://api.shop.example"}}})
	if c.ok(err); got.State != resource.Active || got.Unreachable {
		t.Errorf("reopened: %+v", got)
	}
	_, err = c.store.Content(t.Context(), got.ID, resource.Hash{})
	c.meets(err, ports.ErrNotFound)
	version := got.Version
	got, err = c.update(who, ResourceChange{})
	if c.ok(err); got.Version != version {
		t.Errorf("nothing was changed, and it has version %d", got.Version)
	}
}

// A value that is sent along opens only for its own resource and its own server.
func TestAnUpstreamsHeaderIsSealed(t *testing.T) {
	c := openCatalog(t)
	c.sells.Core.Vault = markedVault{}
	v, err := c.make(c.who(), func(in *ResourceInput) {
		in.Content = &ContentInput{Upstream: &UpstreamInput{URL: "https://gone.example", Header: "x-key", Value: "s3cret"}}
	})
	c.ok(err)
	if !v.Unreachable || strings.HasPrefix(string(v.Content.Upstream.Sealed), "s3cret") {
		t.Errorf("made %+v", v)
	}
	name, value, err := c.sells.UpstreamHeader(v.Snapshot)
	if err != nil || name != "X-Key" || value != "s3cret" {
		t.Errorf("opened %q %q, %v", name, value, err)
	}
	moved := v.Snapshot
	moved.Content.Upstream.URL = "https://thief.example/"
	if _, value, err := c.sells.UpstreamHeader(moved); err == nil {
		t.Errorf("opened for another server: %q", value)
	}
	copied := v.Snapshot
	copied.ID = "another"
	if _, value, err := c.sells.UpstreamHeader(copied); err == nil {
		t.Errorf("opened for another resource: %q", value)
	}
	_, err = c.update(c.who(), ResourceChange{Content: &ContentInput{Upstream: &UpstreamInput{URL: "https://thief.example"}}})
	c.ok(err)
	if got := c.got(c.who()); got.Content.Upstream.Header != "" || got.Content.Upstream.Sealed != nil {
		t.Errorf("the header went along: %+v", got.Content.Upstream)
	}
}

// A disabled project sells nothing new; what is its merchant's in another mode or project is not found.
func TestWhoMayChangeResources(t *testing.T) {
	c := openCatalog(t)
	_, err := c.make(c.who())
	c.ok(err)
	_, err = c.make(c.live())
	c.meets(err, resource.ErrSKUTaken)
	elsewhere := c.who()
	elsewhere.Project = merchant.ProjectID(portstest.UUID())
	for _, who := range []merchant.Principal{c.live(), elsewhere, {Merchant: "another", Project: c.who().Project, Mode: merchant.Test}} {
		_, err := c.sells.Get(t.Context(), who, "weather")
		c.meets(err, ports.ErrNotFound)
		_, err = c.update(who, ResourceChange{})
		c.meets(err, ports.ErrNotFound)
		_, err = c.sells.Archive(t.Context(), who, "weather", Once[struct{}]{})
		c.meets(err, ports.ErrNotFound)
	}
	account, project := portstest.Unregistered()
	project.Disabled = true
	c.ok(c.store.Do(t.Context(), func(ctx context.Context, r ports.Repos) error { return r.Merchants.Add(ctx, account, project) }))
	_, err = c.make(merchant.Principal{Merchant: account.Merchant.ID, Project: project.ID, Mode: merchant.Test})
	c.meets(err, merchant.ErrProjectDisabled)
}

// A price in dollars is asked for by the operator's rate, rounded up; one in USDC as it is.
func TestPricesInUnits(t *testing.T) {
	c := openCatalog(t)
	for _, p := range []struct {
		price *money.Amount
		want  string
	}{
		{price(t, money.USDC, "0.000001"), "1"},
		{price(t, money.USDC, "9.99"), "9990000"},
		{price(t, money.USD, "9.99"), "9990000"},
	} {
		got, err := c.sells.Units(t.Context(), merchant.Live, *p.price)
		if err != nil || got.String() != p.want {
			t.Errorf("%s: %s, %v", p.price, got, err)
		}
	}
	c.sells.Rates = fixedRate("1.0000015")
	if got, err := c.sells.Units(t.Context(), merchant.Live, *price(t, money.USD, "1")); err != nil || got.String() != "1000002" {
		t.Errorf("by a fixed rate: %s, %v", got, err)
	}
	c.sells.Rates = fixedRate("0")
	if got, err := c.sells.Units(t.Context(), merchant.Live, *price(t, money.USD, "1")); err == nil {
		t.Errorf("for nothing: %s", got)
	}
}

// fixedRate is what a dollar costs.
type fixedRate string

func (f fixedRate) Rate(_ context.Context, _ merchant.Mode, from money.Currency, asset string) (money.Rate, error) {
	r := money.Rate{From: from.Code(), To: asset, Source: "fixed"}
	return r, r.Price.UnmarshalText([]byte(f))
}
