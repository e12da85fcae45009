package portstest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var visitPromises = []promise{
	{"a visit is found, whole, with its member", visitsFound},
	{"visits that go on are listed, newest first, of one member", visitsListed},
	{"saving replaces digest, where and when it was seen, proof and end", visitsSaved},
	{"ending the others keeps one, and those of others", visitsEndOthers},
	{"each member was last seen at his latest visit, ended or not", visitsSeen},
	{"prune deletes old visits only, and no more than asked", visitsPruned},
}

var journalPromises = []promise{
	{"entries are numbered and linked by merchant", journalLinked},
	{"entries are read newest first, page by page", journalRead},
	{"entries are read by who did it and by what was done", journalFiltered},
	{"entries appended at once form one chain", journalRace},
	{"an entry of a unit of work that failed does not exist", journalRolledBack},
}

func visitOf(m member.Member, at time.Time) member.Visit {
	digest := Unique()
	return member.Visit{
		ID: UUID(), MerchantID: m.MerchantID, MemberID: m.ID, Digest: digest[:], Device: "Firefox on Linux",
		IP: "203.0.113.7", CreatedAt: at, SeenAt: at, ProvenAt: at,
	}
}

func addVisit(t *testing.T, w World, v member.Visit) member.Visit {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Visits.Add(ctx, v) })
	return v
}

func findVisit(t *testing.T, w World, v member.Visit) (member.Visit, member.Member) {
	t.Helper()
	got, m, err := w.Visits.Visit(t.Context(), v.Digest)
	ok(t, err)
	return got, m
}

func visitsFound(t *testing.T, w World) {
	m := OpenShop(t, w).AddMember(t)
	v := addVisit(t, w, visitOf(m, Epoch))
	addVisit(t, w, visitOf(m, Epoch))
	got, who := findVisit(t, w, v)
	same(t, got, v)
	same(t, who, m)
	loaded := in(t, w, func(ctx context.Context, r ports.Repos) (member.Visit, error) {
		return r.Visits.Load(ctx, v.ID)
	})
	same(t, loaded, v)
	digest := Unique()
	_, _, err := w.Visits.Visit(t.Context(), digest[:])
	isFault(t, err, ports.ErrNotFound)
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		_, err := r.Visits.Load(ctx, UUID())
		return err
	})
}

func listVisits(t *testing.T, w World, id member.ID, since time.Time) []member.Visit {
	t.Helper()
	return in(t, w, func(ctx context.Context, r ports.Repos) ([]member.Visit, error) {
		return r.Visits.Of(ctx, id, since)
	})
}

func visitsListed(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m, other := shop.AddMember(t), shop.AddMember(t)
	earlier := addVisit(t, w, visitOf(m, Epoch))
	later := addVisit(t, w, visitOf(m, Epoch.Add(time.Minute)))
	ended := visitOf(m, Epoch)
	ended.EndedAt = Epoch
	addVisit(t, w, ended)
	addVisit(t, w, visitOf(m, Epoch.Add(-time.Second)))
	addVisit(t, w, visitOf(other, Epoch))
	same(t, listVisits(t, w, m.ID, Epoch), []member.Visit{later, earlier})
}

func visitsSaved(t *testing.T, w World) {
	m := OpenShop(t, w).AddMember(t)
	v, neighbour := addVisit(t, w, visitOf(m, Epoch)), addVisit(t, w, visitOf(m, Epoch))
	old, digest := v, Unique()
	v.Digest, v.Device, v.IP = digest[:], "Safari", "2001:db8::1"
	v.SeenAt, v.ProvenAt, v.EndedAt = Epoch.Add(time.Minute), Epoch.Add(time.Second), Epoch.Add(time.Hour)
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Visits.Save(ctx, v) })
	got, _ := findVisit(t, w, v)
	same(t, got, v)
	got, _ = findVisit(t, w, neighbour)
	same(t, got, neighbour)
	_, _, err := w.Visits.Visit(t.Context(), old.Digest)
	isFault(t, err, ports.ErrNotFound)
	v.ID = UUID()
	refused(t, w, ports.ErrNotFound, func(ctx context.Context, r ports.Repos) error {
		return r.Visits.Save(ctx, v)
	})
}

