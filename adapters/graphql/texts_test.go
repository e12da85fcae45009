package graphql

import (
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// What is kept of requests is bounded by their number and by their size, whatever is sent.
func TestFewTextsAreKept(t *testing.T) {
	var kept texts
	doc := &ast.QueryDocument{}
	kept.Add(t.Context(), strings.Repeat("x", longestText+1), doc)
	if len(kept.docs) > 0 {
		t.Error("a text that is too long is kept")
	}
	for i := range 10 * keptTexts {
		text := strconv.Itoa(i)
		kept.Add(t.Context(), text, doc)
		if found, known := kept.Get(t.Context(), text); !known || found != doc {
			t.Fatalf("text %d is not kept", i)
		}
		if len(kept.docs) > keptTexts {
			t.Fatalf("%d texts are kept", len(kept.docs))
		}
	}
	if _, known := kept.Get(t.Context(), "0"); known {
		t.Error("the first text is kept for ever")
	}
}
