package races

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

// plant is a wall taken away, and the race that has to notice.
type plant struct {
	name, race string
	edits      []rig.Edit
}

var plants = []plant{
	{
		name: "keys are claimed without a lock", race: "one_key,_one_session",
		edits: []rig.Edit{{
			File: "adapters/postgres/claims.go",
			Old:  `"SELECT pg_try_advisory_xact_lock($1)"`, New: `"SELECT $1::bigint IS NOT NULL"`,
		}},
	},
	{
		name: "a session is locked and read in one statement", race: "one_intent",
		edits: []rig.Edit{{
			File: "adapters/postgres/sessions.go",
			Old: `	err := exists(exec(ctx, r.in(), "SELECT id FROM sessions WHERE id = $1 FOR UPDATE", prepared, id))
	if err != nil {
		return nil, err
	}
	return sessionBy(ctx, r.in(), id)
`,
			New: `	row, err := one[sessionRow](ctx, r.in(), sessionQuery+"WHERE s.id = $1 FOR UPDATE OF s", prepared, id)
	if err != nil {
		return nil, err
	}
	return row.session()
`,
		}},
	},
	{
		name: "amounts are not unique", race: "one_amount,_many_sessions",
		edits: []rig.Edit{{
			File: "migrations/0003_checkout.up.sql",
			Old:  "CREATE UNIQUE INDEX intents_held", New: "CREATE INDEX intents_held",
		}, { // everybody draws the lowest, so that two draw the same often enough
			File: "app/intent.go",
			Old:  "DrawSuffix(taken, s.Core.IDs.Intn)", New: "DrawSuffix(taken, func(int) int { return 0 })",
		}, {
			File: "adapters/postgres/sessions.go",
			Old: `
		ON CONFLICT ` + "`+slotOf(i.Terms)+`" + ` DO NOTHING`,
			New: ``,
		}},
	},
	{
		name: "a refresh token is read without a lock", race: "one_refresh_token",
		edits: []rig.Edit{{
			File: "adapters/postgres/logins.go",
			// Whoever has read waits a moment, as on a busy machine: many have read by then.
			Old: "FROM logins WHERE id = $1 FOR UPDATE`, id)",
			New: "FROM logins WHERE id = $1 AND pg_sleep(0.05) IS NOT NULL`, id)",
		}},
	},
	{
		name: "key pairs are counted out of turn", race: "the_last_key_pair",
		edits: []rig.Edit{{
			File: "adapters/postgres/keys.go",
			Old: `	if err := r.lockProject(ctx, p.ProjectID); err != nil {
		return err
	}
	live,`,
			New: `	live,`,
		}, {
			File: "adapters/postgres/keys.go",
			Old:  `	if live >= keys.MaxLivePairs {`,
			New: `	_, _ = r.tx.Tx.ExecContext(ctx, "SELECT pg_sleep(0.01)")
	if live >= keys.MaxLivePairs {`,
		}},
	},
	{
		name: "the book does not look whether a pair was revoked", race: "revocation_and_charge",
		edits: []rig.Edit{
			{
				File: "adapters/postgres/batches.go",
				Old:  `case e.guard != "" && !found.live[e.guard]:`, New: `case e.guard == "nobody":`,
			},
			// What was known before the body of the request was read stands for a slow request.
			{
				File: "app/charges.go",
				Old: `		booked, err := s.Books.Book(ctx, t, string(pair.ID))
`,
				New: `		<-time.After(500 * time.Millisecond)
		booked, err := s.Books.Book(ctx, t, string(pair.ID))
`,
			},
			{
				File: "app/charges.go", Old: `	"context"
`, New: `	"context"
	"time"
`,
			},
		},
	},
}

// Every wall can still be taken away: the source still says what it replaces.
func TestPlantsApply(t *testing.T) {
	for _, p := range plants {
		if _, err := rig.Apply(rig.Root(), p.edits); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

// binaryVar names the gateway that races are run against instead of this tree's.
const binaryVar = "RACE_BINARY"

// Without its wall each race is lost. It builds a gateway for each, so it runs when asked for: PLANT=1.
func TestPlantedBugs(t *testing.T) {
	if os.Getenv("PLANT") == "" {
		t.Skip("PLANT=1 builds a gateway without each wall and runs the race that has to notice")
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.count=1", "-test.failfast", "-test.run=^TestOneWinner$/^"+p.race+"$")
			cmd.Env = append(os.Environ(), binaryVar+"="+rig.Planted(t, p.edits), "ROUNDS=30")
			text, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(text), "--- FAIL: TestOneWinner/"+p.race) {
				t.Fatalf("not noticed (%v):\n%.2000s", err, text)
			}
			_, shown, _ := strings.Cut(string(text), "_test.go:")
			t.Logf("noticed: %.200q", shown)
		})
	}
}
