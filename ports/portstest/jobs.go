package portstest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/ports"
)

var jobPromises = []promise{
	{"a committed job is in the queue, with its words and its time", jobsEnqueued},
	{"a job without a time may run at once", jobsSoon},
	{"a job cannot be seen before its unit of work commits", jobsInvisible},
	{"a job of a rolled back unit of work is gone", jobsRollBack},
	{"jobs alike are jobs apart", jobsAlike},
}

// Parcel is a job that means nothing.
type Parcel struct {
	Number int    `json:"number"`
	Label  string `json:"label"`
}

// Kind names the job in the queue.
func (Parcel) Kind() string { return "portstest_parcel" }

// parcels lists the parcels in the queue.
func parcels(t *testing.T, w World) []Parcel {
	t.Helper()
	jobs, err := w.Jobs.Enqueued(t.Context())
	ok(t, err)
	var out []Parcel
	for _, j := range jobs {
		same(t, j.Kind, Parcel{}.Kind())
		var p Parcel
		ok(t, json.Unmarshal(j.JSON, &p))
		out = append(out, p)
	}
	return out
}

func enqueue(t *testing.T, w World, p Parcel, at time.Time) {
	t.Helper()
	do(t, w, func(ctx context.Context, r ports.Repos) error { return r.Jobs.Enqueue(ctx, p, at) })
}

func jobsEnqueued(t *testing.T, w World) {
	first, second := Parcel{Number: 1, Label: "☕ \"fragile\""}, Parcel{Number: 2}
	enqueue(t, w, first, Epoch.Add(time.Hour))
	enqueue(t, w, second, Epoch)
	same(t, parcels(t, w), []Parcel{first, second})
	jobs, err := w.Jobs.Enqueued(t.Context())
	ok(t, err)
	same(t, jobs[0].At, Epoch.Add(time.Hour))
	same(t, jobs[1].At, Epoch)
}

func jobsSoon(t *testing.T, w World) {
	enqueue(t, w, Parcel{Number: 1}, time.Time{})
	same(t, parcels(t, w), []Parcel{{Number: 1}})
}

func jobsInvisible(t *testing.T, w World) {
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		if err := r.Jobs.Enqueue(ctx, Parcel{Number: 1}, Epoch); err != nil {
			return err
		}
		if early := parcels(t, w); len(early) > 0 {
			t.Errorf("a job can be worked before its cause is committed: %v", early)
		}
		return nil
	})
	same(t, parcels(t, w), []Parcel{{Number: 1}})
}

func jobsRollBack(t *testing.T, w World) {
	stop := errors.New("stop")
	isFault(t, w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		if err := r.Jobs.Enqueue(ctx, Parcel{Number: 1}, Epoch); err != nil {
			return err
		}
		return stop
	}), stop)
	same(t, parcels(t, w), []Parcel(nil))
}

func jobsAlike(t *testing.T, w World) {
	enqueue(t, w, Parcel{Number: 1}, Epoch)
	enqueue(t, w, Parcel{Number: 1}, Epoch)
	same(t, parcels(t, w), []Parcel{{Number: 1}, {Number: 1}})
}
