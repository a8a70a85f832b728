//go:build unix

package http2

import (
	"errors"
	"syscall"
)

// tryWrite writes what the socket takes without waiting. Its function is made
// once, as one made for each write would be garbage.
type tryWrite struct {
	fn  func(fd uintptr) bool
	p   []byte
	n   int
	err error
}

func (t *tryWrite) write(raw syscall.RawConn, p []byte) (int, error) {
	if raw == nil {
		return 0, nil
	}
	if t.fn == nil {
		t.fn = t.once
	}
	t.p, t.n, t.err = p, 0, nil
	if err := raw.Write(t.fn); err != nil {
		return 0, err
	}
	t.p = nil
	return t.n, t.err
}

func (t *tryWrite) once(fd uintptr) bool {
	n, err := syscall.Write(int(fd), t.p)
	switch {
	case err == nil:
		t.n = n
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
	default:
		t.err = err
	}
	return true // never wait
}
