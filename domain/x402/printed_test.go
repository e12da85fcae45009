package x402

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What is printed beforehand is what would be printed for each request, wherever the question falls in
// the groups of base64.
func TestPrintedChallengesAreTheSame(t *testing.T) {
	by, _ := issuer(t)
	rapid.Check(t, func(r *rapid.T) {
		o := extendedOffer(t).without()
		if rapid.Bool().Draw(r, "unsigned") {
			o.sealed = nil
		}
		if rapid.Bool().Draw(r, "not told to catalogs") {
			o.also = Extensions{}
		}
		o.resource.URL += strings.Repeat("x", rapid.IntRange(0, 7).Draw(r, "longer URL"))
		if rapid.Bool().Draw(r, "signed") {
			o = o.Sealed(by, offeredAt)
		}
		printed := o.Print()
		if diff := cmp.Diff(o.Challenge(nil), printed.Challenge()); diff != "" {
			r.Errorf("without a question:\n%s", diff)
		}
		for range 2 { // the second must not see the first
			ask := SignInAsk{
				Nonce: [SignInNonceBytes]byte(rapid.SliceOfN(rapid.Byte(), SignInNonceBytes, SignInNonceBytes).Draw(r, "nonce")),
				At: time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(r, "at")).In(
					time.FixedZone("", rapid.IntRange(-3600, 3600).Draw(r, "zone"))),
			}
			if diff := cmp.Diff(o.Asking(ask).Challenge(nil), printed.Asking(ask)); diff != "" {
				r.Errorf("asking %+v:\n%s", ask, diff)
			}
		}
	})
}

// BenchmarkPrinted is a challenge that was printed beforehand, beside one that is printed for the request.
func BenchmarkPrinted(b *testing.B) {
	o := extendedOffer(b)
	printed, ask := o.Print(), o.ask
	b.ReportAllocs()
	beside(b, "printings", 100, func() { printed.Asking(ask) }, func() { o.Asking(ask).Challenge(nil) })
}
