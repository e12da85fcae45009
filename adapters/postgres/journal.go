package postgres

import (
	"context"
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

func (r journal) Read(
	ctx context.Context, id merchant.ID, before int64, limit int,
) (entries []member.Entry, more bool, err error) {
	if !isUUID(id) {
		return nil, false, nil
	}
	rows, err := all[journalRow](ctx, r.in(), `
		SELECT merchant_id, sequence, at, member_id, name, ip, device, action, subject, value_before,
			value_after, content, chain
		FROM journal WHERE merchant_id = $1 AND ($2::bigint = 0 OR sequence < $2)
		ORDER BY sequence DESC LIMIT $3`, id, before, limited(limit)+1)
	if err != nil {
		return nil, false, err
	}
	rows, more = cut(rows, limit)
	entries, err = each(rows, journalRow.entry)
	return entries, more, err
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
