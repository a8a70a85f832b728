package http2

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// tape is a connection whose peer has recorded what it says, and listens to nothing.
type tape struct {
	net.Conn // nil: nothing else is called
	start    chan struct{}
	said     []byte
	chunk    int
}

func (c *tape) Read(p []byte) (int, error) {
	<-c.start
	if len(c.said) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.said[:min(c.chunk, len(c.said))])
	c.said = c.said[n:]
	return n, nil
}

func (*tape) Write(p []byte) (int, error)      { return len(p), nil }
func (*tape) Close() error                     { return nil }
func (*tape) SetReadDeadline(time.Time) error  { return nil }
func (*tape) SetWriteDeadline(time.Time) error { return nil }

// outcomes has three calls in flight while the peer says something, in chunks, and
// tells what came of them.
func outcomes(t *testing.T, said []byte, chunk int) string {
	conn, err := NewConn(Config{Address: "192.0.2.1:80", Method: "POST", Body: make([]byte, 100), Streams: 3, Capture: 10})
	if err != nil {
		t.Fatal(err)
	}
	end := &tape{start: make(chan struct{}), said: said, chunk: chunk}
	sock := newSocket(end, false)
	s := newSession(conn, sock, sock)
	s.in.greeted = true
	conn.current.Store(s)
	if err := conn.run(s); err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for i := range conn.slots {
		if err := s.begin(&conn.slots[i], 0); err != nil {
			t.Fatal(err)
		}
	}
	close(end.start)
	out := make([]string, len(conn.slots))
	for i := range conn.slots {
		calls.Go(func() {
			sl := &conn.slots[i]
			<-sl.finished
			kind := Kind(0)
			if sl.err != nil {
				kind = sl.err.Kind
			}
			out[i] = fmt.Sprintf("%d %v %d %d %d %q", sl.status, kind, sl.length, sl.headerBytes, sl.bodyBytes, sl.body)
		})
	}
	calls.Wait()
	conn.Close()
	return fmt.Sprint(out)
}

// Whatever a peer says, and in whatever pieces it arrives, all calls end, and in
// the same way.
func FuzzReader(f *testing.F) {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	_ = enc.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = enc.WriteField(hpack.HeaderField{Name: "content-length", Value: "2"})
	first := bytes.Clone(block.Bytes())
	block.Reset()
	_ = enc.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = enc.WriteField(hpack.HeaderField{Name: "content-length", Value: "2"})
	var whole bytes.Buffer
	fr := h2.NewFramer(&whole, nil)
	_ = fr.WriteSettings(h2.Setting{ID: h2.SettingMaxConcurrentStreams, Val: 2}, h2.Setting{ID: h2.SettingHeaderTableSize, Val: 1},
		h2.Setting{ID: h2.SettingInitialWindowSize, Val: 5})
	_ = fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 1, BlockFragment: first, EndHeaders: true})
	_ = fr.WriteDataPadded(1, true, []byte("ok"), make([]byte, 3))
	_ = fr.WritePing(false, [8]byte{})
	_ = fr.WriteHeaders(h2.HeadersFrameParam{StreamID: 3, BlockFragment: block.Bytes()[:1]})
	_ = fr.WriteContinuation(3, true, block.Bytes()[1:])
	_ = fr.WriteWindowUpdate(0, 10)
	_ = fr.WriteData(3, false, []byte("o"))
	_ = fr.WriteRSTStream(3, h2.ErrCodeCancel)
	_ = fr.WriteGoAway(3, h2.ErrCodeNo, []byte("bye"))
	f.Add(whole.Bytes(), 7)
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), 3)
	f.Add([]byte{}, 1)
	f.Fuzz(func(t *testing.T, said []byte, chunk int) {
		chunk = max(1, chunk)
		want := outcomes(t, said, len(said)+1)
		if got := outcomes(t, bytes.Clone(said), chunk); got != want {
			t.Errorf("in pieces %s, at once %s", got, want)
		}
	})
}
