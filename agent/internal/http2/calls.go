package http2

import (
	"time"

	h2 "golang.org/x/net/http2"
)

// begin sends the slot's request, or has it wait for a free stream. Each call that
// was begun ends with one token in its finished. An error says why it was not
// begun: cancelled, or why the session takes no more calls.
func (s *session) begin(sl *slot, deadline int64) *Error {
	s.mu.Lock()
	if s.cause != nil {
		defer s.mu.Unlock()
		return s.cause
	}
	if sl.session.Load() != s {
		sl.session.Store(s)
	}
	if sl.watch != nil {
		if err := sl.watch.ended.Load(); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	sl.reset(deadline, s.owner.config.Body)
	sl.watched = sl.watch
	if len(s.queue) > 0 || s.active >= s.maxStreams {
		sl.phase, sl.queued = waiting, s.owner.now()
		s.queue = append(s.queue, sl)
	} else if !s.open(sl) {
		defer s.mu.Unlock()
		return s.cause
	}
	// A call that has waited for a connection may be due before those on it.
	if deadline > 0 && (s.armed == 0 || deadline < s.armed) {
		s.armed = deadline
		s.timer.Reset(time.Duration(deadline - s.owner.now()))
	}
	s.flushAfter()
	return nil
}

// open opens a stream for the slot's request, and sends its body too where it is
// small and the peer takes it. False says that the numbers have run out.
func (s *session) open(sl *slot) bool {
	id, mask := s.nextID, uint32(len(s.table)-1)
	for s.table[id>>1&mask] != nil {
		id += 2
	}
	if id > maxID {
		s.drain(failure(Connection, "connection to %q: no stream numbers are left", s.owner.config.Address))
		return false
	}
	s.nextID = id + 2
	s.table[id>>1&mask] = sl
	s.active++
	sl.phase, sl.id, sl.sendWindow = open, id, s.streamWindow
	if s.opened {
		s.pending = appendFor(s.pending, s.request.rest, id)
	} else {
		s.opened = true
		s.pending = appendFor(s.pending, s.request.first, id)
	}
	if n := int64(len(sl.unsent)); s.request.body != nil && n <= s.sendWindow && n <= sl.sendWindow {
		s.pending = appendFor(s.pending, s.request.body, id)
		s.sendWindow -= n
		sl.unsent = nil
	}
	return true
}

// lookup finds an open stream; nil where it is none of ours any more.
func (s *session) lookup(id uint32) *slot {
	if sl := s.table[id>>1&uint32(len(s.table)-1)]; sl != nil && sl.id == id {
		return sl
	}
	return nil
}

// take ends the slot's call on this session, without telling its worker yet, and
// lets in who waits for the stream.
func (s *session) take(sl *slot, err *Error) {
	if sl.phase == waiting {
		for i, other := range s.queue {
			if other == sl {
				s.queue = append(s.queue[:i], s.queue[i+1:]...)
				break
			}
		}
		sl.waited += s.owner.now() - sl.queued
	} else {
		s.table[sl.id>>1&uint32(len(s.table)-1)] = nil
		s.active--
	}
	if s.in.data.slot == sl {
		s.in.data.slot = nil
	}
	sl.phase, sl.err, sl.unsent = idle, err, nil
	if len(s.queue) > 0 || s.draining {
		s.admit()
	}
}

// admit opens streams for those that wait, and ends a draining session after its
// last one.
func (s *session) admit() {
	if s.ended {
		return
	}
	for len(s.queue) > 0 && s.active < s.maxStreams && !s.draining {
		sl := s.queue[0]
		if !s.open(sl) {
			break // and the queue has moved
		}
		s.queue = append(s.queue[:0], s.queue[1:]...)
		sl.waited += s.owner.now() - sl.queued
		sl.poke()
	}
	if s.draining && s.active == 0 {
		s.interrupt()
	}
}

// release ends the slot's call and tells its worker.
func (s *session) release(sl *slot, err *Error) {
	s.take(sl, err)
	sl.finished <- struct{}{}
}

// abort ends the slot's call on our own account: the peer is told, and the
// connection goes on.
func (s *session) abort(sl *slot, err *Error) {
	if sl.phase == open {
		s.pending = appendNumber(s.pending, h2.FrameRSTStream, sl.id, uint32(h2.ErrCodeCancel))
	}
	s.release(sl, err)
}

// drain lets the open streams end and takes no more calls.
func (s *session) drain(why *Error) {
	s.draining = true
	if s.cause == nil {
		s.cause = why
	}
	s.moveQueue()
	s.admit()
}

// moveQueue sends those that wait for a stream to another session: they were not
// sent.
func (s *session) moveQueue() {
	for len(s.queue) > 0 {
		s.release(s.queue[len(s.queue)-1], errMoved)
	}
}

// interrupt has the reader end the session.
func (s *session) interrupt() { _ = s.sock.SetReadDeadline(time.Unix(1, 0)) }
