package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Put archives a Result, byte for byte, and returns its URL for people. raw is
// what document.Marshal returned. Putting the same bytes again is no error and
// completes what an earlier attempt left undone; other bytes under the same run
// id are ErrConflict.
func (a *Archive) Put(ctx context.Context, raw []byte) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	e, m, err := describe(raw, a.options.Writer)
	if err != nil {
		return "", a.wrap(err)
	}
	k, err := keysOf(e.RunID)
	if err != nil {
		return "", a.wrap(err)
	}
	if err := a.put(ctx, k, e, m, raw); err != nil {
		return "", a.wrap(err)
	}
	// The run is archived; merging rows only makes reading them faster, and the
	// next Put tries again.
	_ = a.mergeWhenMany(ctx, k.month)
	return a.runURL(k), nil
}

func (a *Archive) runURL(k keys) string {
	o := a.options
	if o.Bucket == "" {
		return o.String() + "/" + k.folder
	}
	if o.Prefix != "" {
		o.Prefix += "/"
	}
	o.Prefix += k.folder
	return o.String()
}

func (a *Archive) put(ctx context.Context, k keys, e *Entry, m *manifest, raw []byte) error {
	err := a.putSame(ctx, k.result, raw, mediaJSON, func(there []byte) bool { return bytes.Equal(there, raw) })
	if err != nil {
		return err
	}
	// A manifest and a row that are there may have been written by another
	// version; they say the same if they name the same bytes.
	manifestJSON, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	err = a.putSame(ctx, k.manifest, append(manifestJSON, '\n'), mediaJSON, func(there []byte) bool {
		var other manifest
		if json.Unmarshal(there, &other) != nil {
			return false
		}
		o, ok := other.result()
		return ok && o.SHA256 == e.SHA256
	})
	if err != nil {
		return err
	}
	return a.putRow(ctx, e)
}

// putRow puts a run's row into the index.
func (a *Archive) putRow(ctx context.Context, e *Entry) error {
	k, err := keysOf(e.RunID)
	if err != nil {
		return err
	}
	table, err := encodeRows([]row{rowOf(e)})
	if err != nil {
		return err
	}
	return a.putSame(ctx, k.row, table, mediaParquet, func(there []byte) bool {
		same := false
		err := eachRow(there, func(r *row) error {
			same = r.RunID == e.RunID && r.SHA256 == e.SHA256
			return nil
		})
		return err == nil && same
	})
}

// putSame puts an object, or accepts the one that is there if it is the same.
func (a *Archive) putSame(ctx context.Context, key string, data []byte, media string, same func(there []byte) bool) error {
	// An object that a concurrent delete takes away between the two calls is
	// put again; more than a few times is not chance.
	for range 3 {
		err := a.store.putIfAbsent(ctx, key, data, media)
		if !errors.Is(err, errExists) {
			return err
		}
		there, err := a.store.get(ctx, key)
		if errors.Is(err, errAbsent) {
			continue
		}
		if err != nil {
			return err
		}
		if !same(there) {
			return fmt.Errorf("%w: %s holds other content and is never overwritten; 'results delete' removes it", ErrConflict, key)
		}
		return nil
	}
	return fmt.Errorf("%s is being removed by somebody else at this moment: try again", key)
}
