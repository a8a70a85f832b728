package http2

import (
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
)

// wants checks that the next frame resets the stream.
func (p *peer) wants(id uint32, code h2.ErrCode) {
	f := p.next()
	if r, ok := f.(*h2.RSTStreamFrame); !ok || r.StreamID != id || r.ErrCode != code {
		p.t.Errorf("connection %d: %v instead of RST_STREAM(%v) for stream %d", p.n, f, code, id)
	}
}

// await waits for what must come.
func await[T any](t testing.TB, c <-chan T) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal("it never came")
	}
}

// until waits for what must become true of the connection's session.
func until(t *testing.T, conn *Conn, is func(s *session) bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if s := conn.current.Load(); s != nil {
			s.mu.Lock()
			ok := is(s)
			s.mu.Unlock()
			if ok {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("it never came true")
		}
	}
}

// A call whose time is up, or whose context ends, ends alone: its stream is reset,
// what still comes of it is ignored, and the connection goes on.
func TestTimeoutAndCancel(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		part string // sent before
	}{
		{"timeout", Timeout, ""},
		{"timeout in the body", Timeout, "part"},
		{"deadline of the context", Timeout, ""},
		{"cancel", Cancelled, ""},
		{"cancel in the body", Cancelled, "part"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // most of the time is waiting
			asked := make(chan struct{}, 1)
			address := play(t, func(p *peer) {
				p.greet()
				slow := p.request().StreamID
				other := p.request().StreamID
				if c.part != "" {
					p.headers(slow, false, ":status", "200", "x-table", "1")
					p.must(p.fr.WriteData(slow, false, []byte(c.part)))
				}
				p.answer(other, "other")
				asked <- struct{}{}
				p.wants(slow, h2.ErrCodeCancel)
				next := p.request().StreamID
				// The end of the old stream crosses the reset; its fields enter the table.
				p.headers(slow, false, ":status", "103", "x-table", "2")
				p.must(p.fr.WriteData(slow, true, []byte("late")))
				p.must(p.fr.WriteWindowUpdate(slow, 1))
				p.must(p.fr.WriteRSTStream(slow, h2.ErrCodeStreamClosed))
				p.headers(next, false, ":status", "201", "x-table", "2")
				p.must(p.fr.WriteData(next, true, []byte("next")))
				p.hold()
			})
			conn := connTo(t, address, func(f *Config) {
				f.Streams = 2
				if c.kind == Timeout && c.name != "deadline of the context" {
					f.Timeout = time.Second
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			if c.name == "deadline of the context" {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			}
			defer cancel()
			var slow, r Response
			failed := make(chan error)
			go func() { failed <- conn.Do(ctx, 0, &slow) }()
			until(t, conn, func(s *session) bool { return s.active == 1 })
			if err := conn.Do(t.Context(), 1, &r); err != nil || string(r.Body) != "other" {
				t.Errorf("the other call: %v: %q", err, r.Body)
			}
			await(t, asked)
			if c.kind == Cancelled {
				cancel()
			}
			if err := <-failed; KindOf(err) != c.kind || string(slow.Body) != c.part {
				t.Errorf("%v: %q", err, slow.Body)
			}
			if c.kind == Cancelled { // with a context that has ended nothing is sent
				if err := conn.Do(ctx, 0, &r); KindOf(err) != Cancelled {
					t.Errorf("a call with an ended context: %v", err)
				}
			}
			if err := conn.Do(t.Context(), 0, &r); err != nil || r.Status != 201 || string(r.Body) != "next" || r.Connect != 0 {
				t.Errorf("the next call: %v: %d %q, connect %v", err, r.Status, r.Body, r.Connect)
			}
		})
	}
}

// A call that was put on another connection keeps the time it was given, though
// the calls that are there already have longer.
func TestAnEarlierDeadlineIsKept(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet()
		p.request()
		p.wants(p.request().StreamID, h2.ErrCodeCancel)
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Streams, f.Timeout = 2, 10*patience })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		var r Response
		if err := conn.Do(ctx, 0, &r); KindOf(err) != Cancelled {
			t.Errorf("the first call: %v", err)
		}
	}()
	until(t, conn, func(s *session) bool { return s.active == 1 && s.armed > 0 })
	moved := &conn.slots[1]
	if err := conn.current.Load().begin(moved, conn.now()+int64(50*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	await(t, moved.finished)
	if KindOf(moved.err) != Timeout {
		t.Errorf("%v", moved.err)
	}
	cancel()
	await(t, done)
}

// all has every slot of the connection make one call, and gives what came of them.
func all(t *testing.T, conn *Conn) ([]Response, []error) {
	t.Helper()
	responses, errs := make([]Response, len(conn.slots)), make([]error, len(conn.slots))
	var calls sync.WaitGroup
	for i := range responses {
		calls.Go(func() { errs[i] = conn.Do(t.Context(), i, &responses[i]) })
	}
	calls.Wait()
	return responses, errs
}

// A peer's limit of streams is kept, and the waiting for one is told. The limit
// may change.
func TestMaxConcurrentStreams(t *testing.T) {
	const streams = 10
	queued := make(chan struct{})
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 1})
		for range streams {
			id := p.request().StreamID
			await(p.t, queued)
			// A second request would be here before this answer to a PING.
			p.must(p.fr.WritePing(false, [8]byte{7}))
			if f, ok := p.next().(*h2.PingFrame); !ok || !f.IsAck() || f.Data != [8]byte{7} {
				p.t.Errorf("%v instead of the answer to a PING", f)
			}
			p.answer(id, "ok")
		}
		p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 0}))
		p.must(p.fr.WritePing(false, [8]byte{8}))
		p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: streams}))
		var ids []uint32
		for range streams {
			ids = append(ids, p.request().StreamID)
		}
		for _, id := range ids {
			p.answer(id, "ok")
		}
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Streams = streams })
	go func() {
		defer close(queued)
		until(t, conn, func(s *session) bool { return len(s.queue) == streams-1 })
	}()
	responses, errs := all(t, conn)
	waited := 0
	for i, err := range errs {
		if err != nil {
			t.Error(err)
		}
		if responses[i].Waited > 0 {
			waited++
		}
	}
	if waited < streams-1 { // the first may have waited for the connection
		t.Errorf("%d calls waited, want %d", waited, streams-1)
	}
	if _, errs = all(t, conn); errs[0] != nil || errs[streams-1] != nil {
		t.Error(errs)
	}
}

