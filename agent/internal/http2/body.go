package http2

import (
	"slices"

	h2 "golang.org/x/net/http2"
)

// maxAhead is how much of bodies is made ready for one write.
const maxAhead = 64 << 10

// sendBody sends the rest of the request's body, as fast as the peer's windows let
// it. It returns when all is sent or the call has ended, be it by an early answer.
func (s *session) sendBody(sl *slot) {
	for {
		s.mu.Lock()
		if sl.phase == idle || len(sl.unsent) == 0 {
			s.mu.Unlock()
			return
		}
		if s.appendBody(sl) {
			s.flushAfter()
			continue
		}
		if !slices.Contains(s.bodies, sl) {
			s.bodies = append(s.bodies, sl)
		}
		s.flushAfter()
		select {
		case <-sl.progress:
		case <-sl.finished:
			sl.finished <- struct{}{} // for Do
			return
		}
	}
}

// appendBody appends what may be sent now; false when that is nothing.
func (s *session) appendBody(sl *slot) bool {
	if sl.phase != open || s.broken != nil {
		return false
	}
	some := false
	for len(sl.unsent) > 0 && len(s.pending) < maxAhead {
		n := min(int64(len(sl.unsent)), smallestFrame, s.sendWindow, sl.sendWindow)
		if n <= 0 {
			break
		}
		var flags h2.Flags
		if n == int64(len(sl.unsent)) {
			flags = h2.FlagDataEndStream
		}
		s.pending = appendFrame(s.pending, h2.FrameData, flags, sl.id, sl.unsent[:n])
		sl.unsent = sl.unsent[n:]
		s.sendWindow -= n
		sl.sendWindow -= n
		some = true
	}
	return some
}

// pokeBodies has those look again that wait to send their bodies.
func (s *session) pokeBodies() {
	for _, sl := range s.bodies {
		sl.poke()
	}
	s.bodies = s.bodies[:0]
}
