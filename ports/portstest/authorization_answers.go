package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

var answerPromises = []promise{
	{"an answer is kept byte for byte, and replaced", answersKept},
	{"an answer is no longer than it may be", answersBounded},
	{"expired answers are pruned, the longest expired first, no more than asked", answersPruned},
}

func keepAnswer(t *testing.T, w World, k x402.ClaimKey, answer ports.AuthorizationAnswer) error {
	t.Helper()
	return w.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
		return r.Authorizations.Keep(ctx, k, answer)
	})
}

// answerTo reads an answer in both ways, which must agree; nil if there is none.
func answerTo(t *testing.T, w World, k x402.ClaimKey) *ports.AuthorizationAnswer {
	t.Helper()
	_, answer, err := w.Authorizations.ByKey(t.Context(), k)
	ok(t, err)
	do(t, w, func(ctx context.Context, r ports.Repos) error {
		inside, err := r.Authorizations.Answer(ctx, k)
		if answer == nil {
			isFault(t, err, ports.ErrNotFound)
			return nil
		}
		same(t, inside, *answer)
		return err
	})
	return answer
}

func weather(expires time.Time) ports.AuthorizationAnswer {
	return ports.AuthorizationAnswer{
		Status: 200, Headers: map[string]string{"Content-Type": "text/plain; charset=\"utf-8\""},
		Body: []byte("{\"id\":\"\x00\xff\"}\n"), Expires: expires,
	}
}

func answersKept(t *testing.T, w World) {
	shop := OpenShop(t, w)
	a, other := shop.AddAuthorization(t, x402.Settled), shop.AddAuthorization(t, x402.Settled)
	first := weather(Epoch.Add(x402.ReplayFor))
	ok(t, keepAnswer(t, w, keyOf(a), first))
	same(t, answerTo(t, w, keyOf(a)), &first)
	second := ports.AuthorizationAnswer{Status: 204, Expires: Epoch}
	ok(t, keepAnswer(t, w, keyOf(a), second))
	same(t, answerTo(t, w, keyOf(a)), &second)
	same(t, answerTo(t, w, keyOf(other)), (*ports.AuthorizationAnswer)(nil))
	nobody := shop.Authorization(t, x402.Settled)
	isFault(t, keepAnswer(t, w, keyOf(nobody), first), ports.ErrNotFound)
}

func answersBounded(t *testing.T, w World) {
	a := OpenShop(t, w).AddAuthorization(t, x402.Settled)
	long := weather(Epoch)
	long.Body = make([]byte, ports.MaxAnswerBytes)
	ok(t, keepAnswer(t, w, keyOf(a), long))
	same(t, len(answerTo(t, w, keyOf(a)).Body), ports.MaxAnswerBytes)
	long.Body = append(long.Body, 0)
	isFault(t, keepAnswer(t, w, keyOf(a), long), ports.ErrAnswerTooLong)
}

func answersPruned(t *testing.T, w World) {
	shop := OpenShop(t, w)
	keys := make([]x402.ClaimKey, 4)
	for _, at := range []int{2, 1, 0, 3} {
		keys[at] = keyOf(shop.AddAuthorization(t, x402.Settled))
		ok(t, keepAnswer(t, w, keys[at], weather(Epoch.Add(time.Duration(at)*time.Minute))))
	}
	prune := func(limit int) int {
		return in(t, w, func(ctx context.Context, r ports.Repos) (int, error) {
			return r.Authorizations.PruneAnswers(ctx, Epoch.Add(3*time.Minute), limit)
		})
	}
	left := func(want ...bool) {
		for i, k := range keys {
			same(t, answerTo(t, w, k) != nil, want[i])
		}
	}
	same(t, prune(2), 2)
	left(false, false, true, true)
	same(t, prune(2), 1)
	left(false, false, false, true)
	same(t, prune(2), 0)
}
