// Package postgres is the durable store: every port adapters/memory implements, on PostgreSQL.
//
// It owns the SQL, the mapping of rows, units of work, the commits of the book, and the connections.
// It does not own the schema (migrations), the working of jobs (adapters/worker), nor any rule about
// payments: a CHECK or unique index here is the last wall, not the first.
//
// Invariants:
//   - Units of work run at READ COMMITTED. What must not change under a reader is locked by name (FOR
//     UPDATE in every Load), and what must be unique is unique by an index. Serializable isolation
//     would say less: its promises end where a reader looks at another process's snapshot, and every
//     hot row would turn from a short wait into a repetition.
//   - A unit of work holds one connection and needs no second one to end; some connections are never
//     given to units of work, so that whoever must not wait for them does not.
//   - No statement, lock, transaction or connection may take longer than its named limit.
//   - Text nobody has parsed reaches SQL as a bound parameter or not at all.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// Limits of connections and of what runs on them.
const (
	defaultConns = 16
	minConns     = 4
	maxConns     = 1000
	// reservedConns are never given to units of work: reads, order numbers and the bookkeeper go on
	// while every unit of work waits for something.
	reservedConns = 2

	connectLimit   = 5 * time.Second  // to make one connection
	acquireLimit   = 10 * time.Second // to get one from the pool
	statementLimit = 10 * time.Second
	lockLimit      = 5 * time.Second
	// idleLimit is of a transaction whose program has nothing to say. A process that fell silent loses
	// what it had locked no later than its rights: whoever takes those over finds every row free.
	idleLimit = leaseLimit - aliveEvery
	// unsentLimit is of what the server has said and nobody has taken.
	unsentLimit = 30 * time.Second
	openLimit   = 30 * time.Second
)

// Config says which database to use and how much of it.
type Config struct {
	URL string
	// MaxConns bounds the pool; 0 means 16. Watches, the listener of Changes and Attend use one of
	// their own each, beyond it.
	MaxConns int
}

// Store is the durable store. It implements ports.UnitOfWork and every port that reads or writes
// outside of one. It is safe for concurrent use.
type Store struct {
	pool  *pgxpool.Pool
	db    *bun.DB
	queue *river.Client[*sql.Tx]
	units chan struct{} // holds a token for each running unit of work

	numbers orderNumbers
	keeper  bookkeeper
	hints   hints

	ring     ring                                     // questions for owners of credentials
	owners   owners                                   // of projects
	opened   gathered[checkout.SessionID, sessionRow] // questions for sessions
	cursors  gathered[allCursors, []ports.Cursor]
	payments gathered[x402.ClaimKey, knownPayment] // questions for settlements
	pages    gathered[ports.StatementQuery, readPage]
	lists    gathered[sessionList, readList]
	sandbox  sandboxQuestions

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // goroutines that end with life
}

// Open connects to a migrated database. It fails with ErrSchemaBehind when the database lacks a
// migration this program knows.
func Open(ctx context.Context, c Config) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	config, err := poolConfig(c)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s, err := open(ctx, pool, int(config.MaxConns))
	if err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

func open(ctx context.Context, pool *pgxpool.Pool, conns int) (*Store, error) {
	db := sql.OpenDB(connector{stdlib.GetPoolConnector(pool)})
	db.SetMaxIdleConns(0) // idle connections belong to the pool
	queue, err := river.NewClient(riverdatabasesql.New(db), &river.Config{
		Logger: slog.New(slog.DiscardHandler), // a client that only inserts has nothing to say
	})
	if err != nil {
		return nil, fmt.Errorf("open job queue: %w", err)
	}
	s := &Store{
		pool: pool, db: bun.NewDB(db, pgdialect.New()), queue: queue,
		units: make(chan struct{}, conns-reservedConns), pages: newPages(), lists: newLists(),
	}
	if err := s.Ping(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.checkSchema(ctx); err != nil {
		return nil, err
	}
	// The store lives until Close, not until whoever opened it looks away.
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	s.numbers.turn = make(chan struct{}, 1)
	s.startKeeping()
	return s, nil
}

// poolConfig is the URL with our limits, where the URL does not set its own.
func poolConfig(c Config) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is not a PostgreSQL connection string") // it holds a password
	}
	if c.MaxConns == 0 {
		c.MaxConns = defaultConns
	}
	if c.MaxConns < minConns || c.MaxConns > maxConns {
		return nil, fmt.Errorf("a pool needs %d to %d connections, not %d", minConns, maxConns, c.MaxConns)
	}
	config.MaxConns = int32(c.MaxConns)
	// Bun puts arguments into the text of a statement, so that each text is new: preparing them would
	// cost a round trip each and help no later one. Hot statements are prepared by name.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.ConnConfig.ConnectTimeout = connectLimit
	if _, given := config.ConnConfig.RuntimeParams["statement_timeout"]; !given {
		config.ConnConfig.Tracer = answers{answerLimit} // whoever wants to wait longer for the server does
	}
	limits(config.ConnConfig, map[string]time.Duration{
		"statement_timeout": statementLimit, "lock_timeout": lockLimit,
		"idle_in_transaction_session_timeout": idleLimit,
	})
	return config, nil
}

// limits sets what the server shall enforce on a connection. PostgreSQL reads milliseconds.
func limits(config *pgx.ConnConfig, of map[string]time.Duration) {
	set := map[string]string{
		"application_name": "101pay", "timezone": "UTC",
		// A process whose machine is gone must not hold its locks for hours.
		"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3",
		// What is hot is in memory. And a plan that reads a whole table because it is small still does
		// when it is large: plans of prepared statements last.
		"random_page_cost": "1.1",
		// A statement is planned once, not for what it is asked each time: for the few rows of hot reads
		// PostgreSQL thinks planning anew is worth it, which costs as much as reading them (ADR 26).
		"plan_cache_mode": "force_generic_plan",
		// Nobody is asked whether he is alive as long as something is on its way to him.
		"tcp_user_timeout": strconv.FormatInt(unsentLimit.Milliseconds(), 10),
	}
	for name, limit := range of {
		set[name] = strconv.FormatInt(limit.Milliseconds(), 10)
	}
	for name, value := range set {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
}

// connector bounds the wait for a connection of the pool; database/sql itself has no such limit.
type connector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, acquireLimit)
	defer cancel()
	return c.Connector.Connect(ctx)
}

// Close ends what runs in the background and closes all connections. Units of work must have ended.
func (s *Store) Close() error {
	s.end()
	s.work.Wait()
	err := s.db.Close()
	s.pool.Close()
	return err
}

// Pool is the store's pool, for the job queue's worker.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Ping answers whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return translate(s.db.PingContext(ctx)) }
