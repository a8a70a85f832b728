package http2

import (
	"bytes"
	"strings"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// body reads a request's body, granting what the window lets it; it checks that
// the windows are kept.
func (p *peer) body(id uint32, window, grant int) []byte {
	var got []byte
	for {
		f, ok := p.next().(*h2.DataFrame)
		if !ok {
			continue
		}
		if window -= len(f.Data()); window < 0 || len(f.Data()) > smallestFrame {
			p.t.Errorf("%d bytes beyond the window, in a frame of %d", -window, len(f.Data()))
		}
		got = append(got, f.Data()...)
		if f.StreamEnded() {
			return got
		}
		if window == 0 {
			p.must(p.fr.WriteWindowUpdate(id, uint32(grant)))
			p.must(p.fr.WriteWindowUpdate(0, uint32(grant)))
			window += grant
		}
	}
}

// Bodies are sent whole and within the peer's windows, however small those are.
func TestRequestBody(t *testing.T) {
	for _, c := range []struct{ size, window, grant int }{
		{1, 0, 1}, {100, 10, 7}, {smallestFrame, 65535, 1}, {smallestFrame + 1, 65535, 1},
		{1 << 20, 65535, 65535}, {1 << 20, 20000, 30000}, {70000, 65535, 1000},
	} {
		body := bytes.Repeat([]byte("0123456789abcdef!"), c.size/17+1)[:c.size]
		address := play(t, func(p *peer) {
			p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: uint32(c.window)})
			for {
				id, window := p.request().StreamID, c.window
				if window == 0 {
					p.must(p.fr.WriteWindowUpdate(id, uint32(c.grant)))
					window = c.grant
				}
				if got := p.body(id, window, c.grant); !bytes.Equal(got, body) {
					p.t.Errorf("a body of %d bytes instead of %d", len(got), len(body))
				}
				p.must(p.fr.WriteWindowUpdate(0, uint32(c.size))) // for the next one
				p.answer(id, "ok")
			}
		})
		conn := connTo(t, address, func(f *Config) { f.Method, f.Body = "POST", body })
		for range 2 {
			if err := conn.Do(t.Context(), 0, new(Response)); err != nil {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
}

// A window may become smaller than what is already sent, and larger again.
func TestWindowShrinks(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 1000})
		id := p.request().StreamID
		n := 0
		read := func(until int) {
			for n < until {
				f := p.next().(*h2.DataFrame)
				n += len(f.Data())
			}
			if n != until {
				p.t.Errorf("%d bytes sent, want %d", n, until)
			}
		}
		ping := func() {
			p.must(p.fr.WritePing(false, [8]byte{}))
			if f, ok := p.next().(*h2.PingFrame); !ok {
				p.t.Errorf("%v instead of the answer to a PING", f)
			}
		}
		read(1000)
		p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 100}))
		p.must(p.fr.WriteWindowUpdate(id, 900)) // back to 0
		ping()
		p.must(p.fr.WriteWindowUpdate(id, 50))
		read(1050)
		p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 5000}))
		read(3000)
		p.answer(id, "ok")
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Method, f.Body = "POST", make([]byte, 3000) })
	if err := conn.Do(t.Context(), 0, new(Response)); err != nil {
		t.Error(err)
	}
}

// A peer that never opens its window fails the call in time, and only that one.
func TestStalledWindow(t *testing.T) {
	t.Parallel() // most of the time is waiting
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 0})
		id := p.request().StreamID
		p.wants(id, h2.ErrCodeCancel)
		p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 100}))
		id = p.request().StreamID
		p.body(id, 100, 0)
		p.answer(id, "ok")
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Method, f.Body, f.Timeout = "POST", make([]byte, 50), time.Second })
	var r Response
	if err := conn.Do(t.Context(), 0, &r); KindOf(err) != Timeout {
		t.Errorf("stalled: %v", err)
	}
	if err := conn.Do(t.Context(), 0, &r); err != nil || r.Connect > 0 {
		t.Errorf("then: %v", err)
	}
}

// An answer before the body's end is an answer, and the rest is not sent.
func TestEarlyAnswer(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 10})
		for {
			id := p.request().StreamID
			p.headers(id, true, ":status", "413")
			for {
				f := p.next()
				if r, ok := f.(*h2.RSTStreamFrame); ok {
					if r.ErrCode != h2.ErrCodeCancel {
						p.t.Errorf("%v", r)
					}
					break
				}
			}
		}
	})
	conn := connTo(t, address, func(f *Config) { f.Method, f.Body = "POST", make([]byte, 100) })
	for range 3 {
		var r Response
		if err := conn.Do(t.Context(), 0, &r); err != nil || r.Status != 413 {
			t.Errorf("%v: %d", err, r.Status)
		}
	}
}

