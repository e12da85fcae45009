package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type journal struct{ *unit }

type journalHead struct {
	Sequence int64
	Chain    []byte
}

type journalRow struct {
	MerchantID  merchant.ID
	Sequence    int64
	At          time.Time
	MemberID    string
	Name        string
	IP          string `bun:"ip"`
	Device      string
	Action      string
	Subject     string
	ValueBefore string
	ValueAfter  string
	Content     []byte
	Chain       []byte
	Prior       []byte
}

// Append locks the head of the merchant's log, and makes it if there is none.
func (r journal) Append(ctx context.Context, e member.Entry) error {
	if !isUUID(e.MerchantID) {
		return ports.ErrNotFound
	}
	head, err := one[journalHead](ctx, r.in(), `
		INSERT INTO journal_heads (merchant_id, sequence, chain) VALUES ($1, 0, $2)
		ON CONFLICT (merchant_id) DO UPDATE SET sequence = journal_heads.sequence
		RETURNING sequence, chain`, e.MerchantID, make([]byte, len(member.Hash{})))
	if err != nil {
		return err
	}
	last, err := hashOf(head.Chain)
	if err != nil {
		return err
	}
	e = e.Link(head.Sequence, member.Hash(last))
	_, err = exec(ctx, r.in(), `INSERT INTO journal (merchant_id, sequence, at, member_id, name, ip, device,
			action, subject, value_before, value_after, content, chain)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		e.MerchantID, e.Sequence, e.At, e.By.Member, e.By.Name, e.By.IP, e.By.Device, e.Action, e.Subject,
		e.Before, e.After, e.Content[:], e.Chain[:])
	if err != nil {
		return err
	}
	_, err = exec(ctx, r.in(), "UPDATE journal_heads SET sequence = $2, chain = $3 WHERE merchant_id = $1",
		e.MerchantID, e.Sequence, e.Chain[:])
	return err
}

// Each filter has an index that ends in the sequence, so a page costs what it is long.
func (r journal) Read(ctx context.Context, q ports.JournalQuery) (page ports.JournalPage, err error) {
	if !isUUID(q.Merchant) || !isText(string(q.Member)) || !isText(q.Action) {
		return ports.JournalPage{Whole: true}, nil
	}
	where, args := "WHERE j.merchant_id = $1", []any{q.Merchant, limited(q.Limit) + 1}
	given := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + condition + " $" + strconv.Itoa(len(args))
	}
	if q.Before != 0 {
		given("j.sequence <", q.Before)
	}
	if q.Member != "" {
		given("j.member_id =", string(q.Member))
	}
	if q.Action != "" {
		given("j.action =", q.Action)
	}
	rows, err := all[journalRow](ctx, r.in(), `
		SELECT j.merchant_id, j.sequence, j.at, j.member_id, j.name, j.ip, j.device, j.action, j.subject,
			j.value_before, j.value_after, j.content, j.chain, p.chain AS prior
		FROM journal j LEFT JOIN journal p ON p.merchant_id = j.merchant_id AND p.sequence = j.sequence - 1
		`+where+" ORDER BY j.sequence DESC LIMIT $2", args...)
	if err != nil {
		return page, err
	}
	rows, page.More = cut(rows, q.Limit)
	if page.Entries, err = each(rows, journalRow.entry); err != nil {
		return page, err
	}
	if page.Priors, err = each(rows, journalRow.prior); err != nil {
		return page, err
	}
	page.Whole, err = r.whole(ctx, q.Merchant)
	return page, err
}

// whole reports whether a log ends where its head says. It is one statement, so that no entry comes between.
func (r journal) whole(ctx context.Context, id merchant.ID) (bool, error) {
	row, err := one[struct{ Whole bool }](ctx, r.in(), `
		SELECT (h.sequence, h.chain) IS NOT DISTINCT FROM (l.sequence, l.chain) AS whole
		FROM (SELECT $1::uuid AS merchant_id) m
		LEFT JOIN journal_heads h ON h.merchant_id = m.merchant_id
		LEFT JOIN LATERAL (
			SELECT j.sequence, j.chain FROM journal j WHERE j.merchant_id = m.merchant_id
			ORDER BY j.sequence DESC LIMIT 1) l ON true`, id)
	return row.Whole, err
}

func (r journalRow) prior() (*member.Hash, error) {
	if r.Prior == nil {
		return nil, nil //nolint:nilnil // there is none before the first
	}
	hash, err := hashOf(r.Prior)
	return (*member.Hash)(&hash), err
}

func (r journalRow) entry() (member.Entry, error) {
	e := member.Entry{
		MerchantID: r.MerchantID, Sequence: r.Sequence, At: r.At.UTC(),
		By:     merchant.Agent{Member: r.MemberID, Name: r.Name, IP: r.IP, Device: r.Device},
		Action: r.Action, Subject: r.Subject, Before: r.ValueBefore, After: r.ValueAfter,
	}
	var content, chain ledger.Hash
	var err error
	if content, err = hashOf(r.Content); err == nil {
		chain, err = hashOf(r.Chain)
	}
	e.Content, e.Chain = member.Hash(content), member.Hash(chain)
	return e, err
}
