package postgres

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// sessionList is a page of sessions as it is asked of the database: those between two positions.
type sessionList struct {
	listShape

	merchant merchant.ID
	project  merchant.ProjectID
	mode     merchant.Mode
	since    time.Time
	before   ports.SessionMark
}

// listShape is what is written into the text of a read: pages of one shape are one statement.
type listShape struct {
	ofMerchant, ofProject, ofMode bool

	kind     checkout.Kind
	statuses statusSet
	limit    int
	without  ports.SessionParts
}

// statusSet is a set of statuses, none for all of them.
type statusSet uint16

func (s statusSet) has(status checkout.Status) bool { return s == 0 || s&(1<<status) != 0 }

// newLists is where readers of lists of sessions meet.
func newLists() gathered[sessionList, readList] {
	return gathered[sessionList, readList]{
		atOnce: max(gatheredReads, runtime.GOMAXPROCS(0)), most: sharedPages,
	}
}

// List implements ports.SessionReads. It shares its read with whoever asks at the same time.
func (s *Store) List(ctx context.Context, q ports.SessionQuery) (ports.SessionPage, error) {
	if q.Merchant != "" && !isUUID(q.Merchant) || q.Project != "" && !isUUID(q.Project) ||
		q.Kind != "" && !slices.Contains(checkout.Kinds(), q.Kind) {
		return ports.SessionPage{}, nil
	}
	if (q.Before != ports.SessionMark{}) && !isUUID(q.Before.ID) {
		return ports.SessionPage{}, ports.ErrNotFound
	}
	list, some := listOf(q)
	if !some {
		return ports.SessionPage{}, nil
	}
	if list.limit > sharedPage {
		found, err := s.sharedLists(ctx, []sessionList{list})
		return found[list].page(list.limit, err)
	}
	found, err := s.lists.ask(ctx, list, s.sharedLists, ports.ErrNotFound)
	found.sessions = copied(found.sessions)
	return found.page(list.limit, err)
}

// listOf says between what positions a page is. False says that nothing can be in it.
func listOf(q ports.SessionQuery) (sessionList, bool) {
	l := sessionList{
		listShape: listShape{
			ofMerchant: q.Merchant != "", ofProject: q.Project != "", ofMode: q.Mode != 0,
			kind: q.Kind, limit: limited(q.Limit), without: q.Without,
		},
		merchant: q.Merchant, project: q.Project, mode: q.Mode, since: q.From, before: q.Before,
	}
	for _, status := range checkout.Statuses() {
		if slices.Contains(q.Statuses, status) {
			l.statuses |= 1 << status
		}
	}
	if (l.before == ports.SessionMark{}) {
		l.before.At = forever
	}
	if !q.To.IsZero() && !q.To.After(l.before.At) {
		l.before = ports.SessionMark{At: q.To}
	}
	l.before.ID = cmp.Or(l.before.ID, firstUUID)
	return l, l.statuses != 0 || len(q.Statuses) == 0
}

// firstUUID is before every other, and names nothing.
const firstUUID = "00000000-0000-0000-0000-000000000000"

// readList is what was read of a page, one session more than its limit if there are as many. What cannot be
// read of it is no matter of those that were read with it.
type readList struct {
	sessions []checkout.Snapshot
	err      error
}

func (r readList) page(limit int, err error) (page ports.SessionPage, _ error) {
	if err == nil {
		err = r.err
	}
	if err != nil {
		return page, err
	}
	page.Sessions, page.More = cut(r.sessions, limit)
	return page, nil
}

// add adds the next session.
func (r *readList) add(row *sessionRow) error {
	shown, err := row.shown()
	if r.err != nil || err != nil {
		r.err = cmp.Or(r.err, err)
		return nil
	}
	if n := len(r.sessions); n > 0 && !olderThan(&shown, &r.sessions[n-1]) {
		return errUnordered
	}
	r.sessions = append(r.sessions, shown)
	return nil
}

// sharedLists reads pages that were asked for at the same time.
func (s *Store) sharedLists(
	ctx context.Context, asked []sessionList,
) (map[sessionList]readList, error) {
	return alike(asked, func(l sessionList) listShape { return l.listShape },
		func(same []sessionList, sorted bool) ([]readList, error) {
			order := ""
			if sorted {
				order = " ORDER BY q.page, s.created_at DESC, s.id DESC"
			}
			return s.listsOf(ctx, same, order)
		})
}

// listedRow is a session of one of the pages.
type listedRow struct {
	Page int64 // counted from 1
	sessionRow
}

// listsOf reads pages of one shape.
func (s *Store) listsOf(ctx context.Context, asked []sessionList, order string) ([]readList, error) {
	pages := make([]readList, len(asked))
	for i, l := range asked {
		pages[i].sessions = make([]checkout.Snapshot, 0, min(l.limit, pageRows)+1)
	}
	var row listedRow
	err := readEach(ctx, s.in(), asked[0].query()+order, listArgs(asked),
		func() *listedRow { row = listedRow{}; return &row },
		func() error {
			asked[row.Page-1].complete(&row.sessionRow)
			return pages[row.Page-1].add(&row.sessionRow)
		})
	return pages, translate(err)
}

// olderThan reports whether a session comes after another in a list.
func olderThan(a, b *checkout.Snapshot) bool {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) < 0
}

// placed reports whether all sessions of a page are in a place that is known.
func (l *listShape) placed() bool { return l.ofMerchant && l.ofProject && l.ofMode }

// complete adds to a row what was not read for it because all of the page have it.
func (l *sessionList) complete(r *sessionRow) {
	if l.placed() {
		r.MerchantID, r.ProjectID, r.Mode = l.merchant, l.project, l.mode.String()
	}
}
