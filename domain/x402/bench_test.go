package x402

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// BenchmarkVerify is header to verdict, beside the bare recovery of the same signature: "recoveries" is
// how many of them one verification costs (goal 1.10, gate 1.35).
func BenchmarkVerify(b *testing.B) {
	offer, digest := offerOf(b, usdc(b)), specPayment().decode(b).Authorization().Digest(usdc(b).Token)
	s := specPayment().decode(b).signature
	compact := append([]byte{s.text[64]}, s.text[:64]...)
	for version, p := range map[string]payment{"v1": specPayment().v1(), "v2": specPayment()} {
		header := p.header()
		b.Run(version, func(b *testing.B) {
			beside(b, "recoveries", 1, func() {
				payload, err := Decode(p.v(), header)
				if err != nil {
					b.Fatal(err)
				}
				v, err := offer.Verify(payload, specNow)
				if err != nil || v.Standing() != ByKey {
					b.Fatal(v.Standing(), err)
				}
			}, func() {
				key, _, err := ecdsa.RecoverCompact(compact, digest[:])
				if err != nil || key == nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkDecode is header to payload (goal 1.5 µs), beside its base64 alone.
func BenchmarkDecode(b *testing.B) {
	for version, p := range map[string]payment{"v1": specPayment().v1(), "v2": specPayment()} {
		header := p.header()
		b.Run(version, func(b *testing.B) {
			b.ReportAllocs()
			beside(b, "base64s", 100, func() {
				if _, err := Decode(p.v(), header); err != nil {
					b.Fatal(err)
				}
			}, func() {
				if _, err := base64.StdEncoding.DecodeString(header); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// beside measures a path and its limit in turn, each so many times, and reports the middle one of the
// ratios: what slows the machine for a while counts for neither.
func beside(b *testing.B, unit string, times int, path, limit func()) {
	b.Helper()
	took := func(run func()) time.Duration {
		start := time.Now()
		for range times {
			run()
		}
		return time.Since(start)
	}
	var ratios []float64
	var whole time.Duration
	for b.Loop() {
		bare, t := took(limit), took(path)
		whole += t
		ratios = append(ratios, float64(t)/float64(bare))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], unit)
	b.ReportMetric(float64(whole)/float64(len(ratios)*times), "ns/path")
}

// BenchmarkDigest is what is signed, from an authorization (goal 1.9 µs).
func BenchmarkDigest(b *testing.B) {
	a, tok := specPayment().decode(b).Authorization(), usdc(b).Token
	b.ReportAllocs()
	for b.Loop() {
		a.Digest(tok)
	}
}

// BenchmarkRefuse is a payment for another price: refused before anything is hashed.
func BenchmarkRefuse(b *testing.B) {
	offer, p := offerOf(b, usdc(b)), specPayment()
	p.value = "1"
	header := p.header()
	for b.Loop() {
		payload, err := Decode(V2, header)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := offer.Verify(payload, specNow); err == nil {
			b.Fatal("taken")
		}
	}
}

// BenchmarkChallenge prints both versions; the answer to a request without payment is printed once.
func BenchmarkChallenge(b *testing.B) {
	offer := goldenOffer(b)
	b.ReportAllocs()
	for b.Loop() {
		offer.Challenge(nil)
	}
}
