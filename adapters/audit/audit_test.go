package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/domain/ledger"
)

// text is a report as people read it.
func text(t *testing.T, r Report) string {
	t.Helper()
	var b strings.Builder
	if _, err := r.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A checker that complains about lawful things is turned off. Everything lawful is in the world, and
// every rule has something to look at there.
func TestLawfulWorldIsOK(t *testing.T) {
	dsn := migrated(t)
	seed(t, connect(t, dsn))
	report, err := Run(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		t.Fatalf("complaints about a lawful world:\n%s", text(t, report))
	}
	counted := map[string]int64{}
	for _, l := range report.Lines {
		if l.Checked == 0 || l.Skipped != "" {
			t.Errorf("%s was held against nothing: %+v", l.Rule, l)
		}
		counted[l.Rule] = l.Checked
	}
	if walked, booked := counted[ruleChain], counted["book-order-once"]; walked != booked {
		t.Errorf("%d of %d transactions were walked", walked, booked)
	}
}

// Before the first merchant there is nothing to complain about either.
func TestEmptyDatabaseIsOK(t *testing.T) {
	report, err := Run(t.Context(), migrated(t))
	if err != nil || !report.OK() {
		t.Fatalf("%v\n%s", err, text(t, report))
	}
}

// An audit that could not look must not be taken for one that found nothing.
func TestDatabaseWithoutSchemaIsAnError(t *testing.T) {
	if report, err := Run(t.Context(), pgtest.Database(t)); err == nil {
		t.Fatalf("an empty database was audited:\n%s", text(t, report))
	}
}

func TestURLIsNotRepeated(t *testing.T) {
	_, err := Run(t.Context(), "postgres://u:hunter2@h:port/")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("want an error without the password, got %v", err)
	}
}

// supposing runs fn in a transaction of the world that will never have been.
func supposing(t *testing.T, conn *pgx.Conn, fn func(tx pgx.Tx)) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	fn(tx)
}

// A rule that was never seen to find anything proves nothing; and one offence that sets off a dozen
// rules tells nobody where to look.
func TestEveryPlantIsFoundByItsRules(t *testing.T) {
	conn := connect(t, migrated(t))
	w := seed(t, conn)
	found := map[string]bool{}
	var judged []Line
	plants := slices.Concat(bookPlants, figurePlants, paymentPlants, partPlants, sessionPlants, chainPlants, newsPlants, deliveryPlants,
		addressPlants, agentPlants, orderPlants, journalPlants, reportPlants)
	for _, p := range plants {
		t.Run(p.what, func(t *testing.T) {
			supposing(t, conn, func(tx pgx.Tx) {
				p.do(w.inside(t, tx))
				report, err := inspect(t.Context(), tx)
				if err != nil {
					t.Fatal(err)
				}
				judged = report.Lines
				var got []string
				for _, v := range report.Violations {
					got = append(got, v.Rule)
					found[v.Rule] = true
				}
				slices.Sort(got)
				want := slices.Sorted(slices.Values(p.want))
				if diff := cmp.Diff(want, slices.Compact(got)); diff != "" || report.OK() {
					t.Errorf("rules (-want +got):\n%s%s", diff, text(t, report))
				}
			})
		})
	}
	for _, l := range judged {
		if !found[l.Rule] {
			t.Errorf("nothing was planted against %s", l.Rule)
		}
	}
}

