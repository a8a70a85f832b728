// Package flock keeps two processes from doing the same thing at once: one file,
// one holder.
package flock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Lock is a held file lock. The kernel releases it when the process ends,
// however it ends.
type Lock struct{ file *os.File }

// Acquire waits for the exclusive lock on path, creating the file if need be.
// waiting, if not nil, is called once when somebody else holds it.
func Acquire(path string, waiting func()) (*Lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lock(f, waiting); err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %q: %w", path, err)
		}
		waiting = nil
		// The holder before us may have removed the file: a lock on a file
		// that no path leads to keeps nobody out.
		if same(f, path) {
			return &Lock{f}, nil
		}
		f.Close()
	}
}

func lock(f *os.File, waiting func()) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		if waiting != nil {
			waiting()
		}
		err = flockEINTR(int(f.Fd()))
	}
	return err
}

func flockEINTR(fd int) error {
	for {
		if err := unix.Flock(fd, unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}

func same(f *os.File, path string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(held, named)
}

// Release lets the next one in.
func (l *Lock) Release() { l.file.Close() }

// Remove deletes the file while still holding it, then lets go.
func (l *Lock) Remove() {
	os.Remove(l.file.Name())
	l.file.Close()
}
