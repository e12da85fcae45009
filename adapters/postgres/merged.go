package postgres

import (
	"fmt"
	"strings"
)

// merged lists the newest rows of a table whose index holds them part by part, in order within each: a page
// is taken of every part, and the newest of those are the page. So a filter that refuses nearly everything
// costs what none costs, with one index for all.
type merged struct {
	table, columns string // those rows are sorted by among them
	order          string // newest first, by columns
	parts          []string
}

// query answers at most limit rows; the conditions of f hold for every part. What is in it beside columns
// and placeholders are words of this program: never what anybody sent.
func (m merged) query(f *filter, limit int) string {
	end := fmt.Sprintf(" ORDER BY %s LIMIT %d", m.order, limit)
	if len(m.parts) == 0 {
		return "SELECT " + m.columns + " FROM " + m.table + f.where() + end
	}
	asked := make([]string, len(m.parts))
	for i, part := range m.parts {
		asked[i] = "(SELECT " + m.columns + " FROM " + m.table + f.where() + " AND " + part + end + ")"
	}
	if len(asked) == 1 {
		return asked[0]
	}
	return "SELECT " + m.columns + " FROM (" + strings.Join(asked, " UNION ALL ") + ") parts" + end
}
