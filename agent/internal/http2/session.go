package http2

import (
	"math"
	"net"
	"runtime"
	"sync"
	"time"
)

const (
	// initialWindow is what every flow-control window begins with.
	initialWindow = 65535
	// receiveWindow is what we let the peer send ahead, per stream and per
	// connection: nothing is kept, so TCP is all the holding back there needs to be.
	receiveWindow = 1 << 30
	maxWindow     = math.MaxInt32
	maxID         = math.MaxInt32
	// unlimited is how many streams a peer allows that has not said.
	unlimited = math.MaxInt32
)

// session is one TCP connection from its making to its end.
type session struct {
	owner *Conn
	conn  net.Conn // what is read and written: the socket, or TLS over it
	sock  *socket
	timer *time.Timer // for the time-outs

	// The reader's own.
	in      input
	heads   *headDecoder
	elected bool // it is to flush before it waits
	woken   bool // and workers are about to append

	mu sync.Mutex // guards all below, and the slots of calls on this session

	// table finds open streams by number: (id/2) modulo its length. Numbers whose
	// place is taken are left out, which the protocol permits.
	table      []*slot
	nextID     uint32
	active     uint32
	maxStreams uint32
	queue      []*slot // waiting for a free stream, the oldest first

	request       request
	opened        bool // the first request was sent
	sendWindow    int64
	streamWindow  int64 // what streams begin with
	bodies        []*slot
	receiveWindow int64
	unreported    int64

	pending, spare []byte // to be written; and memory for the next
	flushing       bool   // somebody writes, or is about to
	completed      []*slot
	armed          int64 // the deadline that the timer runs to; 0 when it does not

	// A draining session takes no new calls and ends with its last stream.
	draining bool
	ended    bool
	cause    *Error // why it takes no more calls, nil while it does
	broken   error  // why nothing can be written any more
}

func newSession(c *Conn, conn net.Conn, sock *socket) *session {
	places := 8
	for places < 4*len(c.slots) {
		places *= 2
	}
	s := &session{
		owner: c, conn: conn, sock: sock, heads: newHeadDecoder(),
		table: make([]*slot, places), nextID: 1, maxStreams: unlimited,
		request:    encodeRequest(c.fields, c.config.Body, true),
		sendWindow: initialWindow, streamWindow: initialWindow, receiveWindow: receiveWindow,
	}
	s.in.buf = make([]byte, 8<<10)
	sock.beforeRead = s.beforeRead
	return s
}

// greet sends the preface and reads until the peer's SETTINGS have come.
func (s *session) greet() error {
	if _, err := s.conn.Write(preface()); err != nil {
		return err
	}
	for !s.in.greeted {
		if err := s.read(); err != nil {
			return err
		}
	}
	return nil
}

// run starts the reader.
func (c *Conn) run(s *session) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		_ = s.sock.Close()
		return errClosed
	}
	c.sessions[s] = struct{}{}
	s.timer = time.AfterFunc(math.MaxInt64, s.expire)
	s.timer.Stop()
	s.sock.eager.Store(true)
	s.flushing, s.elected = true, true // the SETTINGS are to be acknowledged
	c.readers.Go(func() {
		var err error
		for err == nil {
			err = s.read()
		}
		s.fail(err)
		c.mu.Lock()
		delete(c.sessions, s)
		c.mu.Unlock()
	})
	return nil
}

// read reads once and acts on what came.
func (s *session) read() error {
	in := &s.in
	n, err := s.conn.Read(in.space())
	if n > 0 {
		in.add(n)
		s.mu.Lock()
		perr := s.parse()
		done := s.completed
		s.completed = s.completed[:0]
		if !s.flushing && (len(s.pending) > 0 || len(done) > 0) {
			s.flushing, s.elected = true, true
		}
		s.mu.Unlock()
		for _, sl := range done {
			sl.finished <- struct{}{}
		}
		s.woken = s.woken || len(done) > 0
		if perr != nil {
			return perr
		}
	}
	return err
}

// beforeRead writes what the workers have appended that the reader woke. They
// left it to the reader, so it lets them run first.
func (s *session) beforeRead() {
	if !s.elected {
		return
	}
	if s.woken {
		runtime.Gosched()
	}
	s.elected, s.woken = false, false
	s.flush()
}
