package crash

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed"
	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// shops is how many merchants work at once: two, so that each has others' traffic in between.
const shops = 2

// trial is one run of the loop.
type trial struct {
	binary string // "" is this tree's
	kills  int
	// instances is how many gateways work on the one database, one when zero. Of several one at a time
	// is killed or cut off, and never the database.
	instances int
	seed      uint64
	setting   string // of every connection to the database, as "name=value"; for planted bugs
	patience  time.Duration
}

// stage is everything a trial needs.
type stage struct {
	trial
	t        *testing.T
	pg       *pgembed.Server
	g        *rig.Gateway   // the first
	fleet    []*rig.Gateway // all
	cables   []*pgtest.Line // of each of several to the database
	found    *findings
	receiver *receiver
	shops    []*shop
	journal  *journal
	caller   caller
}

// shop is a merchant and his client.
type shop struct {
	rig.Merchant
	path  string // of his webhooks
	token atomic.Value
}

func (s *shop) bearer() string {
	token, _ := s.token.Load().(string)
	return "Bearer " + token
}

func openStage(t *testing.T, v trial) *stage {
	t.Helper()
	s := &stage{trial: v, t: t, found: &findings{}, journal: &journal{}}
	s.pg = openDatabase(t)
	if s.binary == "" {
		s.binary = rig.Binary(t)
	}
	s.g = rig.StartBinary(t, s.binary, map[string]string{"DATABASE_URL": s.way(), "LOG_FORMAT": "json"})
	s.fleet = []*rig.Gateway{s.g}
	for len(s.fleet) < v.instances {
		s.fleet = append(s.fleet, s.g.Twin(map[string]string{"DATABASE_URL": s.way()}))
	}
	s.caller = caller{s.fleet, new(atomic.Uint64), s.found}
	s.receiver = openReceiver(t, s.found)
	for i := range shops {
		shop := &shop{Merchant: s.g.Register(t), path: "/" + strconv.Itoa(i)}
		shop.token.Store(shop.Token)
		a := shop.Call(http.MethodPost, "/v1/webhook-endpoints", map[string]string{
			"url": s.receiver.URL + shop.path, "mode": "test",
		}).Want(t, http.StatusCreated)
		s.receiver.trust(shop.path, a.At("endpoint.secret"))
		s.shops = append(s.shops, shop)
	}
	return s
}

// way is how the next gateway reaches the database: each of several by a line of its own.
func (s *stage) way() string {
	s.t.Helper()
	url := s.pg.DSN("")
	if s.instances > 1 {
		line := pgtest.Between(s.t, url)
		s.cables, url = append(s.cables, line), line.DSN
	}
	if s.setting == "" {
		return url
	}
	joint := "?"
	if strings.Contains(url, joint) {
		joint = "&"
	}
	return url + joint + s.setting
}

// openDatabase starts a PostgreSQL that the test can kill, with the settings of production.
func openDatabase(t *testing.T) *pgembed.Server {
	t.Helper()
	pg, err := pgembed.Start(t.Context(), pgembed.Options{DataDir: rig.DataDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = pg.Stop(ctx) // what it kept is removed next
	})
	return pg
}

// run makes the load, kills, waits until everything has settled, and judges.
func (s *stage) run() []string {
	s.t.Helper()
	l := s.begin()
	if len(s.fleet) > 1 {
		s.killingOne()
	} else {
		s.killing()
	}
	l.end()
	s.settle()
	s.judge()
	return s.found.all()
}

// dice are the choices of one part of the trial. They follow from the seed and the part's number.
func (s *stage) dice(part uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, part)) }
