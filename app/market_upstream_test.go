package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/101pay/101pay/ports"
)

// scriptedUpstream is a merchant's server.
type scriptedUpstream struct {
	mu     sync.Mutex
	asked  []ports.UpstreamRequest
	answer func(ports.UpstreamRequest) (ports.UpstreamAnswer, error)
}

func (u *scriptedUpstream) Ask(_ context.Context, r ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
	u.mu.Lock()
	u.asked = append(u.asked, r)
	n, answer := len(u.asked), u.answer
	u.mu.Unlock()
	if answer != nil {
		return answer(r)
	}
	return ports.UpstreamAnswer{
		Status: http.StatusOK, Headers: map[string]string{"Content-Type": "text/plain"}, Body: fmt.Appendf(nil, "answer %d", n),
	}, nil
}

func (u *scriptedUpstream) says(status int) {
	u.answer = func(ports.UpstreamRequest) (ports.UpstreamAnswer, error) {
		return ports.UpstreamAnswer{Status: status, Headers: map[string]string{}, Body: []byte("no")}, nil
	}
}

func (u *scriptedUpstream) times() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.asked)
}

var errDown = errors.New("nothing answers")
