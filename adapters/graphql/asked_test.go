package graphql_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/101pay/101pay/domain/member"
)

// What proves a line is read when it is asked for, wherever and however that is, and shown as it is.
func TestWhatProvesALineIsThereWhenItIsAsked(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	ask := func(asked, more string) answer {
		return w.asked(s.as(member.Viewer), `query($p: ID!) { entries(project: $p, mode: TEST, first: 1) { `+asked+" } } "+more,
			args{"p": s.ids["project"]})
	}
	booked := ask("nodes { sequence contentHash chainHash }", "").at("entries", "nodes", 0).(map[string]any)
	for field, value := range booked {
		if text := value.(string); strings.Trim(text, "0x") == "" {
			t.Errorf("%s is %q", field, text)
		}
		for how, got := range map[string]any{
			"alone":            ask("nodes { "+field+" }", "").at("entries", "nodes", 0, field),
			"under a name":     ask("nodes { kind: "+field+" }", "").at("entries", "nodes", 0, "kind"),
			"of an edge":       ask("edges { node { "+field+" } }", "").at("entries", "edges", 0, "node", field),
			"by a fragment":    ask("nodes { ...f }", "fragment f on Entry { "+field+" }").at("entries", "nodes", 0, field),
			"by a fragment in": ask("...g", "fragment g on EntryConnection { nodes { ... on Entry { "+field+" } } }").at("entries", "nodes", 0, field),
		} {
			if got != value {
				t.Errorf("%s asked %s is %v, want %v", field, how, got, value)
			}
		}
	}
}

// Each chart of an overview is there when it is asked for alone.
func TestChartsAreReadAlone(t *testing.T) {
	w := open(t)
	s := w.shop("corner")
	ask := func(asked string) map[string]any {
		return w.asked(s.as(member.Viewer), `query($p: ID!) { overview(project: $p, mode: TEST, days: 30) { `+asked+" } }",
			args{"p": s.ids["project"]}).at("overview").(map[string]any)
	}
	charts := map[string]string{
		"volume": "volume { amount }", "conversion": "conversion { created paid }",
		"finality": "finality { payments median p95 }", "webhooks": "webhooks { deliveries pending }",
	}
	whole := ask(strings.Join(slices.Collect(maps.Values(charts)), " "))
	if whole["finality"].(map[string]any)["payments"] == 0.0 || whole["webhooks"].(map[string]any)["deliveries"] == 0.0 {
		t.Fatalf("there is nothing to show: %v", whole)
	}
	for name, asked := range charts {
		if got := ask("shown: " + asked)["shown"]; !reflect.DeepEqual(got, whole[name]) || reflect.ValueOf(got).Len() == 0 {
			t.Errorf("%s alone is %v, want %v", name, got, whole[name])
		}
	}
}
