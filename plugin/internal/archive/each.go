package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// reading is how many Results are read ahead: each may have some megabytes.
const reading = 8

// errDeleted: the run was deleted since it was listed.
var errDeleted = errors.New("deleted meanwhile")

// Each reads the Results of runs that List found, checked against the sha256 in
// their rows, and visits them in the order of the entries. Runs that were deleted
// meanwhile are passed over.
func (a *Archive) Each(ctx context.Context, entries []Entry, visit func(e *Entry, raw []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		raw []byte
		err error
	}
	// One channel an entry, of which few are on their way at a time.
	pending := make(chan chan result, reading)
	go func() {
		defer close(pending)
		for i := range entries {
			one := make(chan result, 1)
			select {
			case pending <- one:
			case <-ctx.Done():
				return
			}
			go func() {
				raw, err := a.readEntry(ctx, &entries[i])
				one <- result{raw, err}
			}()
		}
	}()
	i := 0
	for one := range pending {
		r := <-one
		if errors.Is(r.err, errDeleted) {
			i++
			continue
		}
		if r.err == nil {
			r.err = visit(&entries[i], r.raw)
		}
		if r.err != nil {
			cancel()
			for one := range pending {
				<-one
			}
			return r.err
		}
		i++
	}
	return context.Cause(ctx)
}

func (a *Archive) readEntry(ctx context.Context, e *Entry) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	k, err := keysOf(e.RunID)
	if err != nil {
		return nil, a.wrap(err)
	}
	at, _ := runTime(e.RunID) // keysOf has read it
	raw, err := a.store.get(ctx, k.result)
	if errors.Is(err, errAbsent) {
		ids, err := a.idsWithPrefix(ctx, e.RunID, at, at)
		if err == nil && len(ids) == 0 {
			return nil, errDeleted
		}
		return nil, a.wrap(fmt.Errorf("%w: the Result of run %q is gone; 'results delete %s' clears the rest away", ErrDamaged, e.RunID, e.RunID))
	}
	if err != nil {
		return nil, a.wrap(err)
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != e.SHA256 {
		return nil, a.wrap(fmt.Errorf("%w: the Result of run %q was changed after it was archived: it has sha256 %s, the index says %s; restore the object from a backup",
			ErrDamaged, e.RunID, got, e.SHA256))
	}
	return raw, nil
}
