package resource

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/x402"
)

var epoch = time.Date(2026, 5, 17, 9, 30, 0, 0, time.UTC)

func usdc(t testing.TB, minor int64) money.Amount {
	t.Helper()
	a, err := money.FromMinor(money.USDC, big.NewInt(minor))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func snapshot(t testing.TB) Snapshot {
	t.Helper()
	content, err := StoredBody([]byte("rain"), "text/plain")
	if err != nil {
		t.Fatal(err)
	}
	return Snapshot{
		ID: "id", MerchantID: "m", ProjectID: "p", Mode: merchant.Test, SKU: "weather", Content: content,
		Terms: Terms{Price: usdc(t, 1), Timeout: time.Minute, Flow: Authorization},
	}
}

func TestOnlyWhatCanBeSoldIsMade(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Snapshot)
		want   error
	}{
		"as it is":        {func(*Snapshot) {}, nil},
		"no price":        {func(s *Snapshot) { s.Terms.Price = money.Amount{} }, money.ErrRequired},
		"a price of 0":    {func(s *Snapshot) { s.Terms.Price = usdc(t, 0) }, money.ErrRequired},
		"in tether":       {func(s *Snapshot) { s.Terms.Price, _ = money.Parse(money.USDT, "1") }, nil},
		"yen":             {func(s *Snapshot) { s.Terms.Price, _ = money.Parse(money.JPY, "1") }, ErrCurrency},
		"dollars":         {func(s *Snapshot) { s.Terms.Price, _ = money.Parse(money.USD, "1") }, nil},
		"a test payee":    {func(s *Snapshot) { s.Terms.PayTo = map[x402.Network]x402.Address{1: {1}} }, nil},
		"nobody is paid":  {func(s *Snapshot) { s.Terms.PayTo = map[x402.Network]x402.Address{1: {}} }, ErrInvalid},
		"nowhere is paid": {func(s *Snapshot) { s.Terms.PayTo = map[x402.Network]x402.Address{0: {1}} }, ErrInvalid},
		"paid where unsold": {func(s *Snapshot) {
			s.Terms.PayTo, s.Terms.Networks = map[x402.Network]x402.Address{1: {1}}, []x402.Network{2}
		}, ErrInvalid},
		"a live payee": {func(s *Snapshot) {
			s.Terms.PayTo, s.Mode = map[x402.Network]x402.Address{1: {1}}, merchant.Live
		}, ErrPayToLive},
		"network 0":              {func(s *Snapshot) { s.Terms.Networks = []x402.Network{0} }, ErrInvalid},
		"a network twice":        {func(s *Snapshot) { s.Terms.Networks = []x402.Network{1, 1} }, ErrInvalid},
		"a huge network":         {func(s *Snapshot) { s.Terms.Networks = []x402.Network{1 << 63} }, ErrInvalid},
		"nine networks":          {func(s *Snapshot) { s.Terms.Networks = []x402.Network{1, 2, 3, 4, 5, 6, 7, 8, 9} }, ErrInvalid},
		"half a second":          {func(s *Snapshot) { s.Terms.Timeout += time.Second / 2 }, ErrInvalid},
		"no flow":                {func(s *Snapshot) { s.Terms.Flow = "" }, ErrInvalid},
		"half a character":       {func(s *Snapshot) { s.Terms.Description = "\xff" }, ErrInvalid},
		"a hidden title":         {func(s *Snapshot) { s.Terms.Title = "a\u202e" }, ErrInvalid},
		"a disposition":          {func(s *Snapshot) { s.Terms.MIMEType = "attachment" }, ErrInvalid},
		"a media type":           {func(s *Snapshot) { s.Terms.MIMEType = "text/html; charset=utf-8" }, nil},
		"no content":             {func(s *Snapshot) { s.Content = Content{} }, nil},
		"content of 0":           {func(s *Snapshot) { s.Content.Bytes = 0 }, ErrEmptyContent},
		"too much content":       {func(s *Snapshot) { s.Content.Bytes = MaxBodyBytes + 1 }, ErrInvalid},
		"content unknown":        {func(s *Snapshot) { s.Content.Hash = Hash{} }, ErrInvalid},
		"content of no type":     {func(s *Snapshot) { s.Content.Type = "" }, ErrInvalid},
		"a type of headers":      {func(s *Snapshot) { s.Content.Type = "text/plain\r\nSet-Cookie: a=b" }, ErrInvalid},
		"used of what is stored": {func(s *Snapshot) { s.Terms.UpTo = true }, ErrInvalid},
		"used of nothing yet":    {func(s *Snapshot) { s.Terms.UpTo, s.Content = true, Content{} }, nil},
		"used of an upstream": {func(s *Snapshot) {
			s.Terms.UpTo, s.Content = true, Content{Kind: Upstream, Upstream: Source{URL: "https://a.example/"}}
		}, nil},
		"used, and paid before": {func(s *Snapshot) {
			s.Terms.UpTo, s.Terms.Flow, s.Content = true, Upfront, Content{}
		}, ErrInvalid},
		"a named body":    {func(s *Snapshot) { s.Content.FileName = "a" }, ErrInvalid},
		"a nameless file": {func(s *Snapshot) { s.Content.Kind = File }, ErrFileName},
		"no kind":         {func(s *Snapshot) { s.Content.Kind = "" }, ErrInvalid},
		"another kind":    {func(s *Snapshot) { s.Content.Kind = "link" }, ErrInvalid},
		"two contents":    {func(s *Snapshot) { s.Content.Upstream.URL = "https://a.example/" }, ErrInvalid},
		"no sku":          {func(s *Snapshot) { s.SKU = "" }, ErrSKU},
		"dots":            {func(s *Snapshot) { s.SKU = "..." }, ErrSKU},
		"a path":          {func(s *Snapshot) { s.SKU = "a/b" }, ErrSKU},
	} {
		s := snapshot(t)
		c.change(&s)
		_, err := New(s, epoch)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		s.Version, s.CreatedAt, s.UpdatedAt = 1, epoch, epoch
		var f *fault.Fault
		if _, err := Restore(s); (err == nil) != (c.want == nil) || errors.As(err, &f) {
			t.Errorf("%s is restored: %v", name, err)
		}
	}
}

