package pgembed

import (
	"context"
	"time"
)

const (
	// maxDeaths within deathWindow is when reviving stops: a server that dies this often has a
	// reason (a full disk, a broken file) which another start would not mend.
	maxDeaths   = 5
	deathWindow = time.Minute
	// reviveWait is the pause before reviving, so that a crash loop does not take the whole machine.
	reviveWait = 200 * time.Millisecond
)

// watch waits for the end of one process and revives the server if nobody asked for that end.
func (s *Server) watch(p *process) {
	<-p.exited
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc != p {
		return
	}
	s.proc = nil
	s.log.Error("private PostgreSQL died", "pid", p.pid(), "exit", p.exit())
	for s.mayRevive() {
		proc, err := s.relaunch()
		if err == nil {
			s.proc = proc
			s.log.Info("private PostgreSQL revived", "pid", proc.pid())
			go s.watch(proc)
			return
		}
		if s.quit.Err() != nil {
			return // Stop is waiting for mu and will do the rest
		}
		s.log.Error("private PostgreSQL not revived", "error", err)
	}
	if s.quit.Err() == nil {
		s.log.Error("private PostgreSQL given up", "deaths", len(s.deaths), "within", deathWindow)
		s.end.Do(func() { close(s.gone) })
	}
}

// mayRevive counts a death and waits a moment; false when there were too many or Stop was called.
func (s *Server) mayRevive() bool {
	now := time.Now()
	recent := s.deaths[:0]
	for _, at := range s.deaths {
		if now.Sub(at) < deathWindow {
			recent = append(recent, at)
		}
	}
	s.deaths = append(recent, now)
	if len(s.deaths) >= maxDeaths {
		return false
	}
	select {
	case <-s.quit.Done():
		return false
	case <-time.After(reviveWait):
		return true
	}
}

func (s *Server) relaunch() (*process, error) {
	ctx, cancel := context.WithTimeout(s.quit, startLimit)
	defer cancel()
	return s.launch(ctx)
}
