package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// announce records events, owes each to every endpoint that asked for it, and has them delivered:
// all in the unit of work that made them happen, so that no news is lost and none is false.
func announce(ctx context.Context, r ports.Repos, es []webhook.Event, ids ports.IDs) error {
	var of []ports.Audience
	asked := make(map[ports.Audience]bool)
	for _, e := range es {
		if a := audienceOf(e); !asked[a] {
			asked[a] = true
			of = append(of, a)
		}
	}
	endpoints, err := r.Webhooks.EndpointsOf(ctx, of)
	if err != nil {
		return err
	}
	var owed []webhook.Delivery
	for _, e := range es {
		for _, to := range endpoints[audienceOf(e)] {
			if to.Enabled && to.Wants(e.Type) {
				owed = append(owed, owe(e, to, e.CreatedAt, ids))
			}
		}
	}
	return addEvents(ctx, r, es, owed)
}

func audienceOf(e webhook.Event) ports.Audience {
	return ports.Audience{Project: e.ProjectID, Mode: e.Mode}
}

// owe answers a new delivery of an event to an endpoint.
func owe(e webhook.Event, to webhook.Endpoint, now time.Time, ids ports.IDs) webhook.Delivery {
	return webhook.Delivery{
		ID: webhook.DeliveryPrefix + ids.UUID(), EventID: e.ID, EndpointID: to.ID, MerchantID: e.MerchantID,
		Status: webhook.Pending, NextAt: now, UpdatedAt: now,
	}
}

// addEvents records events with the deliveries of them that are owed and a job for each.
func addEvents(
	ctx context.Context, r ports.Repos, es []webhook.Event, owed []webhook.Delivery,
) error {
	for _, e := range es {
		if err := e.Check(); err != nil {
			return err
		}
	}
	if err := r.Webhooks.AddEvents(ctx, es, owed); err != nil {
		return fmt.Errorf("record %d events: %w", len(es), err)
	}
	jobs := make([]ports.Job, len(owed))
	for i, d := range owed {
		jobs[i] = firstTry(d)
	}
	return r.Jobs.EnqueueAll(ctx, jobs)
}

// firstTry is the job that begins a round of a delivery.
func firstTry(d webhook.Delivery) Deliver {
	return Deliver{
		DeliveryID: d.ID, EndpointID: d.EndpointID, Attempt: d.Attempts + 1, Round: d.Round, Try: 1,
	}
}

// Headers of a delivery (Standard Webhooks).
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
	userAgent       = "101pay-webhooks/1"
)

const (
	// recordTimeout bounds the recording of an attempt, which is finished even when its job is being
	// stopped: what was sent and not recorded is sent again.
	recordTimeout = 10 * time.Second
	// deniedTooOften is the try of a round from which an address we refuse is worth the operator's
	// attention.
	deniedTooOften = 3

	sandboxTrouble = "webhook" // ports.SandboxTrouble.Kind of an endpoint that is down
)

// Deliver makes the attempt a job asks for. wait is positive when it cannot be made yet because
// enough is on its way to the endpoint: the job shall come back after it. An error means that
// something of ours failed, and the job shall be repeated; then the same event may arrive twice,
// under the same webhook-id.
func (s *Webhooks) Deliver(ctx context.Context, job Deliver) (wait time.Duration, err error) {
	wait, ok := s.lanes.enter(job.EndpointID, job.DeliveryID)
	if !ok {
		return wait, nil
	}
	defer s.lanes.leave(job.EndpointID, job.DeliveryID)
	c, due, err := s.claim(ctx, job)
	if err != nil || !due {
		return 0, err
	}
	started := s.now()
	result, err := s.attempt(ctx, c, started)
	if err != nil {
		return 0, fmt.Errorf("attempt %d at delivery %s: %w", job.Attempt, job.DeliveryID, err)
	}
	if stopped := ctx.Err(); stopped != nil && result.Outcome != webhook.OutcomeDelivered {
		return 0, stopped // our own end is no failure of the receiver
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return 0, s.record(ctx, job, c, webhook.Attempt{
		DeliveryID: job.DeliveryID, Number: job.Attempt, At: started, Took: result.Took,
		StatusCode: result.StatusCode, Outcome: result.Outcome, Answer: result.Answer,
		Sent: result.Sent, Answered: result.Answered,
	}, result.RetryAfter)
}

// claim answers the case of a job whose attempt is due. A job is not due when another made its
// attempt already, when a replay overtook it, or when its endpoint is gone or turned off.
func (s *Webhooks) claim(
	ctx context.Context, job Deliver,
) (c ports.DeliveryCase, due bool, err error) {
	err = s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		due = false
		c, err = r.Webhooks.Deliveries().Load(ctx, job.DeliveryID)
		if errors.Is(err, ports.ErrNotFound) {
			return nil
		}
		d := c.Delivery
		if err != nil || d.Status != webhook.Pending || d.Round != job.Round || d.Attempts >= job.Attempt {
			return err
		}
		if !c.Endpoint.Enabled {
			d.Abandon(s.now())
			return r.Webhooks.Deliveries().Save(ctx, d)
		}
		due = true
		return nil
	})
	return c, due, err
}

