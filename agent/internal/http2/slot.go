package http2

import (
	"context"
	"sync/atomic"
)

type phase uint8

const (
	idle    phase = iota
	waiting       // for a free stream
	open          // its stream is open
)

// slot is one worker's place: the call that it makes and what has come of it.
// While a call is under way the mutex of the session that it was begun on guards
// the fields; before and after they are the worker's own.
type slot struct {
	// finished takes one token for each call that was begun, and holds it.
	finished chan struct{}
	// progress tells a worker that sends a body to look again.
	progress chan struct{}
	// session that the last call was begun on, for those who cancel.
	session atomic.Pointer[session]

	phase    phase
	id       uint32
	deadline int64 // on the connection's clock; 0 is none
	queued   int64 // since when it waits for a stream
	waited   int64
	err      *Error

	// The request's body as far as it is not sent, and what the peer still takes.
	unsent     []byte
	sendWindow int64

	// The answer.
	status        int
	length        int64
	headerBytes   int64
	bodyBytes     int64
	receiveWindow int64
	unreported    int64 // received, but not given back by a WINDOW_UPDATE
	body          []byte

	watched *watch // what can cancel the call in flight
	watch   *watch // the worker's own, for its next call
}

// reset prepares for a call.
func (s *slot) reset(deadline int64, body []byte) {
	s.deadline, s.err, s.unsent = deadline, nil, body
	s.status, s.length = 0, -1
	s.headerBytes, s.bodyBytes, s.unreported = 0, 0, 0
	s.receiveWindow = receiveWindow
	s.body = s.body[:0]
}

// watch cancels a slot's calls when a context ends. It is made once for all calls
// with the same context.
type watch struct {
	done   <-chan struct{} // of the context
	ended  atomic.Pointer[Error]
	forget func() bool
}

// watchContext sees to it that the slot's calls end with ctx.
func (s *slot) watchContext(ctx context.Context) {
	done := ctx.Done()
	if s.watch != nil {
		if s.watch.done == done {
			return
		}
		s.watch.forget()
		s.watch = nil
	}
	if done == nil {
		return
	}
	w := &watch{done: done}
	s.watch = w
	w.forget = context.AfterFunc(ctx, func() {
		// First the mark, then the call in flight: a call that is just being
		// begun sees the one or is found by the other.
		err := endOf(ctx)
		w.ended.Store(err)
		if session := s.session.Load(); session != nil {
			session.cancel(s, w, err)
		}
	})
}

// poke tells the worker to look again.
func (s *slot) poke() {
	select {
	case s.progress <- struct{}{}:
	default:
	}
}
