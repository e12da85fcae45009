package rates

import (
	"errors"
	"fmt"
	"strings"

	"github.com/101pay/101pay/domain/money"
)

// Bounds of fixed rates.
const (
	maxFixed       = 64 // rates an operator may fix
	maxWholeDigits = 12
	maxPlaces      = 40
	maxAssetBytes  = 10
)

const symbolLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Pair is what is priced, in what: currency codes and asset symbols.
type Pair struct {
	From string // as in "JPY", or "ETH" on a market
	To   string // as in "USDT", or "USD" on a market
}

// String is the pair as configuration writes it, as in "JPY/USDT".
func (p Pair) String() string { return p.From + "/" + p.To }

// Fixed are rates an operator set: what one unit of From costs in To.
type Fixed map[Pair]price

// price is an exact positive number, kept as an amount of no matter what.
type price = money.Amount

// ParseFixed reads fixed rates as configuration writes them, "JPY/USDT=0.0066,USD/USDC=1": one yen
// is 0.0066 USDT. Empty text is none. The error names every entry that is wrong.
func ParseFixed(text string) (Fixed, error) {
	fixed := make(Fixed)
	if strings.TrimSpace(text) == "" {
		return fixed, nil
	}
	entries := strings.Split(text, ",")
	if len(entries) > maxFixed {
		return nil, fmt.Errorf("%d fixed rates: at most %d", len(entries), maxFixed)
	}
	var wrong []error
	for _, entry := range entries {
		entry = strings.TrimSpace(entry)
		pair, p, err := parseEntry(entry)
		if _, twice := fixed[pair]; err == nil && twice {
			err = errors.New("this pair has a rate already")
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("fixed rate %q: %w", entry, err))
			continue
		}
		fixed[pair] = p
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return fixed, nil
}

func parseEntry(entry string) (Pair, price, error) {
	pair, number, hasPrice := strings.Cut(entry, "=")
	from, to, hasAsset := strings.Cut(pair, "/")
	if !hasPrice || !hasAsset {
		return Pair{}, price{}, errors.New("want CURRENCY/ASSET=PRICE, as in JPY/USDT=0.0066")
	}
	if _, err := money.ParseCurrency(from); err != nil {
		return Pair{}, price{}, err
	}
	if to == "" || len(to) > maxAssetBytes || strings.Trim(to, symbolLetters) != "" {
		return Pair{}, price{}, errors.New("the asset must be a symbol in capital letters, as in USDT")
	}
	if from == to {
		return Pair{}, price{}, errors.New("an asset is worth exactly itself")
	}
	p, err := parsePrice(number)
	return Pair{from, to}, p, err
}

// parsePrice reads a positive number: digits, optionally a point and more digits.
func parsePrice(s string) (price, error) {
	const syntax = "the price must be digits, optionally a point and more digits, as in 0.0066"
	whole, places, pointed := strings.Cut(s, ".")
	if strings.Trim(whole+places, "0123456789") != "" || whole == "" || pointed && places == "" {
		return price{}, errors.New(syntax)
	}
	if len(whole) > maxWholeDigits || len(places) > maxPlaces {
		return price{}, fmt.Errorf("the price may have %d digits before the point and %d after it",
			maxWholeDigits, maxPlaces)
	}
	unit, err := money.ParseNotation(fmt.Sprintf("PRICE/%d", len(places)))
	if err != nil {
		return price{}, err
	}
	p, err := money.FromMinorText(unit, whole+places)
	if err == nil && p.IsZero() {
		err = errors.New("the price must be greater than zero")
	}
	return p, err
}

// mustPrice reads a price written in this package.
func mustPrice(s string) price {
	p, err := parsePrice(s)
	if err != nil {
		panic(fmt.Sprintf("price %q: %v", s, err))
	}
	return p
}
