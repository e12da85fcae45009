package bench

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// pace is how fast something went.
type pace struct {
	perSecond float64
	p50, p99  time.Duration // of one request; zero where there are none
}

// contest is one way to do something, measured in turn with others.
type contest struct {
	name string
	goal float64 // the ratio to its limit to reach
	run  func(t *testing.T, d time.Duration) pace
}

// row is a line of the table.
type row struct {
	path, limit     string
	pace, limitPace pace
	ratio, goal     float64
}

func (r row) verdict() string {
	if r.ratio >= r.goal {
		return "ok"
	}
	return "below"
}

// table is what a run has found.
type table struct{ rows []row }

// add judges a path by its ratio to the limit measured just before it, so that what slowed both down
// counts for neither; the figures told are medians.
func (b *table) add(limit, path contest, limits, paces []pace) {
	ratios := make([]float64, len(paces))
	for i := range paces {
		ratios[i] = paces[i].perSecond / limits[i].perSecond
	}
	b.rows = append(b.rows, row{
		path: path.name, limit: limit.name, pace: middle(paces), limitPace: middle(limits),
		ratio: median(ratios), goal: path.goal,
	})
}

func (b *table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "path\trate/s\tp50\tp99\tlimit\trate/s\tratio\tgoal\t")
	for _, r := range b.rows {
		_, _ = fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t%.0f\t%.2f\t%.2f\t%s\n", r.path, r.pace.perSecond,
			brief(r.pace.p50), brief(r.pace.p99), r.limit, r.limitPace.perSecond, r.ratio, r.goal, r.verdict())
	}
	_ = w.Flush()
	return text.String()
}

func brief(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(10 * time.Microsecond).String()
}

// middle is the median of each figure.
func middle(of []pace) pace {
	var rates []float64
	var p50, p99 []time.Duration
	for _, p := range of {
		rates, p50, p99 = append(rates, p.perSecond), append(p50, p.p50), append(p99, p.p99)
	}
	return pace{median(rates), median(p50), median(p99)}
}

func median[T float64 | time.Duration](of []T) T {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

func TestMedianIsTheMiddleOne(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("median %v, want 5", got)
	}
	p := middle([]pace{{1, 30, 3}, {2, 20, 2}, {3, 10, 1}})
	if p != (pace{2, 20, 2}) {
		t.Errorf("middle %v", p)
	}
}

// A machine that is busy for a while slows the limit and the path it is measured with alike.
func TestRatiosAreOfNeighbours(t *testing.T) {
	var b table
	b.add(contest{name: "limit"}, contest{name: "path", goal: 0.9},
		[]pace{{100, 0, 0}, {10, 0, 0}, {100, 0, 0}}, []pace{{80, 0, 0}, {8, 0, 0}, {80, 0, 0}})
	if r := b.rows[0]; r.ratio != 0.8 || r.verdict() != "below" || r.pace.perSecond != 80 {
		t.Errorf("row %+v is %s", r, r.verdict())
	}
	if !strings.Contains(b.String(), "below") {
		t.Errorf("the table does not tell:\n%s", b.String())
	}
}
