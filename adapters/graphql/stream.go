package graphql

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/101pay/101pay/adapters/rest/edge"
)

// Pace and bounds of streams.
const (
	beat         = 15 * time.Second // a stream says something at least this often
	streamLife   = 30 * time.Minute // then the page connects anew, perhaps to another instance
	streamWrite  = 10 * time.Second // patience with a reader that does not read
	streamsMax   = 1024             // in this process
	streamsOfOne = 8                // of one member
)

const codeLimited = "RATE_LIMITED"

// stream answers subscriptions as server-sent events (GraphQL over SSE, distinct connections mode). One
// goroutine writes, so that news and heartbeats never meet on the wire.
type stream struct {
	drain *edge.Drain
	beat  time.Duration

	mu  sync.Mutex
	all int            // guarded by mu
	of  map[string]int // by member, guarded by mu
}

func newStream(drain *edge.Drain) *stream {
	return &stream{drain: drain, beat: beat, of: map[string]int{}}
}

// Supports implements graphql.Transport.
func (s *stream) Supports(r *http.Request) bool {
	return r.Method == http.MethodPost && wantsStream(r)
}

func wantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// Do implements graphql.Transport. The body was read before.
func (s *stream) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), streamingKey{}, true), streamLife)
	defer cancel()
	op, errs := exec.CreateOperationContext(ctx, readerOf(ctx).params)
	ctx = graphql.WithOperationContext(ctx, op)
	if errs != nil {
		answer(w, http.StatusUnprocessableEntity, exec.DispatchError(ctx, errs))
		return
	}
	member := readerOf(ctx).member
	if !s.enter(member) {
		answer(w, http.StatusTooManyRequests, exec.DispatchError(ctx, gqlerror.List{
			refused(codeLimited, "too many streams are open; close one first"),
		}))
		return
	}
	defer s.leave(member)
	responses, ctx := exec.DispatchOperation(ctx, op)
	s.tell(ctx, w, responses)
}

// streamingKey marks a context whose answer is a stream.
type streamingKey struct{}

// tell writes what comes until nothing more does, the reader leaves, his session ends or the process does.
func (s *stream) tell(ctx context.Context, w http.ResponseWriter, responses graphql.ResponseHandler) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // or a proxy would keep the news to itself
	news := make(chan []byte)
	go func() {
		defer close(news)
		for {
			response := responses(ctx)
			if response == nil {
				return
			}
			// Printed at once: the next response is made in the memory of this one.
			body, err := json.Marshal(response)
			if err != nil {
				return
			}
			select {
			case news <- body:
			case <-ctx.Done():
				return
			}
		}
	}()
	out := http.NewResponseController(w)
	write := func(text string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(streamWrite)) // a recorder of a test has none
		_, err := fmt.Fprint(w, text)
		return err == nil && out.Flush() == nil
	}
	if !write(":\n\n") {
		return
	}
	ticker := time.NewTicker(s.beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.drain.Begun():
			_ = write("event: complete\ndata:\n\n")
			return
		case body, open := <-news:
			if !open {
				_ = write("event: complete\ndata:\n\n")
				return
			}
			if !write("event: next\ndata: " + string(body) + "\n\n") {
				return
			}
		case <-ticker.C:
			if readerOf(ctx).still() != nil {
				_ = write("event: complete\ndata:\n\n")
				return
			}
			if !write(":\n\n") {
				return
			}
		}
	}
}

func (s *stream) enter(member string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= streamsMax || s.of[member] >= streamsOfOne {
		return false
	}
	s.all++
	s.of[member]++
	return true
}

func (s *stream) leave(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.of[member]--; s.of[member] == 0 {
		delete(s.of, member)
	}
}

// streamed refuses to answer a subscription as one document, or a document as a stream.
func streamed(ctx context.Context, op *ast.OperationDefinition) *gqlerror.Error {
	asked, _ := ctx.Value(streamingKey{}).(bool)
	switch is := op.Operation == ast.Subscription; {
	case is && !asked:
		return refused(codeInput, "ask for a subscription with Accept: text/event-stream")
	case !is && asked:
		return refused(codeInput, "only subscriptions are answered as a stream of events")
	}
	return nil
}
