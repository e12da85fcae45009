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

// Read lists entries with a sequence below before (0: from the newest), newest first, at most limit or
// 100. next is what to give as before for the following page, 0 if there is none. It takes the right to
// read the audit log.
func (s Journal) Read(
	ctx context.Context, a Actor, before int64, limit int,
) (entries []member.Entry, next int64, err error) {
	if err := a.Require(member.ReadAudit); err != nil {
		return nil, 0, err
	}
	limit = max(1, min(limit, maxEntries))
	var more bool
	entries, err = fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (page []member.Entry, err error) {
		page, more, err = r.Journal.Read(ctx, a.Merchant, before, limit)
		return page, err
	})
	if err == nil && more {
		next = entries[len(entries)-1].Sequence
	}
	return entries, next, err
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
