package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2/hpack"
)

// Conn is one connection to a target, made at its first call and made anew when
// it is broken, used up or ended by the peer. While the peer lets the calls of an
// old one end, there are two.
type Conn struct {
	config Config
	tls    *tls.Config
	fields []hpack.HeaderField
	slots  []slot
	epoch  time.Time
	// current is the session for new calls; nil when it is to be made.
	current atomic.Pointer[session]

	mu       sync.Mutex // guards all below
	closed   bool
	attempt  *attempt // connecting, nil when nobody is
	sessions map[*session]struct{}
	readers  sync.WaitGroup
}

// attempt is somebody's attempt to connect, that others wait for.
type attempt struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    *Error
}

// NewConn makes a client; an error tells what cannot be right about the request.
func NewConn(config Config) (*Conn, error) {
	if err := config.complete(); err != nil {
		return nil, fmt.Errorf("request over HTTP/2: %w", err)
	}
	c := &Conn{
		config: config, tls: config.tls(), fields: config.fields(),
		slots: make([]slot, config.Streams), epoch: time.Now(),
		sessions: make(map[*session]struct{}),
	}
	for i := range c.slots {
		c.slots[i].finished, c.slots[i].progress = make(chan struct{}, 1), make(chan struct{}, 1)
	}
	return c, nil
}

// maxTries is how many connections a call may find ended before it was sent.
const maxTries = 3

// now is the time on the connection's own clock, in ns.
func (c *Conn) now() int64 { return int64(time.Since(c.epoch)) }

// Do makes the request once and reads its answer to the end. Each slot, from 0 to
// Streams-1, is for one caller at a time. Errors are of type *Error; a status is
// never one. Nothing that was sent is ever sent again.
func (c *Conn) Do(ctx context.Context, slot int, r *Response) error {
	s := &c.slots[slot]
	*r = Response{Length: -1}
	deadline := int64(0)
	if c.config.Timeout > 0 {
		deadline = c.now() + int64(c.config.Timeout)
	}
	s.watchContext(ctx)
	s.waited = 0
	for tries := 1; ; {
		on := c.current.Load()
		if on == nil {
			var err *Error
			if on, err = c.connect(ctx, deadline, s, r); err != nil {
				r.Waited = time.Duration(s.waited)
				return err
			}
		}
		if err := on.begin(s, deadline); err != nil {
			over := s.watch != nil && s.watch.ended.Load() != nil
			if !over {
				c.current.CompareAndSwap(on, nil)
			}
			if tries++; over || tries > maxTries {
				r.Waited = time.Duration(s.waited)
				return err
			}
			continue
		}
		if len(c.config.Body) > 0 {
			on.sendBody(s)
		}
		<-s.finished
		if s.err == errMoved { //nolint:errorlint // never wrapped
			c.current.CompareAndSwap(on, nil)
			continue
		}
		r.Status, r.Length = s.status, s.length
		r.HeaderBytes, r.BodyBytes, r.Body = s.headerBytes, s.bodyBytes, s.body
		r.Waited = time.Duration(s.waited)
		if s.err != nil {
			return s.err
		}
		return nil
	}
}

// Connect makes the connection and makes no request over it, so that it is known
// whether the target speaks HTTP/2. Errors are of type *Error, and ErrNotHTTP2
// where the target said something else.
func (c *Conn) Connect(ctx context.Context) error {
	deadline := int64(0)
	if at, ok := ctx.Deadline(); ok {
		deadline = int64(at.Sub(c.epoch))
	}
	var nobody slot
	var r Response
	if _, err := c.connect(ctx, deadline, &nobody, &r); err != nil {
		return err
	}
	return nil
}

// connect makes the session, or waits until another call has made it.
func (c *Conn) connect(ctx context.Context, deadline int64, s *slot, r *Response) (*session, *Error) {
	from := c.now()
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, errClosed
		}
		if made := c.current.Load(); made != nil {
			c.mu.Unlock()
			return made, nil
		}
		a := c.attempt
		if a == nil {
			dialing, cancel := context.WithCancel(ctx)
			a = &attempt{cancel: cancel, done: make(chan struct{})}
			c.attempt = a
			c.mu.Unlock()
			made, err := c.dial(dialing, deadline)
			cancel()
			if err == nil {
				r.Connect += time.Duration(c.now() - from)
			}
			c.mu.Lock()
			a.err, c.attempt = err, nil
			c.current.Store(made)
			c.mu.Unlock()
			close(a.done)
			return made, err
		}
		c.mu.Unlock()
		err := c.await(ctx, a, deadline)
		s.waited += c.now() - from
		from = c.now()
		if err != nil {
			return nil, err
		}
	}
}

// await waits for another call's attempt to connect. Without an error it is worth
// looking again, also where the other call was cancelled or had less time left.
func (c *Conn) await(ctx context.Context, a *attempt, deadline int64) *Error {
	var up <-chan time.Time
	if deadline > 0 {
		t := time.NewTimer(time.Duration(deadline - c.now()))
		defer t.Stop()
		up = t.C
	}
	select {
	case <-a.done:
		if a.err != nil && a.err.Kind != Cancelled && a.err.Kind != Timeout {
			return a.err
		}
		return nil
	case <-up:
		return failure(Timeout, "connect to %q: not done in time by another call", c.config.Address)
	case <-ctx.Done():
		return endOf(ctx)
	}
}

// Close ends the connection and all calls in flight, and waits for what belongs to
// it. Calls after it fail.
func (c *Conn) Close() {
	c.mu.Lock()
	c.closed = true
	if c.attempt != nil {
		c.attempt.cancel()
	}
	open := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		open = append(open, s)
	}
	c.current.Store(nil)
	c.mu.Unlock()
	for _, s := range open {
		s.leave()
	}
	c.readers.Wait()
}

// ErrNotHTTP2 tells that the target answers, and in another protocol.
var ErrNotHTTP2 = errors.New("the target does not speak HTTP/2 here; check the port, or use HTTP/1.1")
