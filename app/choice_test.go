package app

import (
	"context"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/ports"
)

// carrier stands for a live rail that is read: its network and assets are asked for.
type carrier struct {
	ports.Chain
	network chain.Network
}

func (c carrier) Network() chain.Network { return c.network }
func (c carrier) Assets() []chain.Asset  { return c.network.Tokens() }

const evmAddress, otherEVM = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"

// counter is a live shop on several networks.
type counter struct {
	*stage
	accepts Receiving
}

func openCounter(t *testing.T, networks ...chain.Network) *counter {
	t.Helper()
	c := &counter{stage: openStage(t)}
	for _, n := range networks {
		c.checkout.Rails.Chains[n] = carrier{network: n}
		c.ok(c.checkout.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			now := c.clock.Now()
			return r.Cursors.Start(ctx, ports.Cursor{Network: n, Height: 1, BlockID: "b", BlockTime: now, UpdatedAt: now})
		}))
	}
	c.checkout.Core.Vault, c.checkout.Log = deskVault{}, slog.New(slog.DiscardHandler)
	events := c.checkout.Events
	events.Addresses = plainWords{}
	c.accepts = Receiving{
		Core: c.checkout.Core, Rails: c.checkout.Rails, Events: events, Log: c.checkout.Log,
		SignIn: SignIn{Core: c.checkout.Core, Passwords: onePassword{}, Throttle: NewThrottle()},
	}
	return c
}

func (c *counter) live() merchant.Principal {
	who := c.who()
	who.Mode = merchant.Live
	return who
}

func (c *counter) receive(network, asset, address string) error {
	_, err := c.add(c.live(), ReceivingInput{
		Network: network, Asset: asset, Address: address, By: Confirmation{Login: true},
	})
	return err
}

func (c *counter) opened(who merchant.Principal, m checkout.Method) (checkout.SessionID, error) {
	c.t.Helper()
	due, err := money.Parse(money.USD, "9.99")
	c.ok(err)
	s, _, err := c.checkout.Open(c.t.Context(),
		OpenInput{Who: who, Kind: checkout.KindCheckout, Due: due, Method: m}, Once[OpenedSession]{})
	return s.ID, err
}

func (c *counter) refuses(err error, want *fault.Fault, says string) {
	c.t.Helper()
	if got := fault.From(err); err == nil || got.Code != want.Code || !strings.Contains(got.Message, says) {
		c.t.Errorf("got %v, want %s saying %q", err, want.Code, says)
	}
}

// change is receive with the password, a second later.
func (c *counter) change(network, asset, address string) error {
	c.clock.set(c.clock.Now().Add(time.Second))
	_, err := c.add(c.live(), ReceivingInput{
		Network: network, Asset: asset, Address: address, By: Confirmation{Login: true, Password: rightPassword},
	})
	return err
}

func (c *counter) add(who merchant.Principal, in ReceivingInput) (ReceivingView, error) {
	a, _, err := c.accepts.Add(c.t.Context(), who, in, Once[ReceivingView]{})
	return a, err
}

// read makes watchers say that they read their networks now.
func (c *counter) read(networks ...chain.Network) {
	c.t.Helper()
	now := c.clock.Now()
	for _, n := range networks {
		c.ok(c.checkout.Core.Work.Do(c.t.Context(), func(ctx context.Context, r ports.Repos) error {
			was, err := r.Cursors.Load(ctx, n)
			if err != nil {
				return err
			}
			return r.Cursors.Advance(ctx, was, ports.Cursor{
				Network: n, Height: was.Height + 1, BlockID: "later", BlockTime: now, UpdatedAt: now,
			})
		}))
	}
}

