package http2

import "time"

// maxPending bounds what waits to be written to a peer that does not read.
const maxPending = 4 << 20

// flushAfter unlocks the mutex, and writes what is pending unless somebody else is
// about to.
func (s *session) flushAfter() {
	if s.flushing || len(s.pending) == 0 {
		s.mu.Unlock()
		return
	}
	s.flushing = true
	s.mu.Unlock()
	s.flush()
}

// flush writes what is pending, and what is appended meanwhile. Only who has set
// flushing may call it.
func (s *session) flush() {
	s.mu.Lock()
	for len(s.pending) > 0 && s.broken == nil && !s.ended {
		out := s.pending
		s.pending = s.spare[:0]
		s.mu.Unlock()
		_, err := s.conn.Write(out)
		s.mu.Lock()
		s.spare = out
		switch {
		case err != nil:
			s.breakDown(err)
		case s.ended: // and nobody would wait for another goroutine
		case s.sock.behind.Load():
			s.owner.readers.Go(s.drainSocket)
			s.mu.Unlock()
			return // it goes on flushing
		}
	}
	s.flushing = false
	s.pokeBodies()
	s.mu.Unlock()
}

// drainSocket waits until the socket has taken what was written.
func (s *session) drainSocket() {
	if err := s.sock.drain(s.owner.config.Timeout); err != nil {
		s.mu.Lock()
		s.breakDown(err)
		s.mu.Unlock()
		return
	}
	s.flush()
}

// breakDown notes that nothing can be written any more. The reader ends the
// session: it gets a moment for what the peer may have sent as an explanation.
func (s *session) breakDown(err error) {
	s.broken = err
	if s.cause == nil {
		s.cause = s.describe(err)
	}
	_ = s.sock.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
}
