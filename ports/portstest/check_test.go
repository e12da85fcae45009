package portstest

import (
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// Every suite rests on differ: if it saw no difference, no adapter could ever break a promise.
func TestDiffer(t *testing.T) {
	type row struct {
		At     time.Time
		Units  *big.Int
		Tags   map[string]string
		Lines  []string
		Next   *row
		Due    money.Amount
		Mode   merchant.Mode
		hidden int
	}
	amount := func(text string) money.Amount { return mustAmount(t, money.USDT, text) }
	full := func(change func(*row)) row {
		r := row{
			At: Epoch, Units: big.NewInt(5), Tags: map[string]string{"a": "b"}, Lines: []string{"x", "y"},
			Next: &row{Units: big.NewInt(6), Due: amount("1")}, Due: amount("9.99"), Mode: merchant.Test,
			hidden: 1,
		}
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		change func(*row)
		alike  bool
	}{
		"nothing":          {func(*row) {}, true},
		"another zone":     {func(r *row) { r.At = r.At.In(time.FixedZone("", 3600)) }, true},
		"a microsecond":    {func(r *row) { r.At = r.At.Add(time.Microsecond) }, false},
		"units":            {func(r *row) { r.Units = big.NewInt(6) }, false},
		"no units":         {func(r *row) { r.Units = nil }, false},
		"a tag":            {func(r *row) { r.Tags = map[string]string{"a": "c"} }, false},
		"a tag's name":     {func(r *row) { r.Tags = map[string]string{"b": "b"} }, false},
		"more tags":        {func(r *row) { r.Tags["b"] = "" }, false},
		"no tags":          {func(r *row) { r.Tags = nil }, false},
		"the order":        {func(r *row) { r.Lines = []string{"y", "x"} }, false},
		"fewer lines":      {func(r *row) { r.Lines = r.Lines[:1] }, false},
		"what is behind":   {func(r *row) { r.Next.Units = big.NewInt(7) }, false},
		"nothing behind":   {func(r *row) { r.Next = nil }, false},
		"the amount":       {func(r *row) { r.Due = amount("9.98") }, false},
		"the currency":     {func(r *row) { r.Due = mustAmount(t, money.USDC, "9.99") }, false},
		"the mode":         {func(r *row) { r.Mode = merchant.Live }, false},
		"what is unseen":   {func(r *row) { r.hidden = 2 }, false},
		"a price's places": {func(r *row) { r.Due = amount("9.990000") }, true},
	} {
		a, b := full(c.change), full(func(*row) {})
		at := differ("", reflect.ValueOf(a), reflect.ValueOf(b))
		if (at == "") != c.alike {
			t.Errorf("%s: differs at %q", name, at)
		}
	}
	if differ("", reflect.ValueOf([]string(nil)), reflect.ValueOf([]string{})) != "" {
		t.Error("none and empty differ")
	}
	if differ("", reflect.ValueOf(1), reflect.ValueOf(int64(1))) == "" {
		t.Error("different types are alike")
	}
}