// A coin on several networks is paid where the payer says, and nobody guesses for him.
func TestANetworkIsChosenNotGuessed(t *testing.T) {
	c := openCounter(t, chain.Tron, chain.Ethereum, chain.BSC, chain.Base)
	_, err := c.opened(c.live(), checkout.USDC)
	c.refuses(err, merchant.ErrReceivingMissing, "")
	c.ok(c.receive("BASE", "USDC", evmAddress))
	id, err := c.opened(c.live(), "")
	c.ok(err)
	intent := func(m checkout.Method, network string) (checkout.Intent, error) {
		s, err := c.checkout.Intent(t.Context(), id, Choice{Method: m, Network: network})
		if err != nil {
			return checkout.Intent{}, err
		}
		return *s.Intent, nil
	}

	only, err := intent(checkout.USDC, "") // one network, so there is nothing to choose
	c.ok(err)
	if only.Asset != chain.Base.Tokens()[0] || only.Address != evmAddress {
		t.Fatalf("intent %+v", only)
	}
	c.ok(c.receive("ERC20", "USDC", otherEVM))
	c.ok(c.receive("BEP20", "USDC", evmAddress))
	if again, err := intent(checkout.USDC, ""); err != nil || again.ID != only.ID {
		t.Errorf("what was chosen is not open any more: %+v, %v", again, err)
	}
	id, err = c.opened(c.live(), checkout.USDC)
	c.ok(err)
	_, err = intent(checkout.USDC, "")
	c.refuses(err, ErrNetworkRequired, "name one of ERC20, BEP20, BASE")
	_, err = intent(checkout.USDC, "TRC20")
	c.refuses(err, chain.ErrUnsupportedNetwork, "usdc cannot be paid on TRC20 here; name one of ERC20, BEP20, BASE")
	_, err = intent(checkout.USDC, "POLYGON")
	c.refuses(err, chain.ErrUnsupportedNetwork, "name one of ERC20, BEP20, BASE")
	for _, unknown := range []string{"sandbox", "base ", "Base", "USDC"} {
		_, err = intent(checkout.USDC, unknown)
		c.refuses(err, chain.ErrUnsupportedNetwork, "")
	}

	bsc, err := intent(checkout.USDC, "bsc")
	c.ok(err)
	ethereum, err := intent(checkout.USDC, "ERC20")
	c.ok(err)
	if bsc.Asset.Network != chain.BSC || ethereum.Asset.Network != chain.Ethereum || ethereum.Address != otherEVM {
		t.Errorf("bsc %+v, ethereum %+v", bsc, ethereum)
	}
	if back, err := intent(checkout.USDC, "BEP20"); err != nil || cmp.Diff(bsc.Units, back.Units, bigInts) != "" || back.ID != bsc.ID {
		t.Errorf("coming back asks for %s by %s, want %s by %s: %v", back.Units, back.ID, bsc.Units, bsc.ID, err)
	}
	c.ok(c.change("BEP20", "USDC", otherEVM))
	c.pass(24 * time.Hour)
	c.read(chain.Ethereum, chain.BSC)
	id, err = c.opened(c.live(), checkout.USDC)
	c.ok(err)
	if _, err := intent(checkout.USDC, "ERC20"); err != nil {
		t.Fatal(err)
	}
	if moved, err := intent(checkout.USDC, "BEP20"); err != nil || moved.Address != otherEVM {
		t.Errorf("the address before is asked for: %+v, %v", moved, err)
	}
}

var bigInts = cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })

// Amounts of a coin that divides into 10^-18 are asked for in six decimals, the suffix among them.
func TestEighteenDecimalsAreNotAskedFor(t *testing.T) {
	c := openCounter(t, chain.BSC)
	c.ok(c.receive("BEP20", "USDT", evmAddress))
	id, err := c.opened(c.live(), checkout.USDT)
	c.ok(err)
	s, err := c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDT})
	c.ok(err)
	micro := new(big.Int).Exp(big.NewInt(10), big.NewInt(12), nil)
	suffix, rest := new(big.Int).QuoRem(s.Intent.Units, micro, new(big.Int))
	suffix.Sub(suffix, big.NewInt(9_990_000))
	if rest.Sign() != 0 || suffix.Int64() < 1 || suffix.Int64() > checkout.MaxSuffix {
		t.Errorf("units %s: suffix %s, rest %s", s.Intent.Units, suffix, rest)
	}
	if _, frac, _ := strings.Cut(s.Intent.Payable(), "."); len(frac) > 6 || len(frac) < 4 {
		t.Errorf("payable %s", s.Intent.Payable())
	}
	other, err := c.opened(c.live(), checkout.USDT)
	c.ok(err)
	o, err := c.checkout.Intent(t.Context(), other, Choice{Method: checkout.USDT})
	c.ok(err)
	if o.Intent.Units.Cmp(s.Intent.Units) == 0 {
		t.Error("two payers are asked for one amount")
	}
}

