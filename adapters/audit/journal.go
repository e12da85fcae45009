package audit

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// The rules of the walk over the log of who did what.
const (
	ruleEntry    = "journal-content"  // an entry is what was hashed when it was written
	ruleLink     = "journal-chain"    // its link follows from the one before
	ruleNumbered = "journal-sequence" // nothing was taken out
)

const journalQuery = `
	SELECT merchant_id::text, sequence, at, member_id, name, ip, device, action, subject, value_before,
		value_after, content, chain
	FROM journal ORDER BY merchant_id, sequence`

// journalRules hold for the log beside what its hashes prove, and for the teams it tells of.
var journalRules = []rule{
	{
		name:    "journal-head",
		checked: `SELECT count(*) FROM journal_heads`,
		// Each log ends where its head says: nothing was cut off.
		broken: `
			SELECT merchant_id::text, 'its head says number ' || coalesce(h.sequence::text, 'nothing') ||
				', the last is number ' || coalesce(l.sequence, 0)
			FROM journal_heads h
			FULL JOIN (
				SELECT DISTINCT ON (merchant_id) merchant_id, sequence, chain
				FROM journal ORDER BY merchant_id, sequence DESC
			) l USING (merchant_id)
			WHERE (h.sequence, h.chain) IS DISTINCT FROM
				(coalesce(l.sequence, 0), coalesce(l.chain, decode(repeat('00', 32), 'hex')))`,
	},
	{
		name:    "member-owner",
		checked: `SELECT count(*) FROM members`,
		// An account that has members has an owner among those who still work for it.
		broken: `
			SELECT merchant_id::text, 'nobody owns this account any more'
			FROM members GROUP BY merchant_id
			HAVING count(*) FILTER (WHERE role = 'owner' AND removed_at IS NULL) = 0`,
	},
}

// journal walks every merchant's log from its first entry to its last. Each row's own hashes are
// trusted for the next one, so that an edit is reported where it was made and nowhere else.
func (a *auditor) journal(ctx context.Context) error {
	for _, name := range []string{ruleEntry, ruleLink, ruleNumbered} {
		a.line(name)
	}
	rows, err := a.tx.Query(ctx, journalQuery)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last member.Entry
	for rows.Next() {
		var e member.Entry
		var id string
		var at time.Time
		var content, chain []byte
		err := rows.Scan(&id, &e.Sequence, &at, &e.By.Member, &e.By.Name, &e.By.IP, &e.By.Device, &e.Action,
			&e.Subject, &e.Before, &e.After, &content, &chain)
		if err != nil {
			return err
		}
		e.MerchantID, e.At = merchant.ID(id), at
		copy(e.Content[:], content)
		copy(e.Chain[:], chain)
		if e.MerchantID != last.MerchantID {
			last = member.Entry{MerchantID: e.MerchantID}
		}
		a.judgeEntry(last, e)
		last = e
	}
	return rows.Err()
}

func (a *auditor) judgeEntry(last, e member.Entry) {
	for _, name := range []string{ruleEntry, ruleLink, ruleNumbered} {
		a.line(name).Checked++
	}
	offend := func(rule, detail string) {
		a.broken(Violation{Rule: rule, Subject: fmt.Sprintf("%s entry %d", e.MerchantID, e.Sequence), Detail: detail})
	}
	if right := e.Link(e.Sequence-1, last.Chain); right.Content != e.Content {
		offend(ruleEntry, "what stands there has the hash "+right.Content.String()+", not "+e.Content.String())
	}
	link := member.ChainHash(last.Chain, e.Content)
	switch {
	case e.Sequence != last.Sequence+1:
		offend(ruleNumbered, fmt.Sprintf("it follows number %d", last.Sequence))
	case !bytes.Equal(link[:], e.Chain[:]):
		offend(ruleLink, "it does not follow from the one before")
	}
}