// Calls that wait for a stream time out, and can be cancelled, without being sent.
func TestTimeoutWhileWaiting(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 1})
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Streams, f.Timeout = 3, 100*time.Millisecond })
	responses, errs := all(t, conn)
	for i, err := range errs {
		if KindOf(err) != Timeout || responses[i].Status != 0 {
			t.Errorf("call %d: %v", i, err)
		}
	}
	conn = connTo(t, address, func(f *Config) { f.Streams = 3 })
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	for i := range 3 {
		go func() { failed <- conn.Do(ctx, i, new(Response)) }()
	}
	until(t, conn, func(s *session) bool { return len(s.queue) == 2 })
	cancel()
	for range 3 {
		if err := <-failed; KindOf(err) != Cancelled {
			t.Error(err)
		}
	}
	until(t, conn, func(s *session) bool { return len(s.queue) == 0 && s.active == 0 })
}

// GOAWAY: streams that the peer still serves end well, later ones are refused, and
// those that waited for a stream go over a new connection.
func TestGoAway(t *testing.T) {
	for _, graceful := range []bool{false, true} {
		var first, second atomic.Int64
		address := play(t, func(p *peer) {
			if p.n > 0 {
				p.greet()
				for {
					id := p.request().StreamID
					second.Add(1)
					p.answer(id, "second")
				}
			}
			p.greet(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 3})
			var ids []uint32
			for range 3 {
				ids = append(ids, p.request().StreamID)
				first.Add(1)
			}
			if graceful { // as RFC 9113 section 6.8 would have it
				p.must(p.fr.WriteGoAway(maxID, h2.ErrCodeNo, nil))
			}
			p.must(p.fr.WriteGoAway(ids[1], h2.ErrCodeNo, []byte("shutting down")))
			p.answer(ids[1], "first")
			p.answer(ids[0], "first")
			if f, err := p.fr.ReadFrame(); err == nil {
				switch f.(type) {
				case *h2.SettingsFrame, *h2.GoAwayFrame:
				default:
					p.t.Errorf("%v on a connection that has ended", f)
				}
			}
		})
		conn := connTo(t, address, func(f *Config) { f.Streams = 6 })
		responses, errs := all(t, conn)
		got := map[string]int{}
		for i, err := range errs {
			got[string(responses[i].Body)]++
			if err != nil && (KindOf(err) != Refused || !strings.Contains(err.Error(), "shutting down")) {
				t.Error(err)
			}
		}
		if got["first"] != 2 || got["second"] != 3 || got[""] != 1 || first.Load() != 3 || second.Load() != 3 {
			t.Errorf("graceful %v: answers %v, requests %d and %d", graceful, got, first.Load(), second.Load())
		}
	}
}

