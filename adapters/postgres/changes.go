package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
)

const (
	// maxSubscribers bounds who waits for hints in one process. Whoever comes then gets none and looks
	// by himself after a while, as every subscriber does.
	maxSubscribers = 50_000

	listenAgain  = 500 * time.Millisecond // after the listening connection was lost
	listenerName = "101pay changes"       // of that connection, for who looks at the server's
	aliveEvery   = 5 * time.Second        // how long a connection may be silent before it is asked
	aliveLimit   = 5 * time.Second        // to answer that
	// leaseLimit is how long a process that holds a right by a connection may be silent until the
	// server ends the connection and the right with it: a process that is paused keeps it open.
	leaseLimit = 20 * time.Second
)

// hints is who wants to hear of which session or project, and the one connection all of them hear by.
type hints struct {
	listen sync.Once
	marks  marks

	mu    sync.Mutex
	subs  map[checkout.SessionID]map[chan struct{}]struct{} // guarded by mu
	count int                                               // guarded by mu
}

// Subscribe implements ports.Changes. Nothing listens until somebody subscribes.
func (s *Store) Subscribe(ctx context.Context, id checkout.SessionID) <-chan struct{} {
	s.listen()
	return s.hints.add(ctx, id)
}

func (s *Store) listen() { s.hints.listen.Do(func() { s.work.Go(s.hear) }) }

// SubscribeProject implements ports.Changes. Ids of projects and of sessions are never the same.
func (s *Store) SubscribeProject(ctx context.Context, id merchant.ProjectID) <-chan struct{} {
	return s.Subscribe(ctx, checkout.SessionID(id))
}

func (h *hints) add(ctx context.Context, id checkout.SessionID) <-chan struct{} {
	sub := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count == maxSubscribers {
		return sub
	}
	if h.subs == nil {
		h.subs = make(map[checkout.SessionID]map[chan struct{}]struct{})
	}
	if h.subs[id] == nil {
		h.subs[id] = make(map[chan struct{}]struct{})
	}
	h.subs[id][sub] = struct{}{}
	h.count++
	context.AfterFunc(ctx, func() { h.drop(id, sub) })
	return sub
}

func (h *hints) drop(id checkout.SessionID, sub chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs[id], sub)
	if len(h.subs[id]) == 0 {
		delete(h.subs, id)
	}
	h.count--
}

// tell hints at a changed session. A hint nobody took yet says as much as two.
func (h *hints) tell(id checkout.SessionID) {
	h.marks.move(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	wake(h.subs[id])
}

// tellAll hints at every session: something may have been missed.
func (h *hints) tellAll() {
	h.marks.moveAll()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subs := range h.subs {
		wake(subs)
	}
}

func wake(subs map[chan struct{}]struct{}) {
	for sub := range subs {
		select {
		case sub <- struct{}{}:
		default:
		}
	}
}

// hear listens until the store is closed, by a new connection whenever one is lost.
func (s *Store) hear() {
	for s.life.Err() == nil {
		_ = s.hearUntilLost(s.life) // hints may be missed; the next connection makes up for it
		select {
		case <-time.After(listenAgain):
		case <-s.life.Done():
		}
	}
}

// hearUntilLost asks the connection every now and then whether it still tells everything, also while it
// tells much: the server says all that was announced until then before it answers.
func (s *Store) hearUntilLost(ctx context.Context) error {
	conn, err := s.connectListener(ctx)
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	defer s.hints.marks.deaf()
	asked := time.Now()
	if _, err := conn.Exec(ctx, "LISTEN "+changedChannel); err != nil {
		return err
	}
	s.hints.tellAll()
	for {
		s.hints.marks.heard(asked)
		if err := listenFor(ctx, conn, heardEvery); err != nil {
			return err
		}
		asked = time.Now()
		if err := ping(ctx, conn); err != nil {
			return err
		}
	}
}

// listenFor reads notifications for a while; the connection knows whom to tell of them.
func listenFor(ctx context.Context, conn *pgx.Conn, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		err := conn.PgConn().WaitForNotification(ctx)
		switch {
		case err == nil:
		case errors.Is(err, context.DeadlineExceeded):
			return nil
		default:
			return err
		}
	}
}

// connectListener makes a connection of its own, beyond the pool, that tells of what it is notified of as it reads it: when an answer
// has been read, all that was announced before it has been told.
func (s *Store) connectListener(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["application_name"] = listenerName
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		for id := range strings.FieldsSeq(n.Payload) {
			s.hints.tell(checkout.SessionID(id))
		}
	}
	return pgx.ConnectConfig(ctx, config)
}

// connectLease makes a connection whose locks are rights of this process: the server ends it when
// the process has not used it for a while. It bears the process's own name.
func (s *Store) connectLease(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	config := s.pool.Config().ConnConfig
	config.RuntimeParams["application_name"] = ownName()
	limits(config, map[string]time.Duration{"idle_session_timeout": leaseLimit})
	return pgx.ConnectConfig(ctx, config)
}

// disconnect says goodbye, whether or not anybody still waits.
func disconnect(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aliveLimit)
	defer cancel()
	_ = conn.Close(ctx) // it may be closed already
}

// waitAlive waits for a notification. A connection that is silent for a while must show that somebody is at
// its other end; one that is closed there is noticed at once.
func waitAlive(ctx context.Context, conn *pgx.Conn) error {
	for {
		wait, cancel := context.WithTimeout(ctx, aliveEvery)
		_, err := conn.WaitForNotification(wait)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if err := ping(ctx, conn); err != nil {
			return err
		}
	}
}

func ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, aliveLimit)
	defer cancel()
	return conn.Ping(ctx)
}
