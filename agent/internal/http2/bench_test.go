package http2

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	h2 "golang.org/x/net/http2"
)

// echoes answers every request on a connection with the same small answer, as
// cheaply as it can: what a benchmark measures is to be the client.
func (p *peer) echoes() {
	p.greet()
	block := p.fields(":status", "200", "content-length", "64", "server", "bench")
	again := p.fields(":status", "200", "content-length", "64", "server", "bench")
	body := make([]byte, 64)
	in, have := make([]byte, 64<<10), 0
	var out []byte
	for {
		n, err := p.Read(in[have:])
		if err != nil {
			return
		}
		have += n
		from := 0
		for have-from >= frameHeader {
			b := in[from:have]
			whole := frameHeader + length24(b)
			if len(b) < whole {
				break
			}
			if h2.FrameType(b[3]) == h2.FrameHeaders {
				id := uint32(b[5])<<24 | uint32(b[6])<<16 | uint32(b[7])<<8 | uint32(b[8])
				out = appendFrame(out, h2.FrameHeaders, h2.FlagHeadersEndHeaders, id, block)
				out = appendFrame(out, h2.FrameData, h2.FlagDataEndStream, id, body)
				block = again
			}
			from += whole
		}
		have = copy(in, in[from:have])
		if _, err := p.Write(out); err != nil {
			return
		}
		out = out[:0]
	}
}

// A call costs no memory, whatever the number of streams. The figures include the
// server's share.
func BenchmarkDo(b *testing.B) {
	for _, streams := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("streams=%d", streams), func(b *testing.B) {
			conn, err := NewConn(Config{Address: play(b, (*peer).echoes), Timeout: patience, Streams: streams})
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan error, streams)
			work := func(slot int) error {
				var r Response
				for left.Add(-1) >= 0 {
					if err := conn.Do(context.Background(), slot, &r); err != nil || r.Status != 200 {
						return fmt.Errorf("status %d: %w", r.Status, err)
					}
				}
				return nil
			}
			b.ReportAllocs()
			b.ResetTimer()
			for slot := range streams {
				go func() { done <- work(slot) }()
			}
			for range streams {
				if err := <-done; err != nil {
					b.Error(err)
				}
			}
		})
	}
}

// Header fields that change with every answer are what the decoder cannot remember.
func BenchmarkHeadDecoder(b *testing.B) {
	for name, block := range map[string]func(i int) []byte{
		"same":  func(int) []byte { return []byte("\x88\x5c\x0212\x76\x05nginx") },
		"added": func(i int) []byte { return fmt.Appendf(nil, "\x88\x5c\x0212\x40\x04x-id\x08%08d", i) },
		"plain": func(i int) []byte { return fmt.Appendf(nil, "\x88\x0f\x0d\x0212\x00\x04x-id\x08%08d", i) },
	} {
		b.Run(name, func(b *testing.B) {
			blocks := make([][]byte, 1000)
			for i := range blocks {
				blocks[i] = block(i)
			}
			d := newHeadDecoder()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := d.decode(blocks[i%len(blocks)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A large answer costs little more than the reading of it.
func BenchmarkLargeAnswer(b *testing.B) {
	const size = 64 << 20
	address := play(b, func(p *peer) {
		p.greet()
		for {
			id := p.request().StreamID
			p.headers(id, false, ":status", "200")
			frames := bytes.Repeat(appendFrame(nil, h2.FrameData, 0, id, make([]byte, smallestFrame)), 16)
			for range size / smallestFrame / 16 {
				if _, err := p.Write(frames); err != nil {
					return
				}
			}
			p.must(p.fr.WriteData(id, true, nil))
		}
	})
	conn, err := NewConn(Config{Address: address})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	b.SetBytes(size)
	var r Response
	for b.Loop() {
		if err := conn.Do(context.Background(), 0, &r); err != nil || r.BodyBytes != size {
			b.Fatal(err, r.BodyBytes)
		}
	}
}
