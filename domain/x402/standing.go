package x402

// Standing is what a signature proves by itself. The zero value is not a standing.
type Standing uint8

// The standings.
const (
	ByKey     Standing = iota + 1 // the payer's key signed
	ByWallet                      // only the payer's contract can tell, if the payer is one (EIP-1271)
	ByFactory                     // only the payer's contract can tell, once deployed (ERC-6492)
)

// Route is how an authorization is proven and settled, once it is known whether the payer has code. The
// zero value is not a route.
type Route uint8

// The routes.
const (
	RouteKey       Route = iota + 1 // proven; settle by the v, r, s overload
	RouteWallet                     // ask isValidSignature of the payer; settle by the bytes overload
	RouteFactory                    // simulate deployment and question in one call; the factory must be listed
	RouteSponsored                  // proven by key; settle a permit with the allowance that goes with it
)

// standing judges a signature against the payer.
func (s Signature) standing(digest Hash, payer Address) Standing {
	if s.factory != nil {
		return ByFactory
	}
	if by, ok := s.signer(digest); ok && by == payer {
		return ByKey
	}
	return ByWallet
}

// Route decides by whether the payer has code, never by the length of the signature: a payer with code
// (EIP-7702 accounts included) is judged by that code alone, as the token will; one without can only
// have signed by key.
func (s Standing) Route(payerHasCode bool) (Route, error) {
	switch {
	case s == 0:
		return 0, ReasonSignature.Refuse("nothing is proven")
	case payerHasCode:
		return RouteWallet, nil
	case s == ByKey:
		return RouteKey, nil
	case s == ByFactory:
		return RouteFactory, nil
	}
	return 0, ReasonSignature.Refuse("the signature is not the payer's over this authorization; " +
		"check the token's EIP-712 name, version and chain id")
}