// The numbers of streams run out after 2^30 calls; then there is a new connection.
func TestStreamNumbersRunOut(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 1})
		for {
			p.answer(p.request().StreamID, "ok")
		}
	})
	conn := connTo(t, address, func(f *Config) { f.Streams = 4 })
	all(t, conn)
	old := conn.current.Load()
	old.mu.Lock()
	old.nextID = maxID - 2
	old.mu.Unlock()
	for range 3 {
		if _, errs := all(t, conn); errs[0] != nil || errs[1] != nil || errs[2] != nil || errs[3] != nil {
			t.Error(errs)
		}
	}
	if conn.current.Load() == old {
		t.Error("still the old connection")
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		conn.mu.Lock()
		n := len(conn.sessions)
		conn.mu.Unlock()
		if n == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", n)
		}
	}
}

// Numbers of streams whose place is taken by a slow one are left out.
func TestSlowStream(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet()
		slow := p.request().StreamID
		for range 100 {
			p.answer(p.request().StreamID, "ok")
		}
		p.answer(slow, "slow")
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Streams = 2 })
	var slow Response
	done := make(chan error)
	go func() { done <- conn.Do(t.Context(), 0, &slow) }()
	until(t, conn, func(s *session) bool { return s.active == 1 })
	var r Response
	for range 100 {
		if err := conn.Do(t.Context(), 1, &r); err != nil || string(r.Body) != "ok" {
			t.Fatalf("%v: %q", err, r.Body)
		}
	}
	if err := <-done; err != nil || string(slow.Body) != "slow" {
		t.Errorf("%v: %q", err, slow.Body)
	}
}

// All workers start at once: one of them connects, and the others tell that they
// waited. A peer that never greets fails them all in time.
func TestConnectOnce(t *testing.T) {
	mute := connTo(t, play(t, func(p *peer) {
		_, _ = io.Copy(io.Discard, p)
	}), func(f *Config) { f.Streams, f.Timeout = 5, 100*time.Millisecond })
	responses, errs := all(t, mute)
	for i, err := range errs {
		if KindOf(err) != Timeout || responses[i].Connect != 0 {
			t.Errorf("without SETTINGS: %v", err)
		}
	}
	var connections atomic.Int64
	address := play(t, func(p *peer) {
		connections.Add(1)
		time.Sleep(5 * time.Millisecond)
		p.greet()
		for {
			p.answer(p.request().StreamID, "ok")
		}
	})
	made := 0
	responses, errs = all(t, connTo(t, address, func(f *Config) { f.Streams = 5 }))
	for i, r := range responses {
		if errs[i] != nil || r.Connect > 0 && r.Waited > 0 {
			t.Errorf("%v: %+v", errs[i], r)
		}
		if r.Connect > 0 {
			made++
		}
	}
	if made != 1 || connections.Load() != 1 {
		t.Errorf("%d calls connected, %d connections", made, connections.Load())
	}
}

// Close ends what is in flight, connecting included, and comes back.
func TestClose(t *testing.T) {
	for _, greets := range []bool{true, false} {
		asked := make(chan struct{}, 1)
		address := play(t, func(p *peer) {
			if p.preface(); greets {
				p.must(p.fr.WriteSettings())
				p.request()
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			_, _ = io.Copy(io.Discard, p)
		})
		conn := connTo(t, address, func(f *Config) { f.Streams = 3 })
		go func() {
			<-asked
			conn.Close()
		}()
		_, errs := all(t, conn)
		for _, err := range errs {
			if KindOf(err) != Cancelled {
				t.Errorf("greets %v: %v", greets, err)
			}
		}
		if err := conn.Do(t.Context(), 0, new(Response)); KindOf(err) != Cancelled {
			t.Errorf("after Close: %v", err)
		}
	}
}