// attempt signs the event and sends it. It touches no row.
func (s *Webhooks) attempt(
	ctx context.Context, c ports.DeliveryCase, now time.Time,
) (ports.SendResult, error) {
	down, err := s.scriptedDown(ctx, c.Event, now)
	if err != nil {
		return ports.SendResult{}, err
	}
	if down {
		return ports.SendResult{Outcome: webhook.OutcomeSandboxDown}, nil
	}
	secrets, err := s.signing(c.Endpoint, now)
	if err != nil {
		return ports.SendResult{}, fmt.Errorf("open secrets of endpoint %s: %w", c.Endpoint.ID, err)
	}
	signature, err := webhook.Sign(secrets, c.Event.ID, now, c.Event.Body)
	if err != nil {
		return ports.SendResult{}, err
	}
	return s.Sender.Send(ctx, ports.Outgoing{
		URL: c.Endpoint.URL, Body: c.Event.Body,
		Headers: map[string]string{
			"Content-Type": "application/json", "User-Agent": userAgent,
			headerID: c.Event.ID, headerTimestamp: webhook.Timestamp(now), headerSignature: signature,
		},
	}), nil
}

// scriptedDown reports whether a test scenario has the project's endpoints down.
func (s *Webhooks) scriptedDown(
	ctx context.Context, e webhook.Event, now time.Time,
) (bool, error) {
	if e.Mode != merchant.Test {
		return false, nil
	}
	troubles, err := s.Sandbox.Troubles(ctx, now)
	return slices.ContainsFunc(troubles, func(t ports.SandboxTrouble) bool {
		return t.Kind == sandboxTrouble && t.Project == e.ProjectID
	}), err
}

// record keeps an attempt, what it means for its delivery and endpoint, and the next job, in one
// unit of work.
func (s *Webhooks) record(
	ctx context.Context, job Deliver, was ports.DeliveryCase, a webhook.Attempt, retryAfter time.Duration,
) error {
	now := s.now()
	next, again := webhook.NativeSchedule().Next(
		job.Try, retryAfter, now, s.Core.IDs.Intn(webhook.JitterSteps))
	follow := Deliver{
		DeliveryID: job.DeliveryID, EndpointID: job.EndpointID,
		Attempt: job.Attempt + 1, Round: job.Round, Try: job.Try + 1,
	}
	turnedOff := ""
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		turnedOff = ""
		// The endpoint first: whoever removes it takes the two in this order.
		endpoint, err := r.Webhooks.LoadEndpoint(ctx, was.Endpoint.ProjectID, was.Endpoint.ID)
		if err != nil {
			return unlessGone(err)
		}
		c, err := r.Webhooks.Deliveries().Load(ctx, job.DeliveryID)
		if err != nil || c.Delivery.Attempts >= job.Attempt {
			return unlessGone(err) // a repetition of this job was faster
		}
		if turnedOff, err = settleEndpoint(ctx, r, endpoint, a, now); err != nil {
			return err
		}
		d, follow, at := c.Delivery, follow, next
		switch {
		case d.Round != job.Round: // replayed meanwhile; the job of the replay asks for this number
			at = d.NextAt
			follow.Round, follow.Try = d.Round, 1
			d.Retry(at, now)
		case a.Outcome == webhook.OutcomeDelivered:
			d.Delivered(now)
		case !again || !endpoint.Enabled || turnedOff != "":
			d.Exhausted(now)
		default:
			d.Retry(at, now)
		}
		if err := r.Webhooks.Deliveries().AddAttempt(ctx, a); err != nil {
			return err
		}
		if err := r.Webhooks.Deliveries().Save(ctx, d); err != nil || d.Status != webhook.Pending {
			return err
		}
		return r.Jobs.Enqueue(ctx, follow, at)
	})
	if err != nil {
		return fmt.Errorf("record attempt %d at delivery %s: %w", a.Number, a.DeliveryID, err)
	}
	s.say(ctx, job, was.Endpoint, a, turnedOff)
	return nil
}

// settleEndpoint keeps what an attempt means for its endpoint, and answers why it was turned off, if
// it was.
func settleEndpoint(
	ctx context.Context, r ports.Repos, e webhook.Endpoint, a webhook.Attempt, now time.Time,
) (turnedOff string, err error) {
	wasOn, hadFailures := e.Enabled, e.Failures > 0
	if a.Outcome == webhook.OutcomeDelivered {
		if !hadFailures {
			return "", nil
		}
		e.Succeeded()
	} else {
		e.Failed(a.Outcome, now)
	}
	if wasOn && !e.Enabled {
		turnedOff = e.DisabledFor
	}
	return turnedOff, r.Webhooks.SaveEndpoint(ctx, e)
}

// unlessGone forgives that something was removed meanwhile.
func unlessGone(err error) error {
	if errors.Is(err, ports.ErrNotFound) {
		return nil
	}
	return err
}

// say logs what came of an attempt: neither the URL nor the answer, which may hold secrets.
func (s *Webhooks) say(
	ctx context.Context, job Deliver, e webhook.Endpoint, a webhook.Attempt, turnedOff string,
) {
	level, what := slog.LevelInfo, "webhook attempt failed"
	switch {
	case a.Outcome == webhook.OutcomeDelivered:
		level, what = slog.LevelDebug, "webhook delivered"
	case a.Outcome == webhook.OutcomeEgressDenied && job.Try >= deniedTooOften:
		level = slog.LevelWarn
	}
	s.Log.LogAttrs(ctx, level, what,
		slog.String("endpoint", e.ID), slog.String("delivery", a.DeliveryID),
		slog.Int("attempt", a.Number), slog.String("outcome", a.Outcome),
		slog.Int("status", a.StatusCode), slog.Duration("took", a.Took))
	if turnedOff != "" {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "webhook endpoint disabled",
			slog.String("endpoint", e.ID), slog.String("merchant", string(e.MerchantID)),
			slog.String("reason", turnedOff))
	}
}
