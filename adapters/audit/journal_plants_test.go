package audit

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// team gives each merchant an owner and the log of what was done.
func (w *world) team() {
	for m := range 2 {
		w.exec(`INSERT INTO members (id, merchant_id, email, role, password_hash, created_at)
			VALUES ($1, $2, $3, 'owner', '', $4)`, id(900+m), id(m+1), fmt.Sprintf("owner%d@shop.example", m), dawn)
		var last member.Entry
		for n := range 4 {
			e := member.Entry{
				MerchantID: merchant.ID(id(m + 1)), At: w.tick(), Action: fmt.Sprintf("deed.%d", n), Subject: id(n),
				Before: "role=viewer", After: "role=owner",
				By: merchant.Agent{Member: id(900 + m), Name: "owner@shop.example", IP: "203.0.113.7", Device: "Firefox"},
			}.Link(last.Sequence, last.Chain)
			w.exec(`INSERT INTO journal (merchant_id, sequence, at, member_id, name, ip, device, action, subject,
					value_before, value_after, content, chain)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, id(m+1), e.Sequence, e.At, e.By.Member,
				e.By.Name, e.By.IP, e.By.Device, e.Action, e.Subject, e.Before, e.After, e.Content[:], e.Chain[:])
			last = e
		}
		w.exec("INSERT INTO journal_heads (merchant_id, sequence, chain) VALUES ($1, $2, $3)", id(m+1), last.Sequence, last.Chain[:])
	}
	w.exec("INSERT INTO journal_heads (merchant_id, sequence, chain) VALUES ($1, 0, decode(repeat('00', 32), 'hex'))", id(99))
}

var ofFirst = " WHERE merchant_id = '" + id(1) + "' AND sequence = "

var journalPlants = []plant{
	by("an entry is edited", "UPDATE journal SET name = 'somebody else'"+ofFirst+"2", ruleEntry),
	by("an edit hides behind its own hash", "UPDATE journal SET content = sha256('x')"+ofFirst+"2", ruleEntry, ruleLink),
	by("a link is replaced", "UPDATE journal SET chain = sha256('x')"+ofFirst+"2", ruleLink),
	by("an entry is deleted", "DELETE FROM journal"+ofFirst+"2", ruleNumbered),
	by("the last entry is cut off", "DELETE FROM journal"+ofFirst+"4", "journal-head"),
	by("a log is deleted", "DELETE FROM journal WHERE merchant_id = '"+id(1)+"'", "journal-head"),
	by("a head is deleted", "DELETE FROM journal_heads WHERE merchant_id = '"+id(1)+"'", "journal-head"),
	by("two entries change places", "UPDATE journal SET sequence = CASE sequence WHEN 2 THEN 13 ELSE 12 END"+
		" WHERE merchant_id = '"+id(1)+"' AND sequence IN (2, 3); UPDATE journal SET sequence = sequence - 10"+
		" WHERE sequence > 10", ruleEntry, ruleLink),
	by("an account is nobody's", "UPDATE members SET role = 'viewer' WHERE merchant_id = '"+id(1)+"'", "member-owner"),
	by("its owner was removed", "UPDATE members SET removed_at = created_at WHERE merchant_id = '"+id(1)+"'", "member-owner"),
}

// Whatever somebody with all rights to the database changes about an entry, it is found: each of many
// edits of any field to anything else.
func TestEveryEditOfTheLogIsFound(t *testing.T) {
	conn := connect(t, migrated(t))
	seed(t, conn)
	fields := []string{"member_id", "name", "ip", "device", "action", "subject", "value_before", "value_after"}
	chance := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		field, sequence := fields[chance.IntN(len(fields))], chance.IntN(4)+1
		value := fmt.Sprintf("%x", chance.Uint64())
		supposing(t, conn, func(tx pgx.Tx) {
			if _, err := tx.Exec(t.Context(), "UPDATE journal SET "+field+" = $1"+ofFirst+"$2", value, sequence); err != nil {
				t.Fatal(err)
			}
			a := &auditor{tx: tx, lines: make(map[string]int)}
			if err := a.journal(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a.line(ruleEntry).Broken != 1 || a.line(ruleLink).Broken+a.line(ruleNumbered).Broken != 0 {
				t.Errorf("%s of entry %d: %+v", field, sequence, a.report.Lines)
			}
		})
	}
}