func visitsEndOthers(t *testing.T, w World) {
	shop := OpenShop(t, w)
	m, other := shop.AddMember(t), shop.AddMember(t)
	kept := addVisit(t, w, visitOf(m, Epoch))
	addVisit(t, w, visitOf(m, Epoch))
	foreign := addVisit(t, w, visitOf(other, Epoch))
	end := func(kept string) int {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Visits.EndOthers(ctx, m.ID, kept, Epoch.Add(time.Hour))
		})
	}
	same(t, end(kept.ID), 1)
	same(t, listVisits(t, w, m.ID, Epoch), []member.Visit{kept})
	same(t, end(""), 1)
	same(t, len(listVisits(t, w, m.ID, Epoch)), 0)
	got, _ := findVisit(t, w, foreign)
	same(t, got, foreign)
}

func visitsSeen(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	m, idle, foreign := shop.AddMember(t), shop.AddMember(t), other.AddMember(t)
	ended := visitOf(m, Epoch.Add(time.Hour))
	ended.EndedAt = Epoch.Add(2 * time.Hour)
	for _, v := range []member.Visit{visitOf(m, Epoch), ended, visitOf(m, Epoch), visitOf(foreign, Epoch)} {
		addVisit(t, w, v)
	}
	seen := func(id merchant.ID) map[member.ID]time.Time {
		return in(t, w, func(ctx context.Context, r ports.Repos) (map[member.ID]time.Time, error) {
			return r.Visits.Seen(ctx, id)
		})
	}
	same(t, seen(shop.ID()), map[member.ID]time.Time{m.ID: Epoch.Add(time.Hour)})
	addVisit(t, w, visitOf(idle, Epoch.Add(time.Minute)))
	same(t, seen(shop.ID()), map[member.ID]time.Time{m.ID: Epoch.Add(time.Hour), idle.ID: Epoch.Add(time.Minute)})
	for _, id := range append([]string{UUID()}, hostile...) {
		same(t, len(seen(merchant.ID(id))), 0)
	}
}

func visitsPruned(t *testing.T, w World) {
	m := OpenShop(t, w).AddMember(t)
	for range 2 {
		addVisit(t, w, visitOf(m, Epoch))
	}
	kept := addVisit(t, w, visitOf(m, Epoch.Add(time.Hour)))
	prune := func() int {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Visits.Prune(ctx, Epoch.Add(time.Hour), 1)
		})
	}
	same(t, prune(), 1)
	same(t, prune(), 1)
	same(t, prune(), 0)
	same(t, listVisits(t, w, m.ID, Epoch), []member.Visit{kept})
}

func entry(id merchant.ID, action string) member.Entry {
	return member.Entry{
		MerchantID: id, At: Epoch, Action: action, Subject: "subject", Before: "role=viewer", After: "役=owner",
		By: merchant.Agent{Member: UUID(), Name: "ann@shop.example", IP: "203.0.113.7", Device: "Firefox"},
	}
}

func appended(t *testing.T, w World, e member.Entry) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Journal.Append(ctx, e) })
}

func readJournal(t *testing.T, w World, id merchant.ID, before int64, limit int) ([]member.Entry, bool) {
	t.Helper()
	page := journalPage(t, w, ports.JournalQuery{Merchant: id, Before: before, Limit: limit})
	return page.Entries, page.More
}

// journalPage reads a page of a log nobody has touched.
func journalPage(t *testing.T, w World, q ports.JournalQuery) ports.JournalPage {
	t.Helper()
	page := in(t, w, func(ctx context.Context, r ports.Repos) (ports.JournalPage, error) {
		return r.Journal.Read(ctx, q)
	})
	same(t, page.Whole, true)
	same(t, len(page.Priors), len(page.Entries))
	for i, e := range page.Entries {
		if !e.Holds(page.Priors[i]) {
			t.Errorf("entry %d does not follow from %v", e.Sequence, page.Priors[i])
		}
	}
	return page
}

