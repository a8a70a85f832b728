package http2

// largestBuffer bounds what one read brings.
const largestBuffer = 256 << 10

// input is what the reader has read and not yet acted on.
type input struct {
	buf  []byte
	from int // the unread is buf[from:to]
	to   int
	// full: the last read filled the buffer, so a larger one saves system calls.
	full bool

	greeted bool // the peer's SETTINGS have come

	// block is a header block whose CONTINUATION frames are still to come.
	block    []byte
	blockEnd bool // its stream ends with it
	blockID  uint32
	blockLen int // what it has taken on the wire, frame headers included

	data payload
}

// payload is a DATA frame that is being read; its bytes are taken as they come.
type payload struct {
	open    bool
	slot    *slot // nil when nobody wants it (any more)
	left    int   // of the data
	padding int
	end     bool // the stream ends with it
}

// space is where to read to.
func (in *input) space() []byte {
	if in.from > 0 {
		in.to = copy(in.buf, in.buf[in.from:in.to])
		in.from = 0
	}
	// A frame that does not fit, or reads that fill the buffer: double it.
	if in.to == len(in.buf) || in.full && len(in.buf) < largestBuffer {
		bigger := make([]byte, 2*len(in.buf))
		copy(bigger, in.buf[:in.to])
		in.buf = bigger
	}
	return in.buf[in.to:]
}

// add notes that n bytes were read.
func (in *input) add(n int) {
	in.to += n
	in.full = in.to == len(in.buf)
}

// unread is what has been read and not acted on.
func (in *input) unread() []byte { return in.buf[in.from:in.to] }

// skip notes that n bytes were acted on.
func (in *input) skip(n int) {
	if in.from += n; in.from == in.to {
		in.from, in.to = 0, 0
	}
}
