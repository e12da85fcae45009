package bench

import (
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/e2e/rig"
)

// emptyAddress is set in the process that answers nothing but that it is there.
const emptyAddress = "BENCH_EMPTY_HANDLER"

// serveNothing is the least an HTTP service written with Gin can do.
func serveNothing(address string) {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	nothing := func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "ok"}) }
	e.GET("/empty", nothing)
	e.POST("/empty", nothing)
	server := &http.Server{Addr: address, Handler: e, ReadHeaderTimeout: answerLimit}
	_ = server.ListenAndServe() // whoever waits for it will tell
}

// startNothing runs serveNothing in a process of its own, as the gateway has one.
func startNothing(t *testing.T) (address string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address = rig.FreeAddress(t)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), emptyAddress+"="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	rig.Eventually(t, answerLimit, "the empty handler answers", func() bool {
		answer, err := http.Get("http://" + address + "/empty")
		if err != nil {
			return false
		}
		return answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return address
}

// polled is how many sessions are looked at.
const polled = 64

// poll measures what a page that waits for its payment asks for, against a handler that does nothing.
func (s *stage) poll(t *testing.T) {
	m := s.g.Register(t)
	var sessions, tags []string
	for range polled {
		id := m.Pay(t, "25.00")
		s.g.Intent(t, id)
		status := s.g.Call(http.MethodGet, "/en/checkout/"+id+"/status", nil, "X-Forwarded-For", "10.1.0.1").
			Want(t, http.StatusOK)
		sessions, tags = append(sessions, id), append(tags, status.Header.Get("ETag"))
		s.sessions++
	}
	nothing := load{startNothing(t), [][]byte{shot(0, http.MethodGet, "/empty", nil)}, http.StatusOK, 64, false}
	native := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, "/v1/checkout/sessions/"+sessions[n%polled], nil)
	}), http.StatusOK, 64, false}
	hosted := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, "/en/checkout/"+sessions[n%polled]+"/status", nil)
	}), http.StatusOK, 64, false}
	unchanged := load{s.address(), shots(func(n int) []byte {
		return shot(n, http.MethodGet, "/en/checkout/"+sessions[n%polled]+"/status", nil,
			"If-None-Match", tags[n%polled])
	}), http.StatusNotModified, 64, false}
	by := func(name string, goal float64, l load) contest {
		return contest{name, goal, func(t *testing.T, d time.Duration) pace {
			_, p := l.fire(t, d)
			return p
		}}
	}
	s.against(t, by("empty Gin handler, 64 clients", 0, nothing),
		by("status of a session, 64 clients", 0.95, native),
		by("status of a page, 64 clients", 0.95, hosted),
		by("status of a page, unchanged, 64 clients", 0.95, unchanged))
}
