package ethrpc

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/101pay/101pay/ports"
)

// Question is a call of one of a node's methods, for what this package has no words of its own.
type Question struct {
	Method string
	Params []any
}

// Reply is what a node answered: a result as it is written, or its own refusal.
type Reply struct {
	Result  []byte
	Refused *Refusal
}

// Refusal is an error answered inside the protocol. Its text is bounded, printable and without secrets.
type Refusal struct { //nolint:errname // a word of the protocol's, not a failure of ours
	Code    int64
	Message string
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("rpc error %d: %s", r.Code, r.Message) }

// Doubt is what whoever asked says of replies that cannot be believed: the endpoint is at fault, and the
// next one is asked.
func Doubt(detail string) error { return fail(Contradicting, printable(detail, maxMessage)) }

// Behind is Doubt of an endpoint that lacks a block it must have.
func Behind(detail string) error { return fail(Lagging, printable(detail, maxMessage)) }

// Ask asks one endpoint after another until believe takes its replies, which are as many as the questions,
// in their order. An error of believe's other than Doubt and Behind ends the asking. If nobody is believed
// the error is ports.ErrChainUnavailable. A node that says we ask too often is not heard.
func (c *Client) Ask(ctx context.Context, questions []Question, believe func([]Reply) error) error {
	calls := asCalls(questions)
	return c.visit(ctx, func(e *endpoint) error {
		replies, err := e.replies(ctx, calls)
		if err != nil {
			return err
		}
		return believe(replies)
	})
}

// Fresh doubts a newest block that is old.
func (c *Client) Fresh(latest Header) error { return c.fresh(latest) }

// maxTold is how many endpoints one thing is told to.
const maxTold = 4

// Tell tells several endpoints the same at the same time, in order of preference, and answers how each
// took it as soon as one accepts it, or all have answered. It waits for nobody it need not wait for: the
// others are told on, for as long as one request may take. The error is ports.ErrChainUnavailable if
// nobody took it or refused it by a word of the protocol.
func (c *Client) Tell(ctx context.Context, q Question) ([]Reply, error) {
	var admitted []*endpoint
	for _, e := range inOrder(c.endpoints) {
		if len(admitted) < maxTold && e.admit() {
			admitted = append(admitted, e)
		}
	}
	type told struct {
		reply  Reply
		reason string // why it does not count, "" if it does
	}
	answers := make(chan told, len(admitted))
	detached := context.WithoutCancel(ctx)
	for _, e := range admitted {
		go func() {
			var out told
			err := c.try(detached, e, func(e *endpoint) error {
				replies, err := e.replies(detached, asCalls([]Question{q}))
				if err == nil {
					out.reply = replies[0]
				}
				return err
			})
			if err != nil {
				out.reason = e.host + " " + err.Error()
			}
			answers <- out
		}()
	}
	var replies []Reply
	var reasons []string
	for range admitted {
		select {
		case a := <-answers:
			if a.reason != "" {
				reasons = append(reasons, a.reason)
				continue
			}
			replies = append(replies, a.reply)
			if a.reply.Refused == nil {
				return replies, nil
			}
		case <-ctx.Done():
			return replies, fmt.Errorf("%w: %w", ports.ErrChainUnavailable, ctx.Err())
		}
	}
	if len(replies) == 0 {
		return nil, c.unavailable(reasons)
	}
	return replies, nil
}

func asCalls(questions []Question) []call {
	out := make([]call, len(questions))
	for i, q := range questions {
		out[i] = call{method: q.Method, params: slices.Clone(q.Params)}
	}
	return out
}

// replies asks, and hands out what was answered, unless it is that we ask too often. A question by itself
// is refused like one among many: by an error of the protocol, which is an answer here.
func (e *endpoint) replies(ctx context.Context, calls []call) ([]Reply, error) {
	answers, err := e.askEach(ctx, calls)
	var refused *rpcError
	if len(calls) == 1 && errors.As(err, &refused) {
		answers, err = []answer{{err: refused}}, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]Reply, len(answers))
	for i, a := range answers {
		switch {
		case a.err == nil:
			out[i].Result = a.result
		case a.err.pace():
			return nil, a.err
		default:
			out[i].Refused = &Refusal{a.err.code, e.redact(printable(a.err.message, maxMessage))}
		}
	}
	return out, nil
}
