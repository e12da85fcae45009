// Package money holds exact amounts of a named currency. It refuses to mix currencies, to round
// silently, or to be zero by accident.
//
// It owns the currencies an amount can be asked in, the grammar of decimal strings, and rates. It
// does not own on-chain units (package chain) nor how any dialect prints an amount.
//
// Invariants: an Amount made by a constructor is positive or zero, never negative, never a
// fraction of a minor unit; the zero value of Amount is not an amount and says so.
package money

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/101pay/101pay/domain/fault"
)

// Limits of the amount grammar.
const (
	maxTextBytes     = 40                // longest decimal string looked at
	maxIntegerDigits = 18                // longest integer part
	maxUnits         = 1_000_000_000_000 // largest amount a request may name, in major units
	roundedPlaces    = 18                // places a rate division is carried to before rounding up
)

// Faults of amounts and currencies.
var (
	ErrUnsupportedCurrency = fault.New(fault.Invalid, "unsupported_currency",
		"currency must be one of USDC, USDT, USD, JPY (upper case)")
	ErrRequired = fault.New(fault.Invalid, "amount_required", "amount is required").About("amount")
	ErrSyntax   = fault.New(fault.Invalid, "invalid_amount",
		"amount must be a decimal string such as \"9.99\": digits, optionally a point and more digits, no sign, no exponent, no spaces").About("amount")
	ErrNotPositive = fault.New(fault.Invalid, "amount_not_positive",
		"amount must be greater than zero").About("amount")
	ErrPrecision = fault.New(fault.Invalid, "amount_precision",
		"amount has more decimal places than its currency").About("amount")
	ErrTooLarge = fault.New(fault.Invalid, "amount_too_large",
		"amount must be at most 1000000000000").About("amount")
	ErrTooSmall = fault.New(fault.Invalid, "amount_too_small",
		"amount is below the smallest that can be paid").About("amount")
)

// Currency is a unit of account: a code and the number of its decimal places. Its notation is
// CODE/PLACES ("USDT/6"), which is what the ledger stores. The zero value is not a currency.
type Currency struct {
	code  string
	scale uint8
}

// The currencies a request may name (source 000: USDC 6, USD 2, JPY 0; USDT has 6 on Tron).
var (
	USDC = Currency{"USDC", 6}
	USDT = Currency{"USDT", 6}
	USD  = Currency{"USD", 2}
	JPY  = Currency{"JPY", 0}
)

// ParseCurrency reads a currency code as a request names it: exact, upper case.
func ParseCurrency(code string) (Currency, error) {
	switch code {
	case "USDC":
		return USDC, nil
	case "USDT":
		return USDT, nil
	case "USD":
		return USD, nil
	case "JPY":
		return JPY, nil
	}
	return Currency{}, ErrUnsupportedCurrency.About("currency")
}

// ParseNotation reads CODE/PLACES, the form the ledger stores.
func ParseNotation(s string) (Currency, error) {
	code, places, ok := strings.Cut(s, "/")
	if !ok || code == "" {
		return Currency{}, fmt.Errorf("currency notation %q: want CODE/PLACES", s)
	}
	scale, err := strconv.ParseUint(places, 10, 8)
	if err != nil {
		return Currency{}, fmt.Errorf("currency notation %q: %w", s, err)
	}
	return Currency{code, uint8(scale)}, nil
}

// Code is the currency's code, as in "USDT".
func (c Currency) Code() string { return c.code }

// Scale is the number of decimal places of the currency.
func (c Currency) Scale() int { return int(c.scale) }

// String is the currency's notation, as in "USDT/6".
func (c Currency) String() string {
	if c.code == "" {
		return "???"
	}
	return c.code + "/" + strconv.Itoa(int(c.scale))
}

// Smallest is the least amount a request may ask for: 0.01 of a currency with places, else 1.
func (c Currency) Smallest() Amount {
	if c.scale < 2 {
		return Amount{c, big.NewInt(1)}
	}
	return Amount{c, pow10(int(c.scale) - 2)}
}

// Amount is a non-negative number of minor units of one currency. It is immutable. The zero value
// is not an amount; it prints as "0 ???" and equals nothing a constructor returns.
type Amount struct {
	currency Currency
	minor    *big.Int
}

// Parse reads a decimal string in major units by our own grammar before any library sees it
// (a general decimal parser accepts exponents, signs and look-alike characters, which is how
// others were hurt): 0 or a digit string without leading zero, at most 18 digits, optionally a
// point and at most Scale digits; 40 bytes in all; greater than zero; within the limits.
func Parse(c Currency, s string) (Amount, error) {
	a, err := ParsePrice(c, s)
	if err != nil {
		return Amount{}, err
	}
	if small := c.Smallest(); a.minor.Cmp(small.minor) < 0 {
		return Amount{}, ErrTooSmall.Saying("amount must be at least " + small.String() + " " + c.code)
	}
	return a, nil
}

