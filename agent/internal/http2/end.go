package http2

import (
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"time"

	h2 "golang.org/x/net/http2"
)

// fail ends the session and all its calls. Only the first reason counts.
func (s *session) fail(err error) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	if s.broken != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.broken
	}
	cause := s.describe(err)
	s.ended = true
	if s.cause == nil {
		s.cause = cause
	}
	for _, sl := range s.table {
		if sl != nil {
			e := cause
			if sl.status > 0 && cause.Kind == Connection {
				e = &Error{Body, cause.Err}
			}
			s.release(sl, e)
		}
	}
	s.moveQueue()
	s.timer.Stop()
	s.mu.Unlock()
	s.owner.current.CompareAndSwap(s, nil)
	var own *protocolError
	if errors.As(err, &own) {
		s.bye(own.code)
	}
	_ = s.conn.Close()
}

// describe turns the reason of an end into the failure of those calls that it
// concerns.
func (s *session) describe(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("closed by the peer")
	}
	return failure(Connection, "connection to %q: %w", s.owner.config.Address, err)
}

// bye tells the peer why the session ends, if that goes at once.
func (s *session) bye(code h2.ErrCode) {
	var last [8]byte
	last[7] = byte(code)
	_, _ = s.conn.Write(appendFrame(nil, h2.FrameGoAway, 0, 0, last[:]))
}

// leave ends the session on our own account.
func (s *session) leave() {
	s.bye(h2.ErrCodeNo)
	s.fail(errClosed)
}

// cancel ends a slot's call, if it is still one with that context.
func (s *session) cancel(sl *slot, w *watch, err *Error) {
	s.mu.Lock()
	// The slot may be on another session by now, and then is not ours to look at.
	if (slices.Contains(s.table, sl) || slices.Contains(s.queue, sl)) && sl.watched == w {
		s.abort(sl, err)
	}
	s.flushAfter()
}

// expire ends the calls whose time is up, and sets the timer for the next one.
func (s *session) expire() {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	now, next := s.owner.now(), int64(math.MaxInt64)
	look := func(sl *slot) {
		switch {
		case sl == nil || sl.deadline == 0:
		case sl.deadline <= now:
			s.abort(sl, errTimeout)
		default:
			next = min(next, sl.deadline)
		}
	}
	// The waiting first: they must not be let in by those that time out, only
	// to time out themselves.
	for _, sl := range append([]*slot(nil), s.queue...) {
		look(sl)
	}
	for _, sl := range s.table {
		look(sl)
	}
	if s.armed = 0; next < math.MaxInt64 {
		s.armed = next
		s.timer.Reset(time.Duration(next - now))
	}
	s.flushAfter()
}
