package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/pgembed/pgtest"
	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// booking books in the background.
func booking(ctx context.Context, k ports.Bookkeeper, tx ledger.Transaction, guard string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := k.Book(ctx, tx, guard)
		done <- err
	}()
	return done
}

// lines reads a merchant's whole book of test mode and checks its chain.
func lines(t *testing.T, s ports.Statements, m merchant.ID) map[ledger.OrderNo]ports.Booked {
	t.Helper()
	page, err := s.Page(t.Context(), ports.StatementQuery{Merchant: m, Mode: merchant.Test, Limit: 10_000})
	if err != nil || page.More {
		t.Fatalf("more: %v, %v", page.More, err)
	}
	bySequence := make(map[int64]ports.Booked)
	out := make(map[ledger.OrderNo]ports.Booked)
	for _, b := range page.Lines {
		bySequence[b.Sequence], out[b.Transaction.OrderNo] = b, b
	}
	var previous ledger.Hash
	for n := range int64(len(page.Lines)) {
		b, there := bySequence[n+1]
		if !there || b.Content != b.Transaction.ContentHash() ||
			b.Chain != ledger.ChainHash(previous, b.Content) {
			t.Fatalf("the chain of %d breaks at %d", len(page.Lines), n+1)
		}
		previous = b.Chain
	}
	return out
}

// What gathers while a commit waits is booked by the next one together, and a caller who leaves
// before his turn is not booked and holds up nobody.
func TestBookkeeperGathers(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	shop, other := portstest.OpenShop(t, world(s)), portstest.OpenShop(t, world(s))
	exec(t, conn, "BEGIN")
	exec(t, conn, "SELECT sequence FROM ledger_heads FOR UPDATE")
	watcher := connect(t, dsn)

	const gathered = 50
	var all []<-chan error
	for i, at := range []portstest.Shop{shop, other} { // one for each committer
		all = append(all, booking(t.Context(), s, at.Charge(t, 1, portstest.Epoch), ""))
		eventually(t, "a committer waits", func() bool { return waitingForLocks(t, watcher) == i+1 })
	}
	for range gathered {
		all = append(all, booking(t.Context(), s, shop.Charge(t, 1, portstest.Epoch), ""))
	}
	ctx, leave := context.WithCancel(t.Context())
	left := shop.Charge(t, 1, portstest.Epoch)
	leaving := booking(ctx, s, left, "")
	leave()
	if err := <-leaving; !errors.Is(err, context.Canceled) {
		t.Fatalf("whoever left got %v", err)
	}
	exec(t, conn, "ROLLBACK")
	for _, done := range all {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	booked := lines(t, s, shop.ID())
	if _, there := booked[left.OrderNo]; there || len(booked) != gathered+1 {
		t.Fatalf("%d transactions are booked, the one of whoever left: %v", len(booked), there)
	}
	commits := texts(t, conn, "SELECT DISTINCT xmin::text FROM transactions")
	if len(commits) > 8 {
		t.Fatalf("%d transactions took %d commits", gathered+2, len(commits))
	}
}

// A transaction PostgreSQL refuses fails alone, wherever it stands in a batch.
func TestBookkeeperOneBadApple(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	used := shop.Charge(t, 1, portstest.Epoch)
	if err := <-booking(t.Context(), s, used, ""); err != nil {
		t.Fatal(err)
	}
	exec(t, conn, "BEGIN")
	exec(t, conn, "SELECT sequence FROM ledger_heads FOR UPDATE")
	good, bad := make(map[ledger.OrderNo]<-chan error), []<-chan error{}
	for i := range 30 {
		tx := shop.Charge(t, 1, portstest.Epoch)
		if i%10 == 5 {
			tx.OrderNo = used.OrderNo
			bad = append(bad, booking(t.Context(), s, tx, ""))
			continue
		}
		good[tx.OrderNo] = booking(t.Context(), s, tx, "")
	}
	hostile := shop.Charge(t, 1, portstest.Epoch)
	hostile.Description = "a\x00b"
	if err := <-booking(t.Context(), s, hostile, ""); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("text PostgreSQL cannot hold: %v", err)
	}
	exec(t, conn, "ROLLBACK")
	for no, done := range good {
		if err := <-done; err != nil {
			t.Errorf("transaction %s: %v", no, err)
		}
	}
	for _, done := range bad {
		if err := <-done; !errors.Is(err, ports.ErrTaken) {
			t.Errorf("an order number that is used: %v", err)
		}
	}
	if n := len(lines(t, s, shop.ID())); n != len(good)+1 {
		t.Fatalf("%d transactions are booked, want %d", n, len(good)+1)
	}
}

// What the commit refuses was not booked, and nobody is told that it was.
func TestBookkeeperAnswersAfterTheCommit(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	exec(t, conn, `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN `+raise("53100")+` RETURN NULL; END $$`)
	exec(t, conn, `CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON transactions
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()`)
	err := <-booking(t.Context(), s, shop.Charge(t, 1, portstest.Epoch), "")
	if !errors.Is(err, ports.ErrStorageFull) {
		t.Fatalf("a commit on a full disk: %v", err)
	}
	if n := len(lines(t, s, shop.ID())); n != 0 {
		t.Fatalf("%d transactions are booked", n)
	}
}

