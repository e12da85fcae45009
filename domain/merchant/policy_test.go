package merchant

import (
	"testing"

	"github.com/101pay/101pay/domain/chain"
)

// A policy outside its bounds is refused; each bound is tried on both sides.
func TestPoliciesHaveBounds(t *testing.T) {
	rule := func(n chain.Network, upTo, confirmations int) func(*Policy) {
		return func(p *Policy) { p.Finality = append(p.Finality, FinalityRule{n, upTo, confirmations}) }
	}
	for name, c := range map[string]struct {
		change func(*Policy)
		ok     bool
	}{
		"as it is":                      {func(*Policy) {}, true},
		"one percent":                   {func(p *Policy) { p.ToleranceBasisPoints = 100 }, true},
		"more than one percent":         {func(p *Policy) { p.ToleranceBasisPoints = 101 }, false},
		"a negative tolerance":          {func(p *Policy) { p.ToleranceBasisPoints = -1 }, false},
		"record":                        {func(p *Policy) { p.Underpaid = UnderpaidRecord }, true},
		"no such underpaid policy":      {func(p *Policy) { p.Underpaid = "accept" }, false},
		"no underpaid policy":           {func(p *Policy) { p.Underpaid = "" }, false},
		"two sources always":            {func(p *Policy) { p.TwoSourcesFrom = 1 }, true},
		"two sources from a million":    {func(p *Policy) { p.TwoSourcesFrom = 1_000_000 }, true},
		"beyond":                        {func(p *Policy) { p.TwoSourcesFrom = 1_000_001 }, false},
		"below":                         {func(p *Policy) { p.TwoSourcesFrom = -1 }, false},
		"three blocks on Ethereum":      {rule(chain.Ethereum, 1000, 3), true},
		"two blocks on Ethereum":        {rule(chain.Ethereum, 1000, 2), false},
		"as many as finality takes":     {rule(chain.Ethereum, 1000, 64), false},
		"one less":                      {rule(chain.Ethereum, 1000, 63), true},
		"ten on Base":                   {rule(chain.Base, 10_000, 10), true},
		"beyond what is credited early": {rule(chain.Base, 10_001, 10), false},
		"worth nothing":                 {rule(chain.Base, 0, 10), false},
		"Tron":                          {rule(chain.Tron, 10, 10), false},
		"BNB Smart Chain":               {rule(chain.BSC, 10, 1), false},
		"the sandbox":                   {rule(chain.Sandbox, 10, 1), false},
		"an unknown network":            {rule("nowhere", 10, 10), false},
		"the same worth twice": {func(p *Policy) {
			rule(chain.Base, 10, 10)(p)
			rule(chain.Base, 10, 20)(p)
		}, false},
		"too many rules": {func(p *Policy) {
			for i := range maxFinalityRules + 1 {
				rule(chain.Base, i+1, 10)(p)
			}
		}, false},
	} {
		p := DefaultPolicy()
		c.change(&p)
		if err := p.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
