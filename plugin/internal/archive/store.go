package archive

import (
	"context"
	"errors"
	"io/fs"
)

// store is what the archive needs of a bucket or directory. Keys are
// slash-separated and relative to the archive's root.
type store interface {
	// putIfAbsent writes a whole object durably, or fails with fs.ErrExist and
	// leaves the object that is there alone.
	putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error
	// get reads a whole object; fs.ErrNotExist if there is none.
	get(ctx context.Context, key string) ([]byte, error)
	// list returns the keys of all objects whose key begins with the prefix, in
	// no particular order.
	list(ctx context.Context, prefix string) ([]string, error)
	// folders returns the names of the folders right below a prefix that ends
	// with a slash or is empty.
	folders(ctx context.Context, prefix string) ([]string, error)
	// remove removes an object; it is no error if there is none. After any other
	// error than errRefused the object may be gone nevertheless, or go later.
	remove(ctx context.Context, key string) error
	// check finds out whether objects can be listed and written.
	check(ctx context.Context) error
}

var (
	errExists = fs.ErrExist
	errAbsent = fs.ErrNotExist
	// errRefused: the store has answered that this user may not do it.
	errRefused = fs.ErrPermission
	// errFull: the store has no room to write.
	errFull = errors.New("no room")
)

// marked is an error that is also the mark, which its text does not say.
type marked struct {
	error
	mark error
}

func (m marked) Unwrap() []error { return []error{m.error, m.mark} }
