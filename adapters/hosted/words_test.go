package hosted

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

var (
	braces   = regexp.MustCompile(`\{[a-z_]*\}`)
	quoted   = regexp.MustCompile(`\.?Say "([a-z0-9_.]+)"|Rich "([a-z0-9_.]+)"|say\("([a-z0-9_.]+)"`)
	families = regexp.MustCompile(`^(notice|proof|played|play|error|why|span)\.`)
)

// A text that exists in one language only would break that page in the others.
func TestEveryTextExistsInEveryLanguage(t *testing.T) {
	english := locales[0].words
	for _, l := range locales {
		for _, key := range slices.Sorted(maps.Keys(l.words)) {
			text := l.words[key]
			if strings.TrimSpace(text) == "" || text != strings.TrimSpace(text) {
				t.Errorf("%s %s: empty or padded", l.Code, key)
			}
			if strings.Count(text, "**")%2 != 0 {
				t.Errorf("%s %s: emphasis that does not end", l.Code, key)
			}
			if diff := cmp.Diff(names(english[key]), names(text)); diff != "" {
				t.Errorf("%s %s fills in other names than English: %s", l.Code, key, diff)
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(english)), slices.Sorted(maps.Keys(l.words))); diff != "" {
			t.Errorf("%s: %s", l.Code, diff)
		}
	}
}

func names(text string) []string {
	found := braces.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// Texts nobody shows are not kept, and nothing asks for a text that is not there.
func TestTextsAreThoseThePageUses(t *testing.T) {
	used := map[string]bool{"language": true}
	var sources []string
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, files...)
	}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			used[m[1]+m[2]+m[3]] = true
		}
	}
	for key := range locales[0].words {
		if !used[key] && !families.MatchString(key) {
			t.Errorf("nobody shows %s", key)
		}
	}
	for key := range used {
		if _, ok := locales[0].words[key]; !ok {
			t.Errorf("there is no text %s", key)
		}
	}
}

// Keys that are put together from what the application answers: each answer has its words, and no
// words are left over.
func TestEveryAnswerHasWords(t *testing.T) {
	want := map[string]bool{"play.head": true, "play.body": true}
	both := func(key string) { want[key+".head"], want[key+".body"] = true, true }
	for _, unit := range []string{"days", "hours", "minutes", "seconds"} {
		want["span."+unit] = true
	}
	for _, key := range []string{"head", "coming", "cut", "read", "read_to", "gap", "gap_now"} {
		want["why."+key] = true
	}
	for _, r := range []app.Reason{
		app.ReasonNotFinal, app.ReasonHeld, app.ReasonLate, app.ReasonDuplicate, app.ReasonReversed,
		app.ReasonShort, app.ReasonOver, app.ReasonTooEarly, app.ReasonOtherToken, app.ReasonOtherNetwork,
		app.ReasonForeignToken,
	} {
		want["why.is."+string(r)], want["why.say."+string(r)] = true, true
	}
	want["why.is."+string(app.ReasonPays)] = true // an earlier intent's, before it was undone
	for _, h := range []app.Headline{
		app.HeadlineCancelled, app.HeadlineUnread, app.HeadlineExpired, app.HeadlineNothing, app.HeadlineProgram,
	} {
		want["why.say."+string(h)] = true
	}
	for _, s := range app.Scenarios() {
		want["play."+string(s)] = true
		both("played." + string(s))
	}
	for _, s := range inexact {
		both("played." + string(s) + "_own")
	}
	for _, o := range []app.Outcome{
		app.OutcomePaid, app.OutcomePart, app.OutcomeProcessing, app.OutcomeUnknown, app.OutcomeOtherAddress,
		app.OutcomeUnsuccessful, app.OutcomeNoTransfer, app.OutcomeOtherToken, app.OutcomeForeignToken,
		app.OutcomeZeroValue, app.OutcomeOtherNetwork,
		app.OutcomeShort, app.OutcomeOver, app.OutcomeOtherPayment, app.OutcomeTooEarly,
		outcomeUnavailable, "noted",
	} {
		both("proof." + string(o))
	}
	for _, key := range []string{"rail", "rail_seen", "held", "duplicate", "reversed", "partly"} {
		both("notice." + key)
	}
	for _, f := range refusals() {
		both(wording(f))
	}
	for _, key := range []string{"error.title", "error.back", "error.reference"} {
		want[key] = true
	}
	for key := range locales[0].words {
		if families.MatchString(key) && !want[key] {
			t.Errorf("nobody shows %s", key)
		}
	}
	for key := range want {
		if _, ok := locales[0].words[key]; !ok {
			t.Errorf("there is no text %s", key)
		}
	}
}

// refusals are faults a payer can meet: one of each kind, and those with words of their own.
func refusals() []*fault.Fault {
	out := []*fault.Fault{
		checkout.ErrSlotsExhausted, money.ErrRateUnavailable, merchant.ErrReceivingMissing,
		merchant.ErrProjectDisabled, merchant.ErrNoLiveRail, checkout.ErrUnsupportedMethod, errForeign,
		app.ErrNotPaidYet, fault.New(fault.Unavailable, "chain_unavailable", "x"),
	}
	for kind := fault.Invalid; kind <= fault.Unavailable; kind++ {
		out = append(out, fault.New(kind, "anything", "x"))
	}
	return out
}

func TestLanguageIsNegotiated(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "ja": "ja", "ja-JP,ja;q=0.9,en;q=0.8": "ja", "zh-CN,zh;q=0.9": "zh", "zh-TW": "zh",
		"zh-Hant-HK, en;q=0.5": "en", // who reads English reads it better than the other script
		"en-GB":                "en", "de": "en", "de, ja;q=0.5": "ja", "*": "en",
		"en;q=0.3, ja;q=0.7": "ja", ";;;": "en",
	} {
		if got := preferred(accept); got.Code != want {
			t.Errorf("%.40q: %s, want %s", accept, got.Code, want)
		}
	}
	for code, want := range map[string]string{"en": "en", "ja": "ja", "zh": "zh", "fr": "en", "JA": "en"} {
		if got := named(code); got.Code != want {
			t.Errorf("/%s/: %s, want %s", code, got.Code, want)
		}
	}
}

// A value that looks like a name or like markup stays what it is.
func TestValuesAreFilledInOnceAndEscaped(t *testing.T) {
	l := &locale{Code: "x", words: map[string]string{"k": "<b> {a} **{b}**"}}
	got, err := l.rich("k", "a", "{b}", "b", "<i>&")
	if want := `&lt;b&gt; {b} <strong translate="no"><bdi>&lt;i&gt;&amp;</bdi></strong>`; err != nil || string(got) != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	if _, err := l.say("missing"); err == nil {
		t.Error("a text that is missing goes unnoticed")
	}
}