// What a living gateway looks like for a moment must not be called broken.
func TestWhatOnlyLooksWrongIsOK(t *testing.T) {
	conn := connect(t, migrated(t))
	w := seed(t, conn)
	above := func(w *world) { // a settled transfer just above the cursor
		w.settle(waiting, waiting.pays(time.Minute))
		w.exec(`UPDATE transfers SET height = (SELECT height + 1 FROM cursors WHERE network = 'sandbox')
			WHERE session_id = $1`, waiting.session())
	}
	for what, do := range map[string]func(w *world){
		"a payer proved his transfer before the watcher came so far": func(w *world) {
			above(w)
			w.exec("UPDATE transfers SET recorded_at = $1 WHERE session_id = $2",
				dawn.Add(worldEnd+time.Hour), waiting.session())
		},
		"the watcher reads again after a reorganisation": func(w *world) {
			above(w)
			w.exec(`UPDATE transfers SET height = (SELECT height + 1 FROM cursors WHERE network = 'sandbox')
				WHERE disposition = 'reversed'`)
		},
		"a transfer is mined and not read yet": func(w *world) {
			w.mine(moved{tester, "0f", 5, dawn.Add(worldEnd), 0})
		},
		"a token nobody asked for arrives": func(w *world) {
			w.mine(waiting.pays(time.Minute))
			w.exec("UPDATE sandbox_transfers SET contract = 'fake' WHERE txid = $1", waiting.pays(0).txid)
		},
		"a transfer came before anybody was asked": func(w *world) {
			w.mine(moved{tester, "0f", 5, dawn, 0})
		},
		"the chain undid a payment a moment ago": func(w *world) {
			w.exec("UPDATE sandbox_transfers SET gone = true WHERE txid = $1", paid.pays(0).txid)
			w.exec("INSERT INTO sandbox_reorgs (at, height) SELECT updated_at, 0 FROM cursors" +
				" WHERE network = 'sandbox'")
		},
		"the exact amount comes after the deadline": func(w *world) {
			w.record(waiting.pays(30*time.Minute+time.Millisecond), &waiting, "held", "")
			w.news(waiting, "payment.late")
		},
		"a number is drawn before midnight and booked after": func(w *world) {
			w.clock = dawn.Add(12*time.Hour + time.Minute)
			w.book(w.charge(tester, ledger.Charged, 1))
		},
		"a receiving account is replaced while an intent is issued": func(w *world) {
			w.exec("UPDATE receiving_accounts SET removed_at = $1", rehearsed.begins().Add(-30*time.Second))
		},
		"a receiving account takes the place of another, and a change was stopped": func(w *world) {
			w.exec(`UPDATE receiving_accounts SET removed_at = created_at + interval '90 days'`)
			w.exec(anotherAccount + `created_at + interval '1 day', removed_at FROM receiving_accounts`)
			w.exec(`INSERT INTO receiving_accounts SELECT '` + id(778) + `', merchant_id, project_id, network,
				asset, 'TElsewhere', '', created_at, NULL, removed_at FROM receiving_accounts WHERE id = '` + id(30) + `'`)
		},
		"a payer asked for a look a moment ago": func(w *world) {
			w.exec("DELETE FROM sightings")
			w.exec("UPDATE sessions SET updated_at = $1 WHERE id = $2", dawn.Add(worldEnd), seen.session())
		},
		"an agent's transfer is undone a moment before its settlement": func(w *world) {
			w.exec("UPDATE transfers SET disposition = 'reversed' WHERE txid = $1", bought.tx())
			w.exec("UPDATE x402_settlements SET look_at = now()" + of(bought))
		},
		"an agent's transfer came back before its settlement was looked at": func(w *world) {
			w.arrive(bought, "unmatched", "")
			w.exec("UPDATE transfers SET reason = 'x402_settlement' WHERE txid = $1", bought.tx())
			w.exec("UPDATE x402_settlements SET look_at = now()" + of(bought))
		},
		"a nonce was used elsewhere a moment ago": func(w *world) {
			w.exec("UPDATE x402_transactions SET nonce = 9, signed_at = now() WHERE nonce = 8")
			w.exec("UPDATE x402_lanes SET next = 10 WHERE network = 8453")
		},
		"nonces were used elsewhere, and one behind them is mined": func(w *world) {
			w.exec("UPDATE x402_transactions SET nonce = 19, mined_at = now(), cost = 1 WHERE nonce = 8")
			w.exec("UPDATE x402_lanes SET next = 20 WHERE network = 8453")
		},
		"a transaction settles two payers' authorizations": func(w *world) {
			other := agent{seller, watched, 9}
			w.claim(other)
			w.pay(other, "")
			w.exec("UPDATE x402_settlements SET txid = decode($1, 'hex')"+of(other), forwarded.tx())
			w.exec("UPDATE transfers SET txid = $1, idx = 9 WHERE txid = $2", forwarded.tx(), other.tx())
		},
		"a charge follows another that was refused": func(w *world) {
			w.numbers += 10
			w.book(w.charge(tester, ledger.Charged, 1))
		},
	} {
		t.Run(what, func(t *testing.T) {
			supposing(t, conn, func(tx pgx.Tx) {
				do(w.inside(t, tx))
				if report, err := inspect(t.Context(), tx); err != nil || !report.OK() {
					t.Errorf("%v\n%s", err, text(t, report))
				}
			})
		})
	}
}

