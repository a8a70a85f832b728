//go:build !unix

package client

import "syscall"

// unasked finds nothing where a socket cannot be read without waiting.
type unasked struct{}

func (*unasked) read(syscall.RawConn, []byte) (n int, some bool) { return 0, false }
