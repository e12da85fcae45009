package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// deed is what was done, for the audit log. before and after never hold a secret.
type deed struct {
	action, subject string
	before, after   string
}

// note writes a deed into the merchant's audit log, in the unit of work that does it: both happen or
// neither. It takes the lock that other deeds of the merchant wait for, so it comes last.
func note(
	ctx context.Context, r ports.Repos, c Core, id merchant.ID, by merchant.Agent, d deed,
) error {
	return r.Journal.Append(ctx, member.Entry{
		MerchantID: id, At: ledger.Instant(c.Clock.Now()), By: by, Action: d.action, Subject: d.subject,
		Before: d.before, After: d.after,
	})
}

// maxEntries bounds a page of the audit log.
const maxEntries = 100

// Journal shows the audit log.
type Journal struct {
	Core Core
}

// JournalInput selects a page of the audit log. Zero fields do not filter.
type JournalInput struct {
	Member member.ID // who did it
	Action string    // what was done, as in "key.created"
	Before int64     // entries with a lower sequence
	Limit  int       // at most 100
}

// JournalView is a page of the audit log, newest first.
type JournalView struct {
	Entries []member.Entry
	More    bool
	// Intact says that each entry is what was written, that it follows from the one before it, and that
	// the newest was not cut off. It was computed anew for this page.
	Intact bool
}

// Read shows a page of the audit log. It takes the right to. ErrNotFound if the member is not of the
// merchant's.
func (s Journal) Read(ctx context.Context, a Actor, in JournalInput) (JournalView, error) {
	if err := a.Require(member.ReadAudit); err != nil {
		return JournalView{}, err
	}
	q := ports.JournalQuery{
		Merchant: a.Merchant, Member: in.Member, Action: in.Action, Before: in.Before,
		Limit: max(1, min(in.Limit, maxEntries)),
	}
	page, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (ports.JournalPage, error) {
		if in.Member != "" {
			m, err := r.Members.Load(ctx, in.Member)
			if err == nil && m.MerchantID != a.Merchant {
				err = ports.ErrNotFound
			}
			if err != nil {
				return ports.JournalPage{}, err
			}
		}
		return r.Journal.Read(ctx, q)
	})
	if err != nil {
		return JournalView{}, err
	}
	intact := page.Whole
	for i, e := range page.Entries {
		intact = intact && e.Holds(page.Priors[i])
	}
	return JournalView{Entries: page.Entries, More: page.More, Intact: intact}, nil
}

// noted is work that is told to the audit log of the merchant it is done for, in the unit of work
// that does it.
func noted[T any](c Core, who merchant.Principal, tell func(T) deed,
	work func(ctx context.Context, r ports.Repos) (T, error),
) func(ctx context.Context, r ports.Repos) (T, error) {
	return func(ctx context.Context, r ports.Repos) (T, error) {
		out, err := work(ctx, r)
		if err != nil {
			return out, err
		}
		return out, note(ctx, r, c, who.Merchant, who.By, tell(out))
	}
}

// What entries say of things. None of it is secret.

func keyText(p keys.Pair) string {
	text := "mode=" + p.Mode.String() + " public=" + p.PublicKey + " label=" + p.Label
	if !p.Live() {
		text += " revoked"
	}
	return text
}

func accountAdded(v ReceivingView) deed {
	return deed{
		"receiving_account.added", string(v.ID), "",
		"network=" + string(v.Network) + " asset=" + v.Asset + " address=" + string(v.Address) +
			" state=" + string(v.State),
	}
}

func projectText(p merchant.Project) string {
	return fmt.Sprintf("name=%s website=%s mode=%s policy=%+v", p.Name, p.WebsiteURL, p.Mode, p.Policy)
}

func endpointText(e webhook.Endpoint) string {
	return fmt.Sprintf("site=%s enabled=%t types=%v", siteOf(e.URL), e.Enabled, e.Types)
}

// siteOf leaves of a URL what cannot hold a token.
func siteOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, "?")
	return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:]
}