// edits changes a column of a type a little.
var edits = map[string]string{
	"bigint": "%s + 1000", "smallint": "%s + 1", "numeric": "%s + 1", "text": "%s || 'x'",
	"uuid": "'" + id(998) + "'", "bytea": "sha256(%s)",
	"timestamp with time zone": "%s + interval '1 microsecond'",
}

// Whoever can write to the database can edit the book, constraints or not. No column of it can be
// changed by the least bit without being found out, those added later included.
func TestEveryEditOfTheBookIsFound(t *testing.T) {
	conn := connect(t, migrated(t))
	seed(t, conn)
	rows, err := conn.Query(t.Context(), `
		SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns
		WHERE table_name IN ('transactions', 'postings', 'ledger_heads') ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	type column struct{ Table, Name, Kind string }
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	if err != nil || len(columns) == 0 {
		t.Fatal(columns, err)
	}
	where := map[string]string{
		"transactions": "order_no = " + first("reversal"), "postings": "order_no = " + first("reversal"),
		"ledger_heads": "sequence > 0 AND mode = 'test' AND merchant_id = '" + id(1) + "'",
	}
	for _, c := range columns {
		t.Run(c.Table+"."+c.Name, func(t *testing.T) {
			supposing(t, conn, func(tx pgx.Tx) {
				edit, known := edits[c.Kind]
				if !known {
					t.Fatalf("nobody knows how to edit a %s a little", c.Kind)
				}
				edit = strings.ReplaceAll(edit, "%s", c.Name)
				drop := "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname AS n" +
					" FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0 LOOP EXECUTE" +
					" format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.n); END LOOP; END $$;"
				tag, err := tx.Exec(t.Context(), drop+
					fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", c.Table, c.Name, edit, where[c.Table]))
				if err != nil || tag.RowsAffected() != 1 {
					t.Fatal(tag, err)
				}
				report, err := inspect(t.Context(), tx)
				if err != nil {
					t.Fatal(err)
				}
				if report.OK() {
					t.Errorf("%s = %s was not found", c.Name, edit)
				}
			})
		})
	}
}

// A database that is wrong everywhere is told of as one, in a report of bounded size.
func TestReportIsBounded(t *testing.T) {
	conn := connect(t, migrated(t))
	w := seed(t, conn)
	const wrong = keptPerRule + 7
	supposing(t, conn, func(tx pgx.Tx) {
		w := w.inside(t, tx)
		w.exec(`INSERT INTO answers SELECT 'account ' || n, repeat('k', 1000), '', 500, '', now()
			FROM generate_series(1, $1::int) n`, wrong)
		report, err := inspect(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Violations) != keptPerRule {
			t.Errorf("%d violations are kept", len(report.Violations))
		}
		if n := len([]rune(report.Violations[0].Subject)); n != maxText+1 {
			t.Errorf("a subject of %d runes", n)
		}
		if got := text(t, report); !strings.Contains(got, "107 broken") || !strings.Contains(got, "and 7 more") {
			t.Errorf("want all of %d told:\n%s", wrong, got)
		}
	})
}

// Without the job queue's tables its rules are named, not passed over.
func TestMissingQueueIsSaid(t *testing.T) {
	conn := connect(t, migrated(t))
	supposing(t, conn, func(tx pgx.Tx) {
		if _, err := tx.Exec(t.Context(), "DROP TABLE river_job"); err != nil {
			t.Fatal(err)
		}
		report, err := inspect(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, report); strings.Count(got, "this database has no river_job") != 2 ||
			!strings.Contains(got, "2 skipped") {
			t.Error(got)
		}
	})
}

// The report is read on a terminal, and rows hold what strangers wrote.
func TestReportIsPlainText(t *testing.T) {
	r := Report{
		Lines:      []Line{{Rule: "r", Checked: 2, Broken: 1}, {Rule: "s", Checked: 3}},
		Violations: []Violation{{"r", "tx\x1b[2J", "two\nlines"}},
	}
	want := "BROKEN   r                    2 checked, 1 broken\n" +
		"           tx\ufffd[2J: two\ufffdlines\n" +
		"ok       s                    3 checked\n" +
		"2 rules: 1 broken, 0 skipped\n"
	if diff := cmp.Diff(want, text(t, r)); diff != "" {
		t.Error(diff)
	}
}
