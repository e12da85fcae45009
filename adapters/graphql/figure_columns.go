package graphql

import (
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// A chart is a handful of numbers for every day and currency, and a report may be of a year by day.

var dayVolumeColumns = object[DayVolume]{"DayVolume", map[string]column[DayVolume]{
	"day":      day(func(v *DayVolume) time.Time { return v.Day }),
	"currency": text(func(v *DayVolume) string { return v.Currency }),
	"network":  text(func(v *DayVolume) string { return v.Network }),
	"kind":     text(func(v *DayVolume) EntryKind { return v.Kind }),
	"amount":   text(func(v *DayVolume) string { return v.Amount }),
	"entries":  whole(func(v *DayVolume) int { return v.Entries }),
}}

var dayConversionColumns = object[DayConversion]{"DayConversion", map[string]column[DayConversion]{
	"day":     day(func(c *DayConversion) time.Time { return c.Day }),
	"created": whole(func(c *DayConversion) int { return c.Created }),
	"paid":    whole(func(c *DayConversion) int { return c.Paid }),
}}

var finalityTimesColumns = object[FinalityTimes]{"FinalityTimes", map[string]column[FinalityTimes]{
	"payments": whole(func(f *FinalityTimes) int { return f.Payments }),
	"median":   perhaps(func(f *FinalityTimes) *int { return f.Median }),
	"p95":      perhaps(func(f *FinalityTimes) *int { return f.P95 }),
}}

var webhookHealthColumns = object[WebhookHealth]{"WebhookHealth", map[string]column[WebhookHealth]{
	"deliveries": whole(func(h *WebhookHealth) int { return h.Deliveries }),
	"delivered":  whole(func(h *WebhookHealth) int { return h.Delivered }),
	"pending":    whole(func(h *WebhookHealth) int { return h.Pending }),
	"failed":     whole(func(h *WebhookHealth) int { return h.Failed }),
}}

var overviewColumns = object[Overview]{"Overview", map[string]column[Overview]{
	"from":       day(func(o *Overview) time.Time { return o.From }),
	"to":         day(func(o *Overview) time.Time { return o.To }),
	"volume":     shown(dayVolumeColumns, func(o *Overview) []*DayVolume { return o.Volume }),
	"conversion": shown(dayConversionColumns, func(o *Overview) []*DayConversion { return o.Conversion }),
	"finality":   within(finalityTimesColumns, func(o *Overview) *FinalityTimes { return o.Finality }),
	"webhooks":   within(webhookHealthColumns, func(o *Overview) *WebhookHealth { return o.Webhooks }),
}}

func (o *Overview) planned(op *graphql.OperationContext, asked ast.SelectionSet) graphql.Marshaler {
	return overviewColumns.whole(o, len(o.Volume)+len(o.Conversion), op, asked)
}

var worthColumns = object[Worth]{"Worth", map[string]column[Worth]{
	"currency": text(func(w *Worth) string { return w.Currency }),
	"amount":   text(func(w *Worth) string { return w.Amount }),
	"sources": leaf(func(to []byte, w *Worth) []byte {
		to = append(to, '[')
		for i, source := range w.Sources {
			if i > 0 {
				to = append(to, ',')
			}
			to = appendText(to, source)
		}
		return append(to, ']')
	}),
}}

var reportLineColumns = object[ReportLine]{"ReportLine", map[string]column[ReportLine]{
	"from":      day(func(l *ReportLine) time.Time { return l.From }),
	"network":   text(func(l *ReportLine) string { return l.Network }),
	"currency":  text(func(l *ReportLine) string { return l.Currency }),
	"entries":   whole(func(l *ReportLine) int { return l.Entries }),
	"received":  text(func(l *ReportLine) string { return l.Received }),
	"reversals": whole(func(l *ReportLine) int { return l.Reversals }),
	"reversed":  text(func(l *ReportLine) string { return l.Reversed }),
	"net":       text(func(l *ReportLine) string { return l.Net }),
	"worth":     shown(worthColumns, func(l *ReportLine) []*Worth { return l.Worth }),
}}

var reportColumns = object[Report]{"Report", map[string]column[Report]{
	"from":     day(func(r *Report) time.Time { return r.From }),
	"to":       day(func(r *Report) time.Time { return r.To }),
	"by":       text(func(r *Report) ReportBy { return r.By }),
	"lines":    shown(reportLineColumns, func(r *Report) []*ReportLine { return r.Lines }),
	"csvUrl":   text(func(r *Report) string { return r.CSVURL }),
	"jsonUrl":  text(func(r *Report) string { return r.JSONURL }),
	"printUrl": text(func(r *Report) string { return r.PrintURL }),
}}

func (r *Report) planned(op *graphql.OperationContext, asked ast.SelectionSet) graphql.Marshaler {
	return reportColumns.whole(r, len(r.Lines), op, asked)
}
