package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Get returns the exact bytes of a Result, checked against the sha256 of its
// manifest. The id may be the beginning of one, if only one run begins so.
func (a *Archive) Get(ctx context.Context, idOrPrefix string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	id, err := a.resolve(ctx, idOrPrefix)
	if err != nil {
		return nil, a.wrap(err)
	}
	raw, err := a.read(ctx, id)
	return raw, a.wrap(err)
}

// Resolve returns the whole id for one or its beginning.
func (a *Archive) Resolve(ctx context.Context, idOrPrefix string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	id, err := a.resolve(ctx, idOrPrefix)
	return id, a.wrap(err)
}

func (a *Archive) resolve(ctx context.Context, prefix string) (string, error) {
	prefix = strings.ToLower(prefix)
	from, to, err := prefixTimes(prefix)
	if err != nil {
		return "", err
	}
	ids, err := a.idsWithPrefix(ctx, prefix, from, to)
	if err != nil {
		return "", err
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("%w: %q; 'results list' shows what there is", ErrNotFound, prefix)
	case 1:
		return ids[0], nil
	}
	const shown = 5
	more := ""
	if len(ids) > shown {
		more = fmt.Sprintf(" and %d more", len(ids)-shown)
	}
	return "", fmt.Errorf("%w begins with %q: %s%s; give more digits", ErrAmbiguous, prefix,
		strings.Join(ids[:min(shown, len(ids))], ", "), more)
}

// idsWithPrefix looks only into months that can hold such an id: for a prefix
// of twelve digits or more that is one, without a listing of all.
func (a *Archive) idsWithPrefix(ctx context.Context, prefix string, from, to time.Time) (ids []string, err error) {
	err = a.settled(ctx, func(ctx context.Context) (gone bool, err error) {
		ids, gone, err = a.idsInIndex(ctx, monthOf(from), monthOf(to), func(id string) bool { return strings.HasPrefix(id, prefix) })
		return gone, err
	})
	return ids, err
}

// idsInIndex are the runs of some months whose id is wanted, each once.
func (a *Archive) idsInIndex(ctx context.Context, first, last string, wanted func(id string) bool) (ids []string, gone bool, err error) {
	months, err := a.readIndex(ctx, first, last)
	if err != nil {
		return nil, false, err
	}
	for _, m := range months {
		for id := range m.single {
			if wanted(id) {
				ids = append(ids, id)
			}
		}
		gone, err := a.eachEntry(ctx, m.merged, func(key string, e *Entry) {
			if wanted(e.RunID) && !m.hides(key, e.RunID) {
				ids = append(ids, e.RunID)
			}
		})
		if err != nil || gone {
			return nil, gone, err
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), false, nil
}

// read reads and verifies a run that is in the index.
func (a *Archive) read(ctx context.Context, id string) ([]byte, error) {
	k, err := keysOf(id)
	if err != nil {
		return nil, err
	}
	raw, err := a.store.get(ctx, k.manifest)
	if errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("%w: run %q has no manifest; 'archive verify --repair' completes it, 'results delete %s' clears it away", ErrDamaged, id, id)
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%w: the manifest of run %q cannot be read: %w", ErrDamaged, id, err)
	}
	want, ok := m.result()
	if !ok || m.RunID != id {
		return nil, fmt.Errorf("%w: the manifest of run %q is about something else", ErrDamaged, id)
	}
	raw, err = a.store.get(ctx, k.result)
	if errors.Is(err, errAbsent) {
		return nil, fmt.Errorf("%w: the Result of run %q is gone; 'results delete %s' clears the rest away", ErrDamaged, id, id)
	}
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != want.SHA256 || int64(len(raw)) != want.Size {
		return nil, fmt.Errorf("%w: the Result of run %q was changed after it was archived: %d bytes with sha256 %s, the manifest says %d with %s; restore the object from a backup",
			ErrDamaged, id, len(raw), got, want.Size, want.SHA256)
	}
	return raw, nil
}
