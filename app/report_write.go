package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/report"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// written is a run that is ready to be recorded.
type written struct {
	run   report.Run
	file  []byte
	event webhook.Event
}

// errLong ends the reading of a period with more entries than a file may have.
var errLong = errors.New("more entries than a file may have")

// write closes the books until the end of a period, and writes what is in them: from then on it never
// changes, so that it is read at leisure, and says the same whoever writes it and whenever.
func (s Reporting) write(
	ctx context.Context, schedule report.Schedule, p report.Period, trial bool,
) (written, error) {
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		return r.Ledger.Close(ctx, schedule.MerchantID, schedule.Mode, p.To)
	})
	if err != nil {
		return written{}, err
	}
	now := s.now()
	w := written{
		run: report.Run{
			ID: report.RunPrefix + s.Core.IDs.UUID(), ScheduleID: schedule.ID, MerchantID: schedule.MerchantID,
			ProjectID: schedule.ProjectID, Mode: schedule.Mode, Period: p, Contents: schedule.Contents,
			Format: schedule.Format, Trial: trial, EventID: webhook.EventPrefix + s.Core.IDs.UUID(), MadeAt: now,
		},
	}
	w.event = webhook.Event{
		ID: w.run.EventID, MerchantID: schedule.MerchantID, ProjectID: schedule.ProjectID, Mode: schedule.Mode,
		Type: webhook.ReportReady, CreatedAt: now,
	}
	who := merchant.Principal{Merchant: schedule.MerchantID, Project: schedule.ProjectID, Mode: schedule.Mode}
	in := ReportInput{Who: who, From: p.From, To: p.Last(), By: ByPeriod}
	sums, err := s.Figures.Report(ctx, in)
	if err != nil {
		return written{}, err
	}
	totals := make([]ports.Total, len(sums.Lines))
	for i, l := range sums.Lines {
		totals[i] = l.total()
	}
	switch schedule.Contents {
	case report.Entries:
		err = s.writeEntries(ctx, &w, in)
	case report.Days:
		in.By = ByDay
		if sums, err = s.Figures.Report(ctx, in); err == nil {
			err = w.sums(sums)
		}
	case report.Assets:
		err = w.sums(sums)
	}
	if err != nil {
		return written{}, err
	}
	w.run.Size, w.run.Digest = len(w.file), sha256.Sum256(w.file)
	w.event.Body, err = s.Words.EncodeReport(w.event, w.run, totals)
	return w, err
}

// sums writes the file of a report that adds up.
func (w *written) sums(r Report) (err error) {
	w.run.Lines = len(r.Lines)
	if w.run.Format == report.JSON {
		w.file, err = r.JSON()
		return err
	}
	w.file = r.CSV()
	return nil
}

// writeEntries writes a line for each entry, oldest first, or leaves the file out if it would be too long.
func (s Reporting) writeEntries(ctx context.Context, w *written, in ReportInput) error {
	var entries []ports.Booked
	period := StatementInput{Who: in.Who, From: in.From, To: in.To.Add(oneDay)}
	err := s.Statements.Write(ctx, period, func(batch []ports.Booked) error {
		entries = append(entries, batch...)
		if len(entries) > report.MaxEntries {
			return errLong
		}
		return nil
	})
	if errors.Is(err, errLong) {
		w.run.Omitted = true
		return nil
	}
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	w.run.Lines = len(entries)
	w.file, err = s.Words.EncodeEntries(w.run, entries)
	return err
}

// total is a line as dialects are given it.
func (l ReportLine) total() ports.Total {
	t := ports.Total{
		Place: l.Place, Currency: l.Currency, Entries: l.Entries, Reversals: l.Reversals,
		Received: l.Received, Undone: l.Undone,
	}
	for _, w := range l.Worth {
		t.Worth = append(t.Worth, ports.TotalWorth{Currency: w.Currency, Minor: w.Rounded(), Sources: w.Sources})
	}
	return t
}