func TestUpstreams(t *testing.T) {
	sealed := []byte{1}
	for name, c := range map[string]struct {
		source Source
		want   error
	}{
		"plain":                     {Source{URL: "https://a.example/x?y=1"}, nil},
		"with a header":             {Source{URL: "https://a.example/", Header: "X-Key", Sealed: sealed}, nil},
		"nothing":                   {Source{}, ErrUpstreamURL},
		"not as printed":            {Source{URL: "HTTPS://a.example"}, ErrUpstreamURL},
		"two queries":               {Source{URL: "https://a.example/x?y=1", Query: true}, ErrUpstreamURL},
		"a header without a value":  {Source{URL: "https://a.example/", Header: "X-Key"}, ErrUpstreamHeader},
		"a value without a header":  {Source{URL: "https://a.example/", Sealed: sealed}, ErrUpstreamHeader},
		"a header of the transport": {Source{URL: "https://a.example/", Header: "Connection", Sealed: sealed}, ErrUpstreamHeader},
		"the payer's header":        {Source{URL: "https://a.example/", Header: "X-Payment", Sealed: sealed}, ErrUpstreamHeader},
		"a header spelled low":      {Source{URL: "https://a.example/", Header: "x-key", Sealed: sealed}, ErrUpstreamHeader},
	} {
		s := snapshot(t)
		s.Content = Content{Kind: Upstream, Upstream: c.source}
		if _, err := New(s, epoch); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What is within the limits of a resource is within those of an offer.
func TestEveryResourceCanBeOffered(t *testing.T) {
	usdc, _ := x402.ParseAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
	rapid.Check(t, func(t *rapid.T) {
		s := Snapshot{ID: "id", MerchantID: "m", ProjectID: "p", Mode: merchant.Live, SKU: "a"}
		s.Terms = Terms{
			Description: rapid.StringOfN(rapid.RuneFrom([]rune("aé☕\n")), 0, MaxDescriptionBytes, MaxDescriptionBytes+2).Draw(t, "description"),
			MIMEType:    "text/" + strings.Repeat("x", rapid.IntRange(1, maxMIMEBytes).Draw(t, "type")),
			Timeout:     time.Duration(rapid.IntRange(0, 400).Draw(t, "timeout")) * time.Second, Flow: Upfront,
		}
		s.Terms.Price, _ = money.FromMinor(money.USDC, big.NewInt(rapid.Int64Range(0, 3).Draw(t, "price")))
		if _, err := New(s, epoch); err != nil {
			t.Skip("not a resource")
		}
		token, err := x402.NewToken(84532, usdc, "USDC", "2")
		if err != nil {
			t.Fatal(err)
		}
		price, _ := x402.ParseUint(s.Terms.Price.MinorText())
		_, err = x402.NewOffer(
			x402.Resource{URL: "https://a.example/", Description: s.Terms.Description, MIMEType: s.Terms.MIMEType},
			x402.Requirements{Token: token, Amount: price, PayTo: x402.Address{1}, Timeout: s.Terms.Timeout},
		)
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestLifeOfAResource(t *testing.T) {
	r, err := New(snapshot(t), epoch)
	if err != nil {
		t.Fatal(err)
	}
	version := func(want int64) {
		t.Helper()
		s := r.Snapshot()
		if s.Version != want {
			t.Fatalf("version %d, want %d", s.Version, want)
		}
		again, err := Restore(s)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, again.Snapshot()); d != "" {
			t.Fatal(d)
		}
	}
	version(1)
	terms := r.Snapshot().Terms
	terms.Title = "Rain"
	if err := r.Change(terms, epoch.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	version(2)
	terms.Timeout = time.Second
	if err := r.Change(terms, epoch); !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	file, err := StoredFile([]byte("x"), "text/plain", "x.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Fill(file, epoch.Add(-time.Hour)); err != nil { // another machine's clock
		t.Fatal(err)
	}
	version(3)
	r.Archive(epoch)
	r.Archive(epoch)
	version(4)
	if err := r.Fill(file, epoch); !errors.Is(err, ErrArchived) {
		t.Fatal(err)
	}
	if err := r.Change(r.Snapshot().Terms, epoch); !errors.Is(err, ErrArchived) {
		t.Fatal(err)
	}
	version(4)
	r.Reopen(epoch)
	r.Reopen(epoch)
	version(5)
	if s := r.Snapshot(); s.State(epoch) != Active || s.Terms.Title != "Rain" || s.Content.FileName != "x.txt" {
		t.Errorf("after all: %+v", s)
	}
}

func TestWhenItIsSold(t *testing.T) {
	from, until := epoch, epoch.Add(time.Hour)
	for name, c := range map[string]struct {
		change func(*Snapshot)
		at     time.Time
		want   State
	}{
		"always":           {func(*Snapshot) {}, epoch, Active},
		"without content":  {func(s *Snapshot) { s.Content = Content{} }, epoch, Empty},
		"archived":         {func(s *Snapshot) { s.ArchivedAt = epoch }, epoch.Add(-time.Hour), Archived},
		"before":           {func(s *Snapshot) { s.Terms.ValidFrom = from }, from.Add(-1), Scheduled},
		"at the beginning": {func(s *Snapshot) { s.Terms.ValidFrom = from }, from, Active},
		"at the end":       {func(s *Snapshot) { s.Terms.ValidUntil = until }, until, Ended},
		"before the end":   {func(s *Snapshot) { s.Terms.ValidUntil = until }, until.Add(-1), Active},
	} {
		s := snapshot(t)
		c.change(&s)
		if got := s.State(c.at); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		err := s.Sold(c.at)
		if (err == nil) != (c.want == Active) || err != nil && fault.From(err).Reason != string(c.want) {
			t.Errorf("%s is sold: %v", name, err)
		}
	}
}

// A snapshot shares nothing with the resource, and neither does what it was made of.
func TestSnapshotsAreCopies(t *testing.T) {
	s := snapshot(t)
	s.Terms.Networks, s.Terms.Tags = []x402.Network{1}, []string{"a"}
	s.Terms.PayTo = map[x402.Network]x402.Address{1: {1}}
	r, err := New(s, epoch)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint(r.Snapshot())
	for _, s := range []Snapshot{s, r.Snapshot()} {
		s.Terms.Networks[0], s.Terms.Tags[0], s.Terms.PayTo[1] = 2, "b", x402.Address{2}
	}
	if got := fmt.Sprint(r.Snapshot()); got != want {
		t.Errorf("changed to %s", got)
	}
}

// Stored content is delivered so that no browser takes it for a page of the gateway.
func TestHeadersOfContent(t *testing.T) {
	for name, want := range map[string]string{
		"a b.pdf":         `attachment; filename="a b.pdf"`,
		"Übersicht 1.pdf": `attachment; filename*=utf-8''%C3%9Cbersicht%201.pdf`,
		"a;b=c.pdf":       `attachment; filename="a;b=c.pdf"`,
	} {
		c, err := StoredFile([]byte("x"), "text/html", name)
		if err != nil {
			t.Fatal(err)
		}
		h := c.Headers()
		if h["Content-Disposition"] != want || h["X-Content-Type-Options"] != "nosniff" ||
			!strings.Contains(h["Content-Security-Policy"], "sandbox") || h["Content-Type"] != "text/html" {
			t.Errorf("%s: %v", name, h)
		}
	}
	for _, name := range []string{"", ".", "..", ".a", "a.", " a", "a/b", `a\b`, `a"b`, "a\nb", "a\x00", "a:b", "a%2fb", "a\u202eb", strings.Repeat("n", 151)} {
		if _, err := StoredFile([]byte("x"), "text/html", name); !errors.Is(err, ErrFileName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	body, err := StoredBody([]byte("x"), "text/html")
	if _, saved := body.Headers()["Content-Disposition"]; err != nil || saved {
		t.Errorf("a body is saved, %v", err)
	}
	if _, err := StoredFile(make([]byte, MaxFileBytes+1), "a/b", "a"); !errors.Is(err, ErrFileTooLarge) {
		t.Error(err)
	}
	if _, err := StoredFile(make([]byte, MaxFileBytes), "a/b", "a"); err != nil {
		t.Error(err)
	}
}

// What is sold for what was used never comes to sell what nobody can say that of.
func TestNothingStoredIsMetered(t *testing.T) {
	s := snapshot(t)
	stored := s.Content
	s.Terms.UpTo, s.Content = true, Content{}
	r, err := New(s, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Fill(stored, epoch); !errors.Is(err, ErrInvalid) {
		t.Errorf("filled: %v", err)
	}
	s.Terms.UpTo = false
	if err := r.Change(s.Terms, epoch); err != nil {
		t.Fatal(err)
	}
	if err := r.Fill(stored, epoch); err != nil {
		t.Fatal(err)
	}
	s.Terms.UpTo = true
	if err := r.Change(s.Terms, epoch); !errors.Is(err, ErrInvalid) {
		t.Errorf("changed: %v", err)
	}
}