// An answer that got lost leaves nobody in doubt: the bookkeeper looks whether it happened, and books
// once. Books that are closed have it booked later than it says, and it is known again all the same.
func TestBookkeeperResolvesLostAnswers(t *testing.T) {
	p := pgtest.Between(t, migrated(t))
	s := open(t, p.DSN)
	shop := portstest.OpenShop(t, world(s))
	for i, lose := range []func(){
		func() { p.LoseAnswers(1) }, func() { p.LoseCommits(1) }, func() { p.LoseAnswers(2) },
	} {
		tx := shop.Charge(t, 1, portstest.Epoch)
		closed := portstest.Epoch.Add(time.Duration(i) * time.Hour)
		err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Ledger.Close(ctx, shop.ID(), merchant.Test, closed)
		})
		if err != nil {
			t.Fatal(err)
		}
		lose()
		booked, err := s.Book(t.Context(), tx, "")
		if err != nil || !booked.Transaction.BookedAt.Equal(closed) {
			t.Fatalf("loss %d: booked at %v, %v", i, booked.Transaction.BookedAt, err)
		}
		found, there := lines(t, s, shop.ID())[tx.OrderNo]
		if !there || found.Chain != booked.Chain || found.Content != booked.Content || found.Sequence != booked.Sequence || found.Sequence != int64(i+1) {
			t.Fatalf("loss %d: answered %d %s, booked %d %s", i, booked.Sequence, booked.Chain, found.Sequence, found.Chain)
		}
	}
	p.LoseCommits(100)
	tx := shop.Charge(t, 1, portstest.Epoch)
	if _, err := s.Book(t.Context(), tx, ""); !errors.Is(err, ports.ErrOutcomeUnknown) {
		t.Fatalf("commits that never arrive: %v", err)
	}
}

// A pair that is being revoked guards nothing: the booking waits to see.
func TestBookkeeperWaitsForARevocation(t *testing.T) {
	dsn := migrated(t)
	s, watcher := open(t, dsn), connect(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	pair := shop.AddPair(t, merchant.Test)
	var done <-chan error
	err := s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		p, err := r.Keys.LoadPair(ctx, shop.Project.ID, pair.ID)
		if err != nil {
			return err
		}
		p.RevokedAt = portstest.Epoch
		if err := r.Keys.SavePair(ctx, p); err != nil {
			return err
		}
		done = booking(t.Context(), s, shop.Charge(t, 1, portstest.Epoch), string(pair.ID))
		eventually(t, "the booking waits", func() bool { return waitingForLocks(t, watcher) == 1 })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, keys.ErrPairInvalid) {
		t.Fatalf("a revoked pair booked: %v", err)
	}
}

// Callers of the bookkeeper, units of work and further processes book into the same chains at once:
// every chain stays whole, and every cause is booked once.
func TestBookkeeperRace(t *testing.T) {
	dsn := migrated(t)
	s, second := open(t, dsn), open(t, dsn)
	var shops []portstest.Shop
	for range 4 {
		shops = append(shops, portstest.OpenShop(t, world(s)))
	}
	const racers, rounds = 64, 5
	var wg sync.WaitGroup
	for i := range racers {
		shop := shops[i%len(shops)]
		var txs []ledger.Transaction
		for n := range rounds {
			tx := shop.Charge(t, 1, portstest.Epoch)
			if i%8 >= 4 { // another racer of the shop books this cause too
				tx.SourceRef = fmt.Sprintf("cause %d of shop %d", n, i%len(shops))
			}
			txs = append(txs, tx)
		}
		wg.Go(func() {
			for n, tx := range txs {
				var err error
				switch (i + n) % 3 {
				case 0:
					_, err = s.Book(t.Context(), tx, "")
				case 1:
					_, err = second.Book(t.Context(), tx, "")
				default:
					err = s.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
						_, err := r.Ledger.Book(ctx, tx)
						return err
					})
				}
				if err != nil && !(errors.Is(err, ports.ErrTaken) && i%8 >= 4) {
					t.Errorf("racer %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
	for _, shop := range shops {
		if n := len(lines(t, s, shop.ID())); n != racers/len(shops)/2*rounds+rounds {
			t.Errorf("%d transactions are booked, want %d", n, racers/len(shops)/2*rounds+rounds)
		}
	}
}

// A store that closes turns away what waits and finishes what it took.
func TestBookkeeperCloses(t *testing.T) {
	dsn := migrated(t)
	s, conn := open(t, dsn), connect(t, dsn)
	closing := open(t, dsn)
	shop := portstest.OpenShop(t, world(s))
	other := portstest.OpenShop(t, world(s))
	exec(t, conn, "BEGIN")
	exec(t, conn, "SELECT sequence FROM ledger_heads FOR UPDATE")
	watcher := connect(t, dsn)
	var taken []<-chan error
	for i, at := range []portstest.Shop{shop, other} {
		taken = append(taken, booking(t.Context(), closing, at.Charge(t, 1, portstest.Epoch), ""))
		eventually(t, "a committer waits", func() bool { return waitingForLocks(t, watcher) == i+1 })
	}
	waiting := booking(t.Context(), closing, shop.Charge(t, 1, portstest.Epoch), "")
	closed := make(chan error, 1)
	go func() { closed <- closing.Close() }()
	if err := <-waiting; !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("who waited got %v", err)
	}
	exec(t, conn, "ROLLBACK")
	for _, done := range taken {
		if err := <-done; err != nil {
			t.Errorf("who was taken got %v", err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := len(lines(t, s, shop.ID())); n != 1 {
		t.Errorf("%d transactions are booked, want 1", n)
	}
}