// ParsePrice is Parse down to a single minor unit, for what programs pay: one request may cost far less
// than a cent.
func ParsePrice(c Currency, s string) (Amount, error) {
	a, err := parse(c, s)
	if err != nil {
		return Amount{}, err
	}
	if a.minor.Cmp(new(big.Int).Mul(big.NewInt(maxUnits), pow10(c.Scale()))) > 0 {
		return Amount{}, ErrTooLarge
	}
	return a, nil
}

func parse(c Currency, s string) (Amount, error) {
	switch {
	case c.code == "":
		return Amount{}, fmt.Errorf("parse amount: no currency")
	case len(s) > maxTextBytes:
		return Amount{}, ErrTooLarge
	case s == "-0":
		return Amount{}, ErrNotPositive
	}
	whole, frac, pointed := strings.Cut(s, ".")
	if !digits(whole) || pointed && !digits(frac) || len(whole) > 1 && whole[0] == '0' {
		return Amount{}, ErrSyntax
	}
	if strings.Trim(whole+frac, "0") == "" {
		return Amount{}, ErrNotPositive
	}
	if len(whole) > maxIntegerDigits {
		return Amount{}, ErrTooLarge
	}
	if len(frac) > c.Scale() || pointed && c.Scale() == 0 {
		return Amount{}, ErrPrecision.Saying(fmt.Sprintf(
			"amount must have at most %d decimal places for %s", c.Scale(), c.code))
	}
	frac += strings.Repeat("0", c.Scale()-len(frac))
	minor, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok {
		return Amount{}, ErrSyntax
	}
	return Amount{c, minor}, nil
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// FromMinor makes an amount of minor units. Negative units are refused.
func FromMinor(c Currency, minor *big.Int) (Amount, error) {
	if c.code == "" || minor == nil || minor.Sign() < 0 {
		return Amount{}, fmt.Errorf("amount of %s from %v minor units: not an amount", c, minor)
	}
	return Amount{c, new(big.Int).Set(minor)}, nil
}

// FromMinorText makes an amount of minor units written in decimal, as stores keep them.
func FromMinorText(c Currency, minor string) (Amount, error) {
	n, ok := integer(minor)
	if !ok {
		return Amount{}, fmt.Errorf("amount of %s from %q: not an integer", c, minor)
	}
	if c.code == "" || n.Sign() < 0 {
		return FromMinor(c, n)
	}
	return Amount{c, n}, nil
}

// Currency is the currency the amount is in.
func (a Amount) Currency() Currency { return a.currency }

// Minor is a copy of the amount in minor units.
func (a Amount) Minor() *big.Int {
	if a.minor == nil {
		return new(big.Int)
	}
	return new(big.Int).Set(a.minor)
}

// MinorText is the amount in minor units, in decimal: "999" for 9.99 USD.
func (a Amount) MinorText() string {
	var room [maxPrinted]byte
	return string(a.AppendMinor(room[:0]))
}

// AppendMinor appends what MinorText prints.
func (a Amount) AppendMinor(to []byte) []byte {
	if a.minor == nil {
		return append(to, '0')
	}
	return appendDecimal(to, a.minor)
}

// IsZero reports whether nothing is left of the amount; the zero value is zero too.
func (a Amount) IsZero() bool { return a.minor == nil || a.minor.Sign() == 0 }

// Valid reports whether the amount was made by a constructor.
func (a Amount) Valid() bool { return a.minor != nil }

// Decimal is the amount in major units.
func (a Amount) Decimal() decimal.Decimal {
	return decimal.NewFromBigInt(a.Minor(), -int32(a.currency.scale))
}

// String is the amount in major units without needless zeros, but with at least two places where
// the currency has them: "9.99", "1.00", "1.0042", "1500".
func (a Amount) String() string {
	if a.minor == nil {
		return "0 ???"
	}
	return FormatUnits(a.minor, a.currency.Scale())
}

// Append appends what String prints.
func (a Amount) Append(to []byte) []byte {
	if a.minor == nil {
		return append(to, a.String()...)
	}
	return AppendUnits(to, a.minor, a.currency.Scale())
}

// Equal reports whether both are the same number of units of the same currency.
func (a Amount) Equal(b Amount) bool {
	return a.minor != nil && b.minor != nil && a.currency == b.currency && a.minor.Cmp(b.minor) == 0
}

// Cmp compares two amounts of one currency; asking it of two currencies is an error.
func (a Amount) Cmp(b Amount) (int, error) {
	if err := a.sameAs(b); err != nil {
		return 0, err
	}
	return a.minor.Cmp(b.minor), nil
}

// Plus adds two amounts of one currency.
func (a Amount) Plus(b Amount) (Amount, error) {
	if err := a.sameAs(b); err != nil {
		return Amount{}, err
	}
	return Amount{a.currency, new(big.Int).Add(a.minor, b.minor)}, nil
}

func (a Amount) sameAs(b Amount) error {
	if a.minor == nil || b.minor == nil || a.currency != b.currency {
		return fmt.Errorf("amounts of %s and %s do not mix", a.currency, b.currency)
	}
	return nil
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
