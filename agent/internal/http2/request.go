package http2

import (
	"bytes"
	"encoding/binary"

	h2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	frameHeader = 9
	// smallestFrame is the least that every peer takes, and the most that we
	// take: SETTINGS_MAX_FRAME_SIZE as it begins.
	smallestFrame = 16 << 10
	// defaultTable is SETTINGS_HEADER_TABLE_SIZE as it begins.
	defaultTable = 4096
)

// request is the encoded request: frames that only lack the stream's number.
type request struct {
	// first is sent once per connection and may fill the peer's table of
	// fields; rest refers to the table and leaves it as it is, so it is right
	// however often it is sent.
	first, rest []byte
	// body is the whole body as one frame, nil when it is none or too large.
	body []byte
}

// encodeRequest makes the frames; table tells whether the peer's table of fields
// may be used. Without it, first also empties that table.
func encodeRequest(fields []hpack.HeaderField, body []byte, table bool) request {
	var buf bytes.Buffer
	enc := hpack.NewEncoder(&buf)
	block := func() []byte {
		buf.Reset()
		for _, f := range fields {
			_ = enc.WriteField(f) // a bytes.Buffer takes everything
		}
		return bytes.Clone(buf.Bytes())
	}
	var first, rest []byte
	if table {
		first, rest = block(), block()
	}
	if use := usage(rest); !table || use.adds || use.resizes { // the fields do not fit the table
		enc.SetMaxDynamicTableSize(0)
		first, rest = block(), block()
	}
	r := request{first: headerFrames(first, len(body) == 0), rest: headerFrames(rest, len(body) == 0)}
	if len(body) > 0 && len(body) <= smallestFrame {
		r.body = appendFrame(nil, h2.FrameData, h2.FlagDataEndStream, 0, body)
	}
	return r
}

// headerFrames cuts a header block into frames that every peer takes.
func headerFrames(block []byte, endStream bool) []byte {
	var out []byte
	kind, flags := h2.FrameHeaders, h2.Flags(0)
	if endStream {
		flags = h2.FlagHeadersEndStream
	}
	for {
		n := min(len(block), smallestFrame)
		if n == len(block) {
			flags |= h2.FlagHeadersEndHeaders
		}
		out = appendFrame(out, kind, flags, 0, block[:n])
		if block = block[n:]; len(block) == 0 {
			return out
		}
		kind, flags = h2.FrameContinuation, 0
	}
}

// appendFrame appends a frame. https://www.rfc-editor.org/rfc/rfc9113#section-4.1
func appendFrame(dst []byte, kind h2.FrameType, flags h2.Flags, id uint32, payload []byte) []byte {
	n := len(payload)
	dst = append(dst, byte(n>>16), byte(n>>8), byte(n), byte(kind), byte(flags))
	dst = binary.BigEndian.AppendUint32(dst, id)
	return append(dst, payload...)
}

// appendNumber appends a frame whose payload is one number: WINDOW_UPDATE, RST_STREAM.
func appendNumber(dst []byte, kind h2.FrameType, id, number uint32) []byte {
	var p [4]byte
	binary.BigEndian.PutUint32(p[:], number)
	return appendFrame(dst, kind, 0, id, p[:])
}

// appendFor appends prepared frames for a stream.
func appendFor(dst, frames []byte, id uint32) []byte {
	at := len(dst)
	dst = append(dst, frames...)
	for at < len(dst) {
		f := dst[at:]
		binary.BigEndian.PutUint32(f[5:], id)
		at += frameHeader + length24(f)
	}
	return dst
}

func length24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }

// preface is what a client begins a connection with: no pushes, and windows so
// large that they are updated only every 512 MiB.
func preface() []byte {
	settings := []struct {
		id    h2.SettingID
		value uint32
	}{
		{h2.SettingEnablePush, 0},
		{h2.SettingInitialWindowSize, receiveWindow},
		{h2.SettingMaxHeaderListSize, maxHeaderList},
	}
	var p []byte
	for _, s := range settings {
		p = binary.BigEndian.AppendUint16(p, uint16(s.id))
		p = binary.BigEndian.AppendUint32(p, s.value)
	}
	b := appendFrame([]byte(h2.ClientPreface), h2.FrameSettings, 0, 0, p)
	return appendNumber(b, h2.FrameWindowUpdate, 0, receiveWindow-initialWindow)
}
