package http2

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// patience is how long tests wait for what must happen; nothing is measured by it.
const patience = 20 * time.Second

// peer is a server's end of a connection, driven frame by frame.
type peer struct {
	net.Conn
	t     testing.TB
	fr    *h2.Framer
	block bytes.Buffer
	enc   *hpack.Encoder
	// n counts the connections, from 0.
	n int
}

// play serves every connection to the address it returns with the script. Scripts
// end with their connection, at the latest with the test.
func play(t testing.TB, script func(p *peer)) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var scripts sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	scripts.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(2 * patience))
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			p := &peer{Conn: c, t: t, fr: h2.NewFramer(c, c), n: n}
			p.enc = hpack.NewEncoder(&p.block)
			p.fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
			p.fr.AllowIllegalWrites = true
			scripts.Go(func() {
				defer c.Close()
				script(p)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		scripts.Wait()
	})
	return l.Addr().String()
}

// must ends the script when the connection has ended.
func (p *peer) must(err error) {
	if err == nil {
		return
	}
	var broken net.Error
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &broken) {
		p.t.Errorf("peer: %v", err)
	}
	runtime.Goexit()
}

// preface reads what a client begins with and sends the settings.
func (p *peer) greet(settings ...h2.Setting) {
	p.preface()
	p.must(p.fr.WriteSettings(settings...))
}

func (p *peer) preface() {
	b := make([]byte, len(h2.ClientPreface))
	_, err := io.ReadFull(p, b)
	p.must(err)
	if string(b) != h2.ClientPreface {
		p.t.Errorf("preface %q", b)
	}
}

// next gives the next frame that is no acknowledgement and none of the connection's
// own beginning.
func (p *peer) next() h2.Frame {
	for {
		f, err := p.fr.ReadFrame()
		p.must(err)
		switch f := f.(type) {
		case *h2.SettingsFrame:
			if !f.IsAck() {
				p.must(p.fr.WriteSettingsAck())
			}
		case *h2.WindowUpdateFrame:
		default:
			return f
		}
	}
}

// request waits for the next request's header fields.
func (p *peer) request() *h2.MetaHeadersFrame {
	for {
		if f, ok := p.next().(*h2.MetaHeadersFrame); ok {
			return f
		}
	}
}

// fields encodes a header block from names and values.
func (p *peer) fields(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		p.must(p.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
	}
	return bytes.Clone(p.block.Bytes())
}

func (p *peer) headers(id uint32, end bool, pairs ...string) {
	p.must(p.fr.WriteHeaders(h2.HeadersFrameParam{StreamID: id, BlockFragment: p.fields(pairs...), EndHeaders: true, EndStream: end}))
}

// answer sends a whole answer.
func (p *peer) answer(id uint32, body string) {
	p.headers(id, false, ":status", "200", "content-length", strconv.Itoa(len(body)))
	p.must(p.fr.WriteData(id, true, []byte(body)))
}

// hold keeps the connection until the client ends it.
func (p *peer) hold() {
	for {
		p.next()
	}
}

// connTo makes a client that the test's end closes.
func connTo(t *testing.T, address string, change func(c *Config)) *Conn {
	t.Helper()
	config := Config{Address: address, Timeout: patience, Capture: 1 << 20}
	if change != nil {
		change(&config)
	}
	c, err := NewConn(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
