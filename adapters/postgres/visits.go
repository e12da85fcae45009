package postgres

import (
	"bytes"
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

type visits struct{ *unit }

type visitRow struct {
	bun.BaseModel `bun:"table:member_visits"`
	ID            string
	MerchantID    merchant.ID
	MemberID      member.ID
	Digest        []byte
	Device        string
	IP            string `bun:"ip"`
	CreatedAt     time.Time
	SeenAt        time.Time
	ProvenAt      time.Time `bun:",nullzero"`
	EndedAt       time.Time `bun:",nullzero"`
}

const visitColumns = "v.id, v.merchant_id, v.member_id, v.digest, v.device, v.ip, v.created_at, v.seen_at," +
	" v.proven_at, v.ended_at"

func (r visitRow) visit() member.Visit {
	return member.Visit{
		ID: r.ID, MerchantID: r.MerchantID, MemberID: r.MemberID, Digest: r.Digest, Device: r.Device, IP: r.IP,
		CreatedAt: r.CreatedAt, SeenAt: r.SeenAt, ProvenAt: r.ProvenAt, EndedAt: r.EndedAt,
	}
}

func (r visits) Add(ctx context.Context, v member.Visit) error {
	_, err := changed(r.tx.NewInsert().Model(&visitRow{
		ID: v.ID, MerchantID: v.MerchantID, MemberID: v.MemberID, Digest: v.Digest, Device: v.Device, IP: v.IP,
		CreatedAt: v.CreatedAt, SeenAt: v.SeenAt, ProvenAt: v.ProvenAt, EndedAt: v.EndedAt,
	}).Exec(ctx))
	return err
}

func (r visits) Load(ctx context.Context, id string) (member.Visit, error) {
	if !isUUID(id) {
		return member.Visit{}, ports.ErrNotFound
	}
	row, err := one[visitRow](ctx, r.in(),
		"SELECT "+visitColumns+" FROM member_visits v WHERE v.id = $1 FOR UPDATE", id)
	return row.visit(), err
}

func (r visits) Of(ctx context.Context, id member.ID, since time.Time) ([]member.Visit, error) {
	if !isUUID(id) {
		return nil, nil
	}
	rows, err := all[visitRow](ctx, r.in(), "SELECT "+visitColumns+` FROM member_visits v
		WHERE v.member_id = $1 AND v.ended_at IS NULL AND v.created_at >= $2
		ORDER BY v.created_at DESC, v.id DESC`, id, since)
	var out []member.Visit
	for _, row := range rows {
		out = append(out, row.visit())
	}
	return out, err
}

func (r visits) Save(ctx context.Context, v member.Visit) error {
	if !isUUID(v.ID) {
		return ports.ErrNotFound
	}
	return exists(exec(ctx, r.in(), `UPDATE member_visits
		SET digest = $2, device = $3, ip = $4, seen_at = $5, proven_at = $6, ended_at = $7 WHERE id = $1`,
		v.ID, v.Digest, v.Device, v.IP, v.SeenAt, orNull(v.ProvenAt), orNull(v.EndedAt)))
}

func (r visits) EndOthers(ctx context.Context, id member.ID, kept string, at time.Time) (int, error) {
	if !isUUID(id) {
		return 0, nil
	}
	n, err := exec(ctx, r.in(), `UPDATE member_visits SET ended_at = $3
		WHERE member_id = $1 AND id::text <> $2 AND ended_at IS NULL`, id, kept, at)
	return int(n), err
}

func (r visits) Seen(ctx context.Context, id merchant.ID) (map[member.ID]time.Time, error) {
	seen := make(map[member.ID]time.Time)
	if !isUUID(id) {
		return seen, nil
	}
	rows, err := all[visitRow](ctx, r.in(), `SELECT member_id, max(seen_at) AS seen_at FROM member_visits
		WHERE merchant_id = $1 GROUP BY member_id`, id)
	for _, row := range rows {
		seen[row.MemberID] = row.SeenAt
	}
	return seen, err
}

func (r visits) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := exec(ctx, r.in(), `DELETE FROM member_visits WHERE id IN (
		SELECT id FROM member_visits WHERE created_at < $1
		ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, limited(limit))
	return int(n), err
}

// visitorRow is a visit with its member, read in one go.
type visitorRow struct {
	visitRow
	Email        string
	Role         string
	PasswordHash string
	Since        time.Time
	RemovedAt    time.Time `bun:",nullzero"`
}

// Visit implements ports.VisitRing.
func (s *Store) Visit(ctx context.Context, digest []byte) (member.Visit, member.Member, error) {
	row, err := s.ring.visits.ask(ctx, string(digest), s.visits, ports.ErrNotFound)
	if err != nil {
		return member.Visit{}, member.Member{}, err
	}
	row.Digest = bytes.Clone(row.Digest)
	m, err := memberRow{
		ID: row.MemberID, MerchantID: row.MerchantID, Email: row.Email, Role: row.Role,
		PasswordHash: row.PasswordHash, CreatedAt: row.Since, RemovedAt: row.RemovedAt,
	}.member()
	return row.visit(), m, err
}

func (s *Store) visits(ctx context.Context, of []string) (map[string]visitorRow, error) {
	rows, err := all[visitorRow](ctx, s.in(), "SELECT "+visitColumns+`, m.email, m.role, m.password_hash,
			m.created_at AS since, m.removed_at
		FROM member_visits v JOIN members m ON m.id = v.member_id WHERE v.digest = ANY($1::bytea[])`,
		prepared, asBytes(of))
	return by(rows, func(r visitorRow) string { return string(r.Digest) }), err
}
