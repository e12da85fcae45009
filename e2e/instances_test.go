package e2e

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/e2e/rig"
)

// database is what several gateways share, looked at from outside.
type database struct {
	*testing.T
	url  string
	conn *pgx.Conn
}

func openDatabase(t *testing.T) *database {
	t.Helper()
	d := &database{T: t, url: pgtest.Database(t)}
	conn, err := pgx.Connect(t.Context(), d.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	d.conn = conn
	return d
}

// holds reports whether a gateway has a right, by the name that its connection gives itself.
func (d *database) holds(g *rig.Gateway, purpose, of string) bool {
	d.Helper()
	sum := sha256.Sum256([]byte(purpose + " " + strconv.Quote(of)))
	key := int64(binary.BigEndian.Uint64(sum[:8]))
	var name string
	err := d.conn.QueryRow(d.Context(), `SELECT coalesce(max(a.application_name), '')
		FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted
		AND (l.classid::bigint << 32 | l.objid::bigint) = $1`, key).Scan(&name)
	if err != nil {
		d.Fatal(err)
	}
	return strings.HasSuffix(name, fmt.Sprintf(" pid %d", g.ID()))
}

// relay is two gateways on one database and one node, and a payment on its way that is not final.
type relay struct {
	*database
	node          *anviltest.Node
	first, second *rig.Gateway
	m             rig.Merchant
	to            chain.Address
}

// openRelay has the first gateway watch. The second, once it has the right to, looks at a pace.
func openRelay(t *testing.T, pace string) *relay {
	t.Helper()
	r := &relay{database: openDatabase(t)}
	r.first, r.node, r.m, r.to = liveOn(t, map[string]string{"DATABASE_URL": r.url})
	rig.Eventually(t, settleLimit, "the first watches", r.watches(r.first))
	r.second = r.first.Twin(map[string]string{"TRON_POLL_INTERVAL": pace})
	return r
}

func (r *relay) watches(g *rig.Gateway) func() bool {
	return func() bool { return r.holds(g, "watch", string(chain.Tron)) }
}

// seen answers a payment that was seen on the chain and is not final yet.
func (r *relay) seen(g *rig.Gateway, amount string) (payment string) {
	r.Helper()
	payment, units := asked(r.T, g, r.m, amount)
	shop, _ := r.to.Bytes20()
	r.node.Pay(shop, units.Int64())
	rig.Eventually(r.T, settleLimit, "the transfer is seen", func() bool { return g.Status(payment) == "processing" })
	return payment
}

func (r *relay) sound() {
	r.Helper()
	if text, code := r.first.Command("audit"); code != 0 {
		r.Errorf("audit answers %d:\n%s", code, text)
	}
}

// leaseLimit is ample for the database to end the connections of a process that stands still.
const leaseLimit = 2 * time.Minute

// What became final while the gateway that watched was dying is settled by the other one in its first
// look, which it takes as soon as the right to watch is free: the server sees at once that a killed
// process is gone.
func TestAnotherGatewayWatchesOn(t *testing.T) {
	r := openRelay(t, "1m") // settleLimit ends before its second look
	payment := r.seen(r.first, "25.00")
	r.first.Pause() // so that it cannot settle it itself
	r.node.Finalize()
	r.first.Kill()
	rig.Eventually(t, settleLimit, "the other settles it", isPaid(r.second, payment))
	if !r.watches(r.second)() {
		t.Error("it was settled without the right to watch")
	}
	r.first.Run()
	rig.Eventually(t, settleLimit, "the first says so too", isPaid(r.first, payment))
	r.sound()
}

// A gateway that stands still keeps its connections, and its kernel answers for it. The right to watch
// passes on all the same, by the database's own clock; and when it goes on it does no harm and is as
// good as ever.
func TestAGatewayThatStandsStillIsPassedBy(t *testing.T) {
	r := openRelay(t, "200ms")
	payment := r.seen(r.first, "25.00")
	r.first.Pause()
	r.node.Finalize()
	rig.Eventually(t, leaseLimit, "the other settles it", isPaid(r.second, payment))
	r.first.Resume()
	rig.Eventually(t, settleLimit, "the first serves", isPaid(r.first, payment))
	if !r.watches(r.second)() {
		t.Error("the right to watch was taken back")
	}
	r.second.Kill()
	rig.Eventually(t, settleLimit, "the first watches again", r.watches(r.first))
	again := r.seen(r.first, "30.00")
	r.node.Finalize()
	rig.Eventually(t, settleLimit, "the first settles", isPaid(r.first, again))
	r.sound()
}

// News that a gateway was telling when it was killed is told by the other one, long before the job
// queue by itself would give the job up for lost: it leaves no error behind.
func TestAnotherGatewayTellsTheNews(t *testing.T) {
	d := openDatabase(t)
	attempts := make(chan bool, 2)
	dead := make(chan bool)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		attempts <- true
		select {
		case <-dead:
		case <-q.Context().Done():
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(shop.Close)
	first := rig.Start(t, map[string]string{"DATABASE_URL": d.url})
	second := first.Twin(nil)
	m := first.Register(t)
	m.Call(http.MethodPost, "/v1/webhook-endpoints", map[string]string{"url": shop.URL, "mode": "test"}).
		Want(t, http.StatusCreated)
	m.Pay(t, "5.00")
	<-attempts
	worker := d.text(`SELECT attempted_by[array_upper(attempted_by, 1)] FROM river_job WHERE state = 'running'`)
	if d.holds(first, "worker", worker) {
		first.Kill()
	} else {
		second.Kill()
	}
	close(dead)
	<-attempts
	rig.Eventually(t, settleLimit, "the job is done", func() bool {
		return d.text("SELECT string_agg(state::text, ' ') FROM river_job") == "completed"
	})
	if rescues := d.text("SELECT metadata ->> 'river:rescue_count' FROM river_job"); rescues != "1" {
		t.Errorf("the job was taken back %s times", rescues)
	}
	if errors := d.text("SELECT coalesce(array_to_string(errors, ' '), '') FROM river_job"); errors != "" {
		t.Errorf("the job failed before: %s", errors)
	}
}

// text reads one text.
func (d *database) text(query string) (text string) {
	d.Helper()
	if err := d.conn.QueryRow(d.Context(), query).Scan(&text); err != nil {
		d.Fatal(err)
	}
	return text
}
