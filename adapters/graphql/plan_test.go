package graphql

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Every field of a type that plans print has a column, but those that are looked up by themselves.
func TestEveryFieldHasAColumn(t *testing.T) {
	schema := NewExecutableSchema(Config{}).Schema()
	for name, columns := range map[string][]string{
		"Money": columnsOf(moneyColumns), "Posting": columnsOf(postingColumns), "Entry": columnsOf(entryColumns),
		"CoinAmount": columnsOf(coinColumns), "Rate": columnsOf(rateColumns), "Intent": columnsOf(intentColumns),
		"Receipt": columnsOf(receiptColumns), "MetadataEntry": columnsOf(attachedColumns), "Payment": columnsOf(paymentColumns),
		"Event": columnsOf(eventColumns), "QueueDecision": columnsOf(decisionColumns), "QueuedTransfer": columnsOf(queueColumns),
		"PageInfo": columnsOf(pageInfoColumns), "EntryConnection": columnsOf(entryPages),
		"PaymentConnection": columnsOf(paymentPages), "EventConnection": columnsOf(eventPages),
		"QueueConnection": columnsOf(queuePages), "Overview": columnsOf(overviewColumns),
		"DayVolume": columnsOf(dayVolumeColumns), "DayConversion": columnsOf(dayConversionColumns),
		"FinalityTimes": columnsOf(finalityTimesColumns), "WebhookHealth": columnsOf(webhookHealthColumns),
		"Report": columnsOf(reportColumns), "ReportLine": columnsOf(reportLineColumns), "Worth": columnsOf(worthColumns),
	} {
		var want []string
		for _, f := range schema.Types[name].Fields {
			if !strings.HasPrefix(f.Name, "__") && !slices.Contains(byThemselves[name], f.Name) {
				want = append(want, f.Name)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, columns); diff != "" {
			t.Errorf("%s (-schema +columns)\n%s", name, diff)
		}
	}
}

func columnsOf[T any](o object[T]) []string { return slices.Sorted(maps.Keys(o.columns)) }

// byThemselves are the fields of printed types that the executor looks up.
var byThemselves = map[string][]string{
	"Payment": {"timeline", "explanation", "signedReceipt", "entries", "events"},
	"Event":   {"deliveries"},
}

// lists answers pages that were drawn, and the rest as the API does.
type lists struct {
	root

	entries  []ports.Booked
	payments []paymentRow
	events   []webhook.Event
	queue    []ports.TransferRow
	overview *Overview
	report   *Report
	more     bool
	thin     bool // payments are read without what is not asked for
}

type drawnQueries struct {
	queries

	of *lists
}

// Query implements ResolverRoot.
func (l *lists) Query() QueryResolver { return drawnQueries{queries(l.root), l} }

// Payment implements ResolverRoot: what is looked up by itself is here at once.
func (l *lists) Payment() PaymentResolver { return drawnPayments{ofPayment(l.root)} }

type drawnPayments struct{ ofPayment }

func (drawnPayments) SignedReceipt(_ context.Context, of *Payment) (*string, error) {
	return of.OrderID, nil
}

func sheetOf[T any](l *lists, rows []T) sheet[T] {
	s := sheet[T]{rows: rows, more: l.more, cursor: func(*T) string { return "behind \"a row\" <" }}
	if l.more {
		s.next = func() string { return "behind the page" }
	}
	return s
}

func (q drawnQueries) Entries(context.Context, string, Mode, *EntryFilter, *int, *string) (*EntryConnection, error) {
	return &EntryConnection{listed[ports.Booked, Entry, EntryEdge]{
		sheet: sheetOf(q.of, q.of.entries), as: entryPages, show: showEntries, edge: entryEdge,
	}}, nil
}

func (q drawnQueries) Payments(
	ctx context.Context, _ string, _ Mode, _ *PaymentFilter, _ *int, _ *string,
) (*PaymentConnection, error) {
	rows := slices.Clone(q.of.payments)
	for i := range rows {
		if q.of.thin {
			left := withoutUnasked(ctx).LeftOut(*rows[i].Snapshot)
			rows[i].Snapshot = &left
		}
	}
	return &PaymentConnection{listed[paymentRow, Payment, PaymentEdge]{
		sheet: sheetOf(q.of, rows), as: paymentPages, show: showPayments, edge: paymentEdge,
	}}, nil
}

func (q drawnQueries) Events(
	context.Context, string, Mode, *string, *string, *int, *string,
) (*EventConnection, error) {
	return &EventConnection{listed[webhook.Event, Event, EventEdge]{
		sheet: sheetOf(q.of, q.of.events), as: eventPages, edge: eventEdge,
		show: func(events []webhook.Event) []*Event { return q.showEvents(owner(&Payment{}), events) },
	}}, nil
}

func (q drawnQueries) Queue(context.Context, string, Mode, *bool, *int, *string) (*QueueConnection, error) {
	return &QueueConnection{listed[ports.TransferRow, QueuedTransfer, QueueEdge]{
		sheet: sheetOf(q.of, q.of.queue), as: queuePages, show: showQueue, edge: queueEdge,
	}}, nil
}

func (q drawnQueries) Overview(context.Context, string, Mode, *int) (*Overview, error) {
	return q.of.overview, nil
}

func (q drawnQueries) Report(context.Context, string, Mode, time.Time, time.Time, *ReportBy) (*Report, error) {
	return q.of.report, nil
}

// Whatever is asked of a page, a plan prints the bytes that the executor and the encoder of JSON print, and of
// payments that were read without what is not asked for the same.
func TestAPlanPrintsWhatTheExecutorPrints(t *testing.T) {
	api := &API{PublicURL: "https://pay.example", Log: slog.New(slog.DiscardHandler)}
	rapid.Check(t, func(t *rapid.T) {
		d := drawn{t}
		of := &lists{root: root{api}, more: d.yes(), overview: d.overview(), report: d.report()}
		for range rapid.IntRange(0, 3).Draw(t, "rows") {
			of.entries, of.events = append(of.entries, d.booked()), append(of.events, d.event())
			session := d.session()
			of.payments, of.queue = append(of.payments, paymentRow{&session, api}), append(of.queue, d.transfer())
		}
		schema := NewExecutableSchema(Config{Resolvers: of})
		thin := *of
		thin.thin = true
		executor, planner, plans := handler.New(schema), handler.New(NewExecutableSchema(Config{Resolvers: &thin})), &watching{}
		executor.AddTransport(transport.POST{ResponseHeaders: map[string][]string{"Content-Type": {jsonType}}})
		planner.AddTransport(document{})
		planner.Use(plans)

		ask := asking{T: t, schema: schema.Schema()}
		text := ask.query()
		want, got := post(executor, text), post(planner, text)
		if want.Code != http.StatusOK || want.Code != got.Code {
			t.Fatalf("%s\nanswered %d and %d: %s", text, want.Code, got.Code, want.Body)
		}
		if diff := cmp.Diff(want.Body.String(), got.Body.String()); diff != "" {
			t.Fatalf("%s (-executor +plan)\n%s", text, diff)
		}
		if length := got.Header().Get("Content-Length"); length != strconv.Itoa(got.Body.Len()) {
			t.Errorf("said to be %s bytes long, is %d", length, got.Body.Len())
		}
		if plans.left > 0 && !strings.Contains(text, "signedReceipt") {
			t.Errorf("%s\nwas left to the executor", text)
		}
	})
}

// watching counts pages that are left to the executor.
type watching struct {
	byPlan

	left int
}

func (w *watching) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	answer, err := w.byPlan.InterceptField(ctx, next)
	if _, shown := answer.(planned); shown {
		w.left++
	}
	return answer, err
}

func post(s *handler.Server, query string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"yes": true, "no": false}})
	params, _ := requestOf(body) // gqlgen's own transport reads the body
	ctx := context.WithValue(context.Background(), readerKey{}, reader{params: params, read: func() {}})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, Path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", jsonType)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}
