package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Outbox is a local directory where Results wait whose archive could not be
// reached. Every run has a folder of its own with the Result and the URL of
// its archive; the folder appears complete or not at all.
type Outbox struct {
	Dir string
}

const destinationName = "destination"

// Waiting is a Result in the outbox.
type Waiting struct {
	RunID string
	// Destination is the archive's URL (ParseURL).
	Destination string
	Path        string
	Size        int64
	Since       time.Time
}

// NotArchived is the error of Keep when the Result is safe in the outbox.
type NotArchived struct {
	Path string
	Err  error
}

func (e *NotArchived) Error() string {
	return fmt.Sprintf("%v; the Result waits in %s: 'archive sync' delivers it", e.Err, e.Path)
}

func (e *NotArchived) Unwrap() error { return e.Err }

// ErrNotKept: the Result is neither in the archive nor in the outbox, and the
// caller holds the only copy.
var ErrNotKept = errors.New("the Result is kept nowhere")

// Keep puts a Result into the archive or, when that fails, into the outbox. The
// error is nil for the archive, a *NotArchived for the outbox, and ErrNotKept
// when both failed. It is ErrConflict alone when the archive has another Result
// of this run: no later delivery could succeed, so nothing goes to the outbox. A
// canceled context still fills the outbox.
func Keep(ctx context.Context, a *Archive, o Outbox, raw []byte) (url string, err error) {
	url, err = a.Put(ctx, raw)
	if err == nil {
		return url, nil
	}
	if errors.Is(err, ErrConflict) {
		return "", err
	}
	path, outboxErr := o.add(raw, a.URL())
	if outboxErr != nil {
		return "", fmt.Errorf("%w: %w; and the outbox: %w", ErrNotKept, err, outboxErr)
	}
	return "", &NotArchived{Path: path, Err: err}
}

// add writes a Result to the outbox and returns its path.
func (o Outbox) add(raw []byte, destination string) (string, error) {
	e, _, err := describe(raw, "")
	if err != nil {
		return "", err
	}
	if _, err := runTime(e.RunID); err != nil {
		return "", err
	}
	if err := makePrivate(o.Dir); err != nil {
		return "", explainOutbox(err)
	}
	folder := filepath.Join(o.Dir, e.RunID)
	result := filepath.Join(folder, resultName)
	if there, err := os.ReadFile(result); err == nil {
		if bytes.Equal(there, raw) {
			return result, nil
		}
		return "", fmt.Errorf("%w: %s", ErrConflict, result)
	}
	temporary, err := os.MkdirTemp(o.Dir, hiddenPrefix)
	if err != nil {
		return "", explainOutbox(err)
	}
	defer os.RemoveAll(temporary)
	err = writePrivate(filepath.Join(temporary, resultName), raw)
	if err == nil {
		err = writePrivate(filepath.Join(temporary, destinationName), []byte(destination+"\n"))
	}
	if err == nil {
		err = os.Rename(temporary, folder)
	}
	if err == nil {
		err = syncFolder(o.Dir)
	}
	return result, explainOutbox(err)
}

func makePrivate(dir string) error {
	if err := makeFolders(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func writePrivate(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return writeSynced(f, data)
}

func explainOutbox(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("outbox: %w", err)
}

// List returns what waits, oldest first.
func (o Outbox) List() ([]Waiting, error) {
	entries, err := os.ReadDir(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, explainOutbox(err)
	}
	var found []Waiting
	for _, e := range entries {
		if _, err := runTime(e.Name()); err != nil {
			continue
		}
		path := filepath.Join(o.Dir, e.Name(), resultName)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // delivered by another process meanwhile
		}
		destination, err2 := os.ReadFile(filepath.Join(o.Dir, e.Name(), destinationName))
		if err := errors.Join(err, err2); err != nil {
			return nil, explainOutbox(err)
		}
		found = append(found, Waiting{
			RunID: e.Name(), Destination: strings.TrimSpace(string(destination)),
			Path: path, Size: info.Size(), Since: info.ModTime(),
		})
	}
	slices.SortFunc(found, func(x, y Waiting) int { return strings.Compare(x.RunID, y.RunID) })
	return found, nil
}

// Deliver puts one waiting Result into an archive and takes it out of the
// outbox. Of two processes that deliver the same, both succeed.
func (o Outbox) Deliver(ctx context.Context, w Waiting, a *Archive) (url string, err error) {
	raw, err := os.ReadFile(w.Path)
	if err != nil {
		return "", explainOutbox(err)
	}
	if url, err = a.Put(ctx, raw); err != nil {
		return "", err
	}
	return url, explainOutbox(os.RemoveAll(filepath.Join(o.Dir, w.RunID)))
}
