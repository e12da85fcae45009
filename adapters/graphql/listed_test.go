package graphql

import "testing"

// A page of one currency may be thin: whoever goes on from its last row would look at the same lines again, and
// from a page without rows he could not go on at all.
func TestAPageEndsWhereTheNextOneBegins(t *testing.T) {
	cursor := func(row *string) string { return "behind " + *row }
	next := func() string { return "behind what was looked at" }
	for name, c := range map[string]struct {
		page sheet[string]
		want string
	}{
		"behind its last row":          {sheet[string]{rows: []string{"a", "b"}, cursor: cursor}, "behind b"},
		"behind what was looked at":    {sheet[string]{rows: []string{"a"}, more: true, cursor: cursor, next: next}, next()},
		"without a row, yet with more": {sheet[string]{more: true, cursor: cursor, next: next}, next()},
		"nowhere":                      {sheet[string]{cursor: cursor}, ""},
	} {
		got := c.page.ending()
		if at := got.EndCursor; got.HasNextPage != c.page.more || (at == nil) != (c.want == "") || at != nil && *at != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