// The page offers each coin on each network where the shop has an address, and says which networks
// nobody reads right now.
func TestOffersAreWhereTheShopIsPaid(t *testing.T) {
	c := openCounter(t, chain.Tron, chain.BSC, chain.Base)
	c.ok(c.receive("BEP20", "USDT", evmAddress))
	c.ok(c.receive("BEP20", "USDC", evmAddress))
	c.ok(c.receive("BASE", "USDC", evmAddress))
	id, err := c.opened(c.live(), "")
	c.ok(err)
	c.clock.set(c.clock.Now().Add(railSilence / 2))
	c.ok(c.checkout.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		now := c.clock.Now()
		return r.Cursors.Advance(ctx, ports.Cursor{Network: chain.Base, Height: 1, BlockID: "b"},
			ports.Cursor{Network: chain.Base, Height: 2, BlockID: "c", BlockTime: now, UpdatedAt: now})
	}))
	c.clock.set(c.clock.Now().Add(railSilence/2 + time.Second))
	p, err := c.checkout.Progress(t.Context(), id)
	c.ok(err)
	var got []string
	for _, o := range p.Offers {
		word := " silent"
		if o.Available {
			word = ""
		}
		got = append(got, string(o.Method)+" "+string(o.Asset.Network)+word)
	}
	if diff := cmp.Diff([]string{"usdc bsc silent", "usdc base", "usdt bsc silent"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDC, Network: "bsc"}); fault.From(err).Code != ports.ErrChainUnavailable.Code {
		t.Errorf("a payer is sent to a network nobody reads: %v", err)
	}
	if _, err := c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDC, Network: "base"}); err != nil {
		t.Errorf("one silent rail hides another: %v", err)
	}
}

// Test mode plays every network that carries the coin, with coins worth nothing.
func TestTheSandboxPlaysEveryNetwork(t *testing.T) {
	c := openCounter(t)
	for _, choice := range []Choice{
		{Method: checkout.USDC, Network: ""},
		{Method: checkout.USDC, Network: "base"},
		{Method: checkout.USDC, Network: "ERC20"},
		{Method: checkout.USDC, Network: "sandbox"},
		{Method: checkout.USDT, Network: "TRC20"},
		{Method: checkout.USDT, Network: ""},
	} {
		id, err := c.opened(c.who(), "")
		c.ok(err)
		s, err := c.checkout.Intent(t.Context(), id, choice)
		c.ok(err)
		if a := s.Intent.Asset; a.Network != chain.Sandbox || a.Symbol != choice.Method.Symbol() || s.Intent.Address[0] != 'S' {
			t.Errorf("%+v leads to %+v", choice, s.Intent)
		}
		c.play(id, ScenarioExact)
		c.pass(10 * time.Second)
		c.is(id, checkout.Settled)
	}
	id, err := c.opened(c.who(), "")
	c.ok(err)
	_, err = c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDC, Network: "TRC20"})
	c.refuses(err, chain.ErrUnsupportedNetwork, "name one of ERC20, BEP20")
}

// Accounts can be entered for networks this gateway reads, with coins they carry and addresses of
// their own kind.
func TestAccountsFitTheirNetwork(t *testing.T) {
	c := openCounter(t, chain.Base, chain.BSC)
	for _, r := range []struct {
		network, asset, address string
		want                    *fault.Fault
		says                    string
	}{
		{"ERC20", "USDC", evmAddress, chain.ErrUnsupportedNetwork, "name one of TRC20, BEP20, BASE"},
		{"BASE", "USDT", evmAddress, chain.ErrUnsupportedAsset, "BASE carries here: USDC"},
		{"BASE", "usdc", evmAddress, chain.ErrUnsupportedAsset, ""},
		{"TRC20", "USDC", shopAddress, chain.ErrUnsupportedAsset, "USDT"},
		{"BASE", "USDC", strings.ToLower(evmAddress), chain.ErrInvalidAddress, "EIP-55"},
		{"BASE", "USDC", shopAddress, chain.ErrAddressChainMismatch, "begins with 0x"},
		{"TRC20", "USDT", evmAddress, chain.ErrInvalidAddress, ""},
		{"BASE", "USDC", chain.BSC.Tokens()[0].Contract, chain.ErrInvalidAddress, "token contract"},
	} {
		c.refuses(c.receive(r.network, r.asset, r.address), r.want, r.says)
	}
	c.ok(c.receive("BASE", "USDC", evmAddress))
	c.refuses(c.receive("base", "USDC", evmAddress), merchant.ErrReceivingExists, "")
	c.ok(c.receive("BEP20", "USDC", evmAddress)) // the same address on another network is another account
	methods, err := c.accepts.Methods(t.Context(), c.live())
	c.ok(err)
	want := MethodState{Method: checkout.USDC, Live: true, Test: true, Enabled: true, Networks: []MethodNetwork{
		{chain.BSC, true, evmAddress}, {chain.Base, true, evmAddress},
	}}
	if diff := cmp.Diff(want, methods[0]); diff != "" {
		t.Error(diff)
	}
}
