package graphql

import (
	"context"
	"strconv"

	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// AuditLog pages through who did what.
func (q queries) AuditLog(ctx context.Context, filter *AuditFilter, first *int, after *string) (*AuditConnection, error) {
	who, err := q.actor(ctx)
	if err != nil {
		return nil, err
	}
	in := app.JournalInput{}
	if in.Limit, err = sizeOf(first); err != nil {
		return nil, err
	}
	if filter != nil {
		in.Member, in.Action = member.ID(given(filter.Member)), given(filter.Action)
	}
	at := list{q.API, "audit " + string(in.Member) + " " + in.Action, merchant.Principal{Merchant: who.Merchant}}
	from, err := at.read(after)
	if err != nil {
		return nil, err
	}
	if from.id != "" {
		if in.Before, err = strconv.ParseInt(from.id, 10, 64); err != nil {
			return nil, errCursor
		}
	}
	page, err := q.Journal.Read(ctx, who, in)
	if err != nil {
		return nil, err
	}
	out := &AuditConnection{Edges: []*AuditEdge{}, Nodes: each(page.Entries, showAudited), Intact: page.Intact}
	var cursors []string
	for i, e := range page.Entries {
		cursors = append(cursors, at.cursor(mark{e.At, strconv.FormatInt(e.Sequence, 10)}))
		out.Edges = append(out.Edges, &AuditEdge{Cursor: cursors[i], Node: out.Nodes[i]})
	}
	out.PageInfo = ending(cursors, page.More)
	return out, nil
}

// given is an optional text, "" for none.
func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func showAudited(e member.Entry) *AuditEntry {
	return &AuditEntry{
		ID: strconv.FormatInt(e.Sequence, 10), At: e.At, MemberID: optional(e.By.Member), By: e.By.Name, IP: e.By.IP,
		Device: e.By.Device, Action: e.Action, Subject: e.Subject, Before: e.Before, After: e.After,
		ContentHash: e.Content.String(), ChainHash: e.Chain.String(),
	}
}
