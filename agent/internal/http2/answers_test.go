package http2

import (
	"encoding/binary"
	"strings"
	"testing"

	h2 "golang.org/x/net/http2"
)

// raw sends a frame as it is.
func (p *peer) raw(kind h2.FrameType, flags h2.Flags, id uint32, payload []byte) {
	_, err := p.Write(appendFrame(nil, kind, flags, id, payload))
	p.must(err)
}

// Unusual and broken answers: each script answers the first request, on stream 1.
// What is malformed for one stream leaves the connection in use.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(p *peer)
		kind   Kind
		text   string // of the error
		status int
		body   string
		ends   bool // the connection does not survive
	}{
		{name: "padding", answer: func(p *peer) {
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: p.fields(":status", "200"), EndHeaders: true,
				PadLength: 100, Priority: h2.PriorityParam{Weight: 3}}))
			p.must(p.fr.WriteDataPadded(1, false, []byte("ab"), make([]byte, 255)))
			p.must(p.fr.WriteDataPadded(1, false, nil, make([]byte, 7)))
			p.must(p.fr.WriteDataPadded(1, true, []byte("c"), []byte{}))
		}, status: 200, body: "abc"},
		{name: "CONTINUATION", answer: func(p *peer) {
			b := p.fields(":status", "200", "x-long", strings.Repeat("~", 40<<10), "content-length", "2")
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:1]}))
			for b = b[1:]; len(b) > 9000; b = b[9000:] {
				p.must(p.fr.WriteContinuation(1, false, b[:9000]))
			}
			p.must(p.fr.WriteContinuation(1, true, b))
			p.must(p.fr.WriteData(1, true, []byte("ok")))
		}, status: 200, body: "ok"},
		{name: "interim answers", answer: func(p *peer) {
			p.headers(1, false, ":status", "100")
			p.headers(1, false, ":status", "103", "link", "x")
			p.headers(1, true, ":status", "404")
		}, status: 404},
		{name: "trailers", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.must(p.fr.WriteData(1, false, []byte("ok")))
			p.headers(1, true, "grpc-status", "0")
		}, status: 200, body: "ok"},
		{name: "extensions and floods in between", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			for range 1000 {
				p.must(p.fr.WritePing(false, [8]byte{1}))
				p.must(p.fr.WriteSettings())
				p.must(p.fr.WriteData(1, false, nil))
				p.must(p.fr.WriteRawFrame(0xfe, 0xff, 1, []byte("extension")))
				p.must(p.fr.WritePriority(1, h2.PriorityParam{}))
			}
			p.must(p.fr.WriteData(1, true, []byte("ok")))
		}, status: 200, body: "ok"},
		{name: "answered and reset", answer: func(p *peer) {
			p.answer(1, "ok")
			p.must(p.fr.WriteRSTStream(1, h2.ErrCodeNo))
		}, status: 200, body: "ok"},

		{name: "reset", answer: func(p *peer) { p.must(p.fr.WriteRSTStream(1, h2.ErrCodeInternal)) }, kind: Stream, text: "INTERNAL_ERROR"},
		{name: "refused", answer: func(p *peer) { p.must(p.fr.WriteRSTStream(1, h2.ErrCodeRefusedStream)) }, kind: Refused, text: "REFUSED_STREAM"},
		{name: "reset in the body", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.must(p.fr.WriteData(1, false, []byte("o")))
			p.must(p.fr.WriteRSTStream(1, h2.ErrCodeCancel))
		}, kind: Body, status: 200, body: "o"},
		{name: "too short", answer: func(p *peer) {
			p.headers(1, false, ":status", "200", "content-length", "3")
			p.must(p.fr.WriteData(1, true, []byte("ok")))
		}, kind: Body, text: "2 bytes where 3", status: 200, body: "ok"},
		{name: "too long", answer: func(p *peer) {
			p.headers(1, false, ":status", "200", "content-length", "1")
			p.must(p.fr.WriteData(1, true, []byte("ok")))
		}, kind: Body, status: 200, body: "ok"},
		{name: "a body with 204", answer: func(p *peer) {
			p.headers(1, false, ":status", "204")
			p.must(p.fr.WriteData(1, true, []byte("ok")))
		}, kind: Body, status: 204, body: "ok"},
		{name: "no status", answer: func(p *peer) { p.headers(1, true, "server", "x") }, kind: Stream, text: "no status"},
		{name: "an empty header block", answer: func(p *peer) { p.headers(1, true) }, kind: Stream, text: "no status"},
		{name: "a wrong status", answer: func(p *peer) { p.headers(1, true, ":status", "2000") }, kind: Stream, text: `status is "2000"`},
		{name: "a wrong length", answer: func(p *peer) { p.headers(1, true, ":status", "200", "content-length", "-1") }, kind: Stream},
		{name: "two lengths", answer: func(p *peer) {
			p.headers(1, true, ":status", "200", "content-length", "1", "content-length", "2")
		}, kind: Stream},
		{name: "an interim end", answer: func(p *peer) { p.headers(1, true, ":status", "100") }, kind: Stream},
		{name: "101", answer: func(p *peer) { p.headers(1, false, ":status", "101") }, kind: Stream},
		{name: "data first", answer: func(p *peer) { p.must(p.fr.WriteData(1, true, []byte("ok"))) }, kind: Stream, text: "before its header"},
		{name: "two beginnings", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.headers(1, true, ":status", "200")
		}, kind: Body, status: 200},
		{name: "endless trailers", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.headers(1, false, "x", "y")
		}, kind: Body, status: 200},
		{name: "a large list of few bytes", answer: func(p *peer) {
			long := strings.Repeat("~", 3000)
			p.headers(1, false, ":status", "103", "x", long)
			pairs := []string{":status", "200"}
			for range 200 {
				pairs = append(pairs, "x", long)
			}
			p.headers(1, true, pairs...)
		}, kind: Stream, text: "larger than"},
		{name: "a stream's window overflown", answer: func(p *peer) {
			p.must(p.fr.WriteWindowUpdate(1, maxWindow))
		}, kind: Stream, text: "window"},

		{name: "silence and end", answer: func(*peer) {}, kind: Connection, text: "closed by the peer", ends: true},
		{name: "end in the body", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			p.must(p.fr.WriteData(1, false, []byte("o")))
		}, kind: Body, status: 200, body: "o", ends: true},
		{name: "end in a frame", answer: func(p *peer) {
			p.headers(1, false, ":status", "200")
			_, err := p.Write([]byte{0, 0, 9, 0, 1, 0, 0, 0, 1, 'o'})
			p.must(err)
		}, kind: Body, status: 200, body: "o", ends: true},
		{name: "end in a header block", answer: func(p *peer) {
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: p.fields(":status", "200")}))
		}, kind: Connection, ends: true},
		{name: "a frame in a header block", answer: func(p *peer) {
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: p.fields(":status", "200")}))
			p.must(p.fr.WritePing(false, [8]byte{}))
		}, kind: Connection, text: "inside a header block", ends: true},
		{name: "CONTINUATION of nothing", answer: func(p *peer) { p.must(p.fr.WriteContinuation(1, true, nil)) }, kind: Connection, ends: true},
		{name: "endless CONTINUATION", answer: func(p *peer) {
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: p.fields(":status", "200")}))
			for range 60000 {
				p.must(p.fr.WriteContinuation(1, false, nil))
			}
		}, kind: Connection, text: "header fields of more", ends: true},
		{name: "broken compression", answer: func(p *peer) {
			p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff}, EndHeaders: true}))
		}, kind: Connection, text: "cannot be decoded", ends: true},
		{name: "a frame too large", answer: func(p *peer) {
			_, err := p.Write([]byte{0, 0x40, 1, 0, 0, 0, 0, 0, 1})
			p.must(err)
		}, kind: Connection, text: "16385 bytes", ends: true},
		{name: "an unknown stream", answer: func(p *peer) { p.answer(7, "x") }, kind: Connection, text: "stream 7", ends: true},
		{name: "a push", answer: func(p *peer) {
			p.must(p.fr.WritePushPromise(h2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true}))
		}, kind: Connection, text: "push", ends: true},
		{name: "padding only", answer: func(p *peer) {
			p.raw(h2.FrameData, h2.FlagDataPadded, 1, []byte{9, 0})
		}, kind: Connection, text: "padding", ends: true},
		{name: "padding without its length", answer: func(p *peer) {
			p.raw(h2.FrameData, h2.FlagDataPadded, 1, nil)
		}, kind: Connection, text: "padding", ends: true},
		{name: "malformed PING", answer: func(p *peer) { p.raw(h2.FramePing, 0, 0, []byte{1}) }, kind: Connection, ends: true},
		{name: "malformed SETTINGS", answer: func(p *peer) { p.raw(h2.FrameSettings, 0, 0, []byte{1}) }, kind: Connection, ends: true},
		{name: "a window too large", answer: func(p *peer) {
			p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingInitialWindowSize, Val: 1 << 31}))
		}, kind: Connection, ends: true},
		{name: "frames too small", answer: func(p *peer) {
			p.must(p.fr.WriteSettings(h2.Setting{ID: h2.SettingMaxFrameSize, Val: 100}))
		}, kind: Connection, ends: true},
		{name: "a window made larger by nothing", answer: func(p *peer) {
			p.raw(h2.FrameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, 0))
		}, kind: Connection, ends: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := play(t, func(p *peer) {
				p.greet()
				f := p.request()
				if p.n > 0 {
					p.answer(f.StreamID, "again")
					p.hold()
				}
				c.answer(p)
				if c.ends {
					return
				}
				p.answer(p.request().StreamID, "again")
				p.hold()
			})
			conn := connTo(t, address, nil)
			var r Response
			err := conn.Do(t.Context(), 0, &r)
			if KindOf(err) != c.kind || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v of kind %v, want %v", err, KindOf(err), c.kind)
			}
			if r.Status != c.status || string(r.Body) != c.body || r.BodyBytes != int64(len(c.body)) {
				t.Errorf("status %d, %d bytes: %q", r.Status, r.BodyBytes, r.Body)
			}
			err = conn.Do(t.Context(), 0, &r)
			if err != nil || string(r.Body) != "again" || (r.Connect > 0) != c.ends {
				t.Errorf("the next call: %v: %q, connect %v", err, r.Body, r.Connect)
			}
		})
	}
}
