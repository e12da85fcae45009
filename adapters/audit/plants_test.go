package audit

import "fmt"

// plant is something that must never be in the database, and the rules that say so: those and no
// others.
type plant struct {
	what string
	do   func(w *world)
	want []string
}

// by plants something by a statement.
func by(what, sql string, want ...string) plant {
	return plant{what, func(w *world) { w.exec(sql) }, want}
}

// does plants something by what a faulty gateway would do.
func does(what string, do func(w *world), want ...string) plant {
	return plant{what, do, want}
}

// first is the order number of a kind's first transaction in the book.
func first(kind string) string {
	return fmt.Sprintf("(SELECT min(order_no) FROM transactions WHERE kind = '%s')", kind)
}
