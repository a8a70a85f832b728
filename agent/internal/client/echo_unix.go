//go:build unix

package client

import (
	"errors"
	"syscall"
)

// unasked reads what lies in a socket without waiting for more. Its function is
// made once, as one made for each call would be garbage.
type unasked struct {
	fn   func(fd uintptr)
	p    []byte
	n    int
	some bool
}

// read tells whether there was something: n bytes, or with 0 an empty datagram, the
// end of the stream, or an error.
func (u *unasked) read(raw syscall.RawConn, p []byte) (n int, some bool) {
	if u.fn == nil {
		u.fn = u.once
	}
	u.p, u.n, u.some = p, 0, true
	_ = raw.Control(u.fn) // of a socket that is closed, which is as good as its end
	u.p = nil
	return u.n, u.some
}

// once relies on the runtime's sockets being non-blocking.
func (u *unasked) once(fd uintptr) {
	n, err := syscall.Read(int(fd), u.p)
	switch {
	case err == nil:
		u.n = n
	case errors.Is(err, syscall.ECONNREFUSED): // of an earlier datagram
		u.some = false
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		u.some = false
	}
}
