package x402

import (
	"errors"
	"math/big"
	"strings"
)

// HeaderUsage is the header by which a seller's server says, with its answer, how much of what the payer
// signed is to be settled. It is the official middlewares' own, so that a server may move from them; no
// payer sees it.
const HeaderUsage = "Settlement-Overrides"

// ErrUsage refuses a word on how much was used that cannot be read, or is more than was signed for.
var ErrUsage = errors.New(HeaderUsage + ` must be {"amount": …} with a text: base units ("1234"), ` +
	`dollars ("$0.01") or a part of the price ("12.5%"), no more than the price`)

const (
	maxUsageBytes = 256
	usdDecimals   = 6 // of every token that resources are sold for
	percentScale  = 2 // decimals of a part in hundredths
)

// ReadUsage reads how much of at most so many units is to be settled. A server that says nothing has used
// all of it. A part of a unit is not charged. Errors are ErrUsage.
func ReadUsage(header string, most Uint256) (used Uint256, err error) {
	if header == "" {
		return most, nil
	}
	amount, ok := usageIn(header)
	if !ok {
		return used, ErrUsage
	}
	part, isPart := strings.CutSuffix(amount, "%")
	dollars, isMoney := strings.CutPrefix(amount, "$")
	switch {
	case isPart:
		used, ok = fixed(part, percentScale)
		hundred, _ := fixed("100", percentScale)
		if ok = ok && used.Cmp(hundred) <= 0; ok {
			share := new(big.Int).Mul(most.Big(), used.Big())
			used, ok = UintOf(share.Div(share, hundred.Big()))
		}
	case isMoney:
		used, ok = fixed(dollars, usdDecimals)
	default:
		used, ok = ParseUint(amount)
	}
	if !ok || used.Cmp(most) > 0 {
		return Uint256{}, ErrUsage
	}
	return used, nil
}

// usageIn is the amount in the header.
func usageIn(header string) (amount string, ok bool) {
	if len(header) > maxUsageBytes {
		return "", false
	}
	d := decoder{scanner: scanner{in: []byte(header)}}
	d.object(func(name []byte) {
		if string(name) == "amount" {
			amount = d.string("amount")
		}
	})
	return amount, d.end() == nil && d.wrong == ""
}

// fixed reads a decimal number with at most so many decimals, in units of the last of them.
func fixed(s string, decimals int) (Uint256, bool) {
	whole, rest, dotted := strings.Cut(s, ".")
	if len(rest) > decimals || dotted && rest == "" {
		return Uint256{}, false
	}
	if whole == "" || whole[0] == '0' && len(whole) > 1 {
		return Uint256{}, false
	}
	digits := strings.TrimLeft(whole+rest+strings.Repeat("0", decimals-len(rest)), "0")
	if digits == "" {
		digits = "0"
	}
	return ParseUint(digits)
}