func journalLinked(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	first, second, foreign := entry(shop.ID(), "one"), entry(shop.ID(), "two"), entry(other.ID(), "one")
	appended(t, w, first)
	appended(t, w, foreign)
	appended(t, w, second)
	first = first.Link(0, member.Hash{})
	second = second.Link(1, first.Chain)
	got, more := readJournal(t, w, shop.ID(), 0, 10)
	same(t, got, []member.Entry{second, first})
	same(t, more, false)
	got, _ = readJournal(t, w, other.ID(), 0, 10)
	same(t, got, []member.Entry{foreign.Link(0, member.Hash{})})
	got, _ = readJournal(t, w, merchant.ID(UUID()), 0, 10)
	same(t, len(got), 0)
}

func journalRead(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for n := range 5 {
		appended(t, w, entry(shop.ID(), strconv.Itoa(n+1)))
	}
	var seen []int64
	var before int64
	for more := true; more; {
		var page []member.Entry
		page, more = readJournal(t, w, shop.ID(), before, 2)
		for _, e := range page {
			seen, before = append(seen, e.Sequence), e.Sequence
		}
	}
	same(t, seen, []int64{5, 4, 3, 2, 1})
}

func journalFiltered(t *testing.T, w World) {
	shop, other := OpenShop(t, w), OpenShop(t, w)
	ann, bob := UUID(), UUID()
	for n, by := range []string{ann, bob, ann, "", bob, ann} {
		e := entry(shop.ID(), []string{"one", "two"}[n%2])
		e.By.Member = by
		appended(t, w, e)
	}
	foreign := entry(other.ID(), "one")
	foreign.By.Member = ann
	appended(t, w, foreign)
	read := func(q ports.JournalQuery) (seen []int64, more bool) {
		q.Merchant = shop.ID()
		page := journalPage(t, w, q)
		for _, e := range page.Entries {
			seen = append(seen, e.Sequence)
		}
		return seen, page.More
	}
	for _, c := range []struct {
		query ports.JournalQuery
		want  []int64
		more  bool
	}{
		{ports.JournalQuery{Member: member.ID(ann), Limit: 10}, []int64{6, 3, 1}, false},
		{ports.JournalQuery{Member: member.ID(ann), Limit: 2}, []int64{6, 3}, true},
		{ports.JournalQuery{Member: member.ID(ann), Before: 3, Limit: 2}, []int64{1}, false},
		{ports.JournalQuery{Action: "two", Limit: 10}, []int64{6, 4, 2}, false},
		{ports.JournalQuery{Action: "two", Member: member.ID(bob), Limit: 10}, []int64{2}, false},
		{ports.JournalQuery{Action: "three", Limit: 10}, nil, false},
	} {
		seen, more := read(c.query)
		same(t, seen, c.want)
		same(t, more, c.more)
	}
	for _, text := range hostile {
		if text == "" {
			continue // filters nothing
		}
		seen, _ := read(ports.JournalQuery{Member: member.ID(text), Limit: 10})
		same(t, len(seen), 0)
		seen, _ = read(ports.JournalQuery{Action: text, Limit: 10})
		same(t, len(seen), 0)
	}
}

func journalRace(t *testing.T, w World) {
	shop := OpenShop(t, w)
	for _, err := range race(racers, func(i int) error {
		e := entry(shop.ID(), strconv.Itoa(i))
		return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Journal.Append(ctx, e)
		})
	}) {
		ok(t, err)
	}
	got, _ := readJournal(t, w, shop.ID(), 0, racers)
	same(t, len(got), racers)
	var last member.Entry
	for i := range got {
		e := got[len(got)-1-i]
		same(t, e, e.Link(last.Sequence, last.Chain))
		last = e
	}
}

func journalRolledBack(t *testing.T, w World) {
	shop := OpenShop(t, w)
	refused(t, w, member.ErrLastOwner, func(ctx context.Context, r ports.Repos) error {
		if err := r.Journal.Append(ctx, entry(shop.ID(), "one")); err != nil {
			return err
		}
		return member.ErrLastOwner
	})
	got, _ := readJournal(t, w, shop.ID(), 0, 10)
	same(t, len(got), 0)
}
