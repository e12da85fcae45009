package worker

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/app"
)

// roll is one without others on it.
type roll struct {
	mu     sync.Mutex
	names  int
	on     []string        // who came on, in turn
	left   int             // how often somebody left because he was done
	throws chan error      // each ends the stay of whoever is on
	closed error           // why nobody comes on
	before func(on string) // called when somebody is about to come on
}

func (r *roll) WorkerName() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names++
	return "worker-" + strconv.Itoa(r.names)
}

func (r *roll) Attend(ctx context.Context, worker string, attending func()) error {
	if r.closed != nil {
		return r.closed
	}
	if r.before != nil {
		r.before(worker)
	}
	r.mu.Lock()
	r.on = append(r.on, worker)
	r.mu.Unlock()
	attending()
	select {
	case err := <-r.throws:
		return err
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		r.left++
		return nil
	}
}

func (r *roll) present() (on []string, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.on...), r.left
}

// A worker is on the roll before its first job, by the name that its jobs bear, and until after its
// last: otherwise another would take a job from under it.
func TestTheWorkerIsOnTheRollWhileItWorks(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_1"})
	coming, begun, release := make(chan bool), make(chan bool), make(chan bool)
	r := &roll{before: func(string) { coming <- true; <-coming }}
	stop := q.run(Options{Roll: r, Deliver: doing(func(context.Context, app.Deliver) (time.Duration, error) {
		begun <- true
		<-release
		return 0, nil
	})}, patience)
	arrives(t, coming)
	if s := q.states(); s != "map[available:1]" {
		t.Errorf("before the worker is on the roll jobs are %s", s)
	}
	coming <- true
	arrives(t, begun)
	list, err := q.client.JobList(t.Context(), nil)
	if err != nil || len(list.Jobs) != 1 || strings.Join(list.Jobs[0].AttemptedBy, " ") != "worker-1" {
		t.Errorf("the job bears %v, %v", list, err)
	}
	ended := make(chan error)
	go func() { ended <- stop() }()
	if _, left := r.present(); left != 0 {
		t.Error("the worker left the roll while it worked")
	}
	close(release)
	if err := arrives(t, ended); err != nil {
		t.Error(err)
	}
	if on, left := r.present(); strings.Join(on, " ") != "worker-1" || left != 1 {
		t.Errorf("on the roll were %v, and %d left", on, left)
	}
}

// Whoever loses his place comes back by the same name, and says so in the log.
func TestALostPlaceIsTakenAgain(t *testing.T) {
	q := openQueue(t)
	came := make(chan string, 2)
	r := &roll{throws: make(chan error), before: func(name string) { came <- name }}
	q.run(Options{Roll: r, Deliver: doing(nil)}, softStop)
	first := arrives(t, came)
	r.throws <- errors.New("the connection is gone")
	if second := arrives(t, came); second != first {
		t.Errorf("%s came back as %s", first, second)
	}
	if log := q.log.String(); !strings.Contains(log, "the connection is gone") {
		t.Errorf("the log lacks why:\n%s", log)
	}
}

// A worker that cannot come on works nothing: its jobs would be taken for those of a dead one.
func TestNoPlaceOnTheRollIsAnError(t *testing.T) {
	q := openQueue(t)
	q.put(app.Deliver{DeliveryID: "del_1"})
	closed := errors.New("the roll is closed")
	w, err := New(q.driver, Options{
		Log: slog.New(slog.DiscardHandler), Deliver: doing(nil), Roll: &roll{closed: closed},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Run(t.Context()); !errors.Is(err, closed) || q.states() != "map[available:1]" {
		t.Errorf("got %v, jobs are %s", err, q.states())
	}
}