// A peer that allows everything and reads nothing: calls time out, and the
// connection is given up.
func TestPeerDoesNotRead(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: maxWindow})
		p.must(p.fr.WriteWindowUpdate(0, maxWindow-initialWindow))
		if p.n > 0 {
			p.request()
			p.must(p.fr.WriteGoAway(0, h2.ErrCodeNo, nil))
			return
		}
		<-p.t.Context().Done() // it never reads
	})
	conn := connTo(t, address, func(f *Config) {
		f.Method, f.Body, f.Timeout, f.Streams = "POST", make([]byte, 16<<20), 100*time.Millisecond, 2
	})
	_, errs := all(t, conn)
	for _, err := range errs {
		if k := KindOf(err); k != Timeout && k != Connection {
			t.Error(err)
		}
	}
	for deadline := time.Now().Add(patience); ; {
		var r Response
		if err := conn.Do(t.Context(), 0, &r); err == nil {
			t.Fatal("answered by nobody")
		}
		if r.Connect > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no new connection")
		}
	}
}

// A peer may write while it is written to, without reading: nobody waits for the
// other for ever.
func TestBothWrite(t *testing.T) {
	const size = 24 << 20
	address := play(t, func(p *peer) {
		p.greet(h2.Setting{ID: h2.SettingInitialWindowSize, Val: maxWindow})
		p.must(p.fr.WriteWindowUpdate(0, maxWindow-initialWindow))
		id := p.request().StreamID
		p.headers(id, false, ":status", "200")
		chunk := make([]byte, smallestFrame)
		for n := 0; n < size; n += len(chunk) { // before it reads any of the body
			p.must(p.fr.WriteData(id, false, chunk))
		}
		got := p.body(id, maxWindow, 1)
		if len(got) != size {
			p.t.Errorf("a body of %d bytes", len(got))
		}
		p.must(p.fr.WriteData(id, true, nil))
		p.hold()
	})
	conn := connTo(t, address, func(f *Config) { f.Method, f.Body = "POST", make([]byte, size) })
	var r Response
	if err := conn.Do(t.Context(), 0, &r); err != nil || r.BodyBytes != size {
		t.Errorf("%v: %d bytes", err, r.BodyBytes)
	}
}

// Windows for what we receive are given back before they are used up.
func TestReceiveWindow(t *testing.T) {
	address := play(t, func(p *peer) {
		p.greet()
		id := p.request().StreamID
		p.headers(id, false, ":status", "200")
		frame := appendFrame(nil, h2.FrameData, 0, id, make([]byte, smallestFrame))
		frames := bytes.Repeat(frame, 64)
		for range receiveWindow/2/smallestFrame/64 + 1 {
			_, err := p.Write(frames)
			p.must(err)
		}
		given := map[uint32]uint32{}
		for len(given) < 2 {
			f, err := p.fr.ReadFrame()
			p.must(err)
			if w, ok := f.(*h2.WindowUpdateFrame); ok && w.Increment != receiveWindow-initialWindow {
				given[w.StreamID] = w.Increment
			}
		}
		if given[0] != receiveWindow/2 || given[id] != receiveWindow/2 {
			p.t.Errorf("given back %v", given)
		}
		p.must(p.fr.WriteData(id, true, nil))
		p.hold()
	})
	conn := connTo(t, address, nil)
	var r Response
	if err := conn.Do(t.Context(), 0, &r); err != nil || r.BodyBytes <= receiveWindow/2 || len(r.Body) != 1<<20 {
		t.Errorf("%v: %d bytes, %d kept", err, r.BodyBytes, len(r.Body))
	}
}

// The request's header fields arrive as they are, whatever table the peer keeps,
// and whatever it changes meanwhile.
func TestRequestFields(t *testing.T) {
	for _, size := range []uint32{0, 1, 100, 4095, 4096, 1 << 20} {
		for _, length := range []int{10, 5000, 40000} {
			value := strings.Repeat("~", length)
			address := play(t, func(p *peer) {
				p.preface()
				table := func(size uint32) {
					p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingHeaderTableSize, Val: size}))
				}
				table(size)
				p.fr.ReadMetaHeaders.SetAllowedMaxDynamicTableSize(size)
				for i := range 6 {
					f := p.request()
					want := []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"},
						{Name: ":authority", Value: "shop"}, {Name: ":path", Value: "/x"}, {Name: "x-value", Value: value}}
					if len(f.Fields) != len(want) {
						p.t.Errorf("%d fields", len(f.Fields))
						return
					}
					for j := range want {
						if f.Fields[j] != want[j] {
							p.t.Errorf("request %d, table of %d: field %.100v", i, size, f.Fields[j])
						}
					}
					if i == 3 {
						table(0)
						p.fr.ReadMetaHeaders.SetAllowedMaxDynamicTableSize(0)
					}
					p.answer(f.StreamID, "ok")
				}
				p.hold()
			})
			conn := connTo(t, address, func(f *Config) {
				f.Authority, f.Path, f.Header = "shop", "/x", []Field{{"X-Value", value}}
			})
			for range 6 {
				if err := conn.Do(t.Context(), 0, new(Response)); err != nil {
					t.Errorf("table of %d, value of %d: %v", size, length, err)
				}
			}
		}
	}
}
