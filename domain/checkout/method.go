package checkout

import (
	"strings"

	"github.com/101pay/101pay/domain/chain"
)

// Method is how a payer pays: a coin, which several networks may carry. The zero value means "not chosen".
type Method string

// The ten methods of source 000, in its order.
const (
	USDC Method = "usdc"
	BTC  Method = "btc"
	ETH  Method = "eth"
	USDT Method = "usdt"
	BNB  Method = "bnb"
	SOL  Method = "sol"
	ADA  Method = "ada"
	XRP  Method = "xrp"
	DOGE Method = "doge"
	DOT  Method = "dot"
)

// Methods lists all methods in the source's order.
func Methods() []Method {
	return []Method{USDC, BTC, ETH, USDT, BNB, SOL, ADA, XRP, DOGE, DOT}
}

// ParseMethod reads a method name: exact, lower case.
func ParseMethod(s string) (Method, error) {
	for _, m := range Methods() {
		if string(m) == s {
			return m, nil
		}
	}
	return "", ErrUnsupportedMethod
}

// Symbol is the asset a method pays in, as chains and wallets name it.
func (m Method) Symbol() string { return strings.ToUpper(string(m)) }

// Networks are those that carry the method's coin for real money, in the order choices are shown;
// none when this software has no rail for it yet.
func (m Method) Networks() []chain.Network { return chain.Carriers(m.Symbol()) }
