package archive

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors that callers tell apart.
var (
	// ErrNotFound: no run has this id.
	ErrNotFound = errors.New("no such run")
	// ErrAmbiguous: several runs begin with this id.
	ErrAmbiguous = errors.New("more than one run")
	// ErrConflict: another Result is archived under the same id.
	ErrConflict = errors.New("another Result has the same run id")
	// ErrDamaged: what is archived is not what was put there.
	ErrDamaged = errors.New("damaged")
)

// Bounds: an archive that does not answer is an error, not a wait.
const (
	checkTimeout = 20 * time.Second
	putTimeout   = 2 * time.Minute
	readTimeout  = 2 * time.Minute
	// parallel is how many objects are read at once. Small rows cost a round
	// trip each, and servers take that many without slowing down.
	parallel = 32
)

// Archive is where Results live. It is safe for concurrent use.
type Archive struct {
	options Options
	store   store
	// manySingle rows in a month are merged.
	manySingle int
	// decoders holds one for each merged object that is being decoded.
	decoders chan struct{}
}

func newArchive(o Options, s store) *Archive {
	return &Archive{options: o, store: s, manySingle: manySingle, decoders: make(chan struct{}, decoding)}
}

// Open makes an Archive. It finds wrong options and missing credentials, but
// does not call the server yet: Check does.
func Open(ctx context.Context, o Options) (*Archive, error) {
	if o.Bucket == "" {
		if o.Dir == "" {
			return nil, errors.New("no archive is named: give --archive s3://BUCKET/PREFIX or file:///DIRECTORY")
		}
		return newArchive(o, &fileStore{root: o.Dir}), nil
	}
	s, err := openS3(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("archive %s: %w", o, err)
	}
	return newArchive(o, s), nil
}

// String is where the archive is, without parameters or credentials.
func (a *Archive) String() string { return a.options.String() }

// URL finds the archive again (see ParseURL); it holds no credentials.
func (a *Archive) URL() string { return a.options.URL() }

// Check finds out whether Results can be listed and put: bucket, credentials,
// permissions, TLS, disk. It leaves nothing behind, but a small object where a server
// ignores conditions and nothing may be removed.
func (a *Archive) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return a.wrap(a.store.check(ctx))
}

func (a *Archive) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("archive %s: %w", a, err)
}
