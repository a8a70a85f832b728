package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// fileStore keeps objects as files below root.
type fileStore struct {
	root string
}

// hiddenPrefix marks files being written; a list never shows them.
const hiddenPrefix = ".tmp-"

func (s *fileStore) path(key string) string {
	return filepath.Join(s.root, filepath.FromSlash(key))
}

// putIfAbsent writes a hidden file, forces it to disk and links it to its name:
// the name appears with all its content or not at all, and never replaces.
func (s *fileStore) putIfAbsent(ctx context.Context, key string, data []byte, _ string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	// A delete at the same moment may take the empty folder away again.
	var err error
	for range 3 {
		if err = s.put(s.path(key), data); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, errExists) {
		return errExists
	}
	return explainFile(err)
}

func (s *fileStore) put(name string, data []byte) error {
	folder := filepath.Dir(name)
	if err := makeFolders(folder); err != nil {
		return err
	}
	temporary, err := writeHidden(folder, data)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	if err := os.Link(temporary, name); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return errExists
		}
		if !noLinks(err) {
			return err
		}
		// Without hard links a crash right here can leave a short file, which
		// the sha256 in the manifest gives away.
		if err := writeExclusive(name, data); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

// writeHidden makes a file with the data on disk and returns its name. Its
// mode is what the umask leaves, so that a team can share an archive.
func writeHidden(folder string, data []byte) (name string, err error) {
	name = filepath.Join(folder, hiddenPrefix+rand.Text())
	return name, writeExclusive(name, data)
}

// writeExclusive makes a file with the data on disk, or none at all.
func writeExclusive(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err := writeSynced(f, data); err != nil {
		os.Remove(name)
		return err
	}
	return nil
}

func writeSynced(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func noLinks(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) ||
		errors.Is(err, syscall.ENOSYS) || errors.Is(err, errors.ErrUnsupported)
}

// makeFolders is MkdirAll that forces every new folder's name to disk.
func makeFolders(folder string) error {
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(folder)
	if parent != folder {
		if err := makeFolders(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(folder, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(parent)
}

// syncFolder forces the names in a folder to disk, where the system can.
func syncFolder(folder string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be synced there
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // some network file systems
	}
	return errors.Join(err, d.Close())
}

func (s *fileStore) get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(s.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errAbsent
	}
	return data, explainFile(err)
}

// list reads folders, which is no one moment: of rows that are merged meanwhile it might
// see neither the old nor the new object. So the index is read until it stays the same.
func (s *fileStore) list(ctx context.Context, prefix string) ([]string, error) {
	found, err := s.listOnce(ctx, prefix)
	for range 10 {
		if err != nil || !strings.HasPrefix(prefix, tableFolder) {
			break
		}
		before := found
		if found, err = s.listOnce(ctx, prefix); slices.Equal(found, before) {
			break
		}
	}
	return found, err
}

func (s *fileStore) listOnce(ctx context.Context, prefix string) ([]string, error) {
	start := s.path(prefix)
	if !strings.HasSuffix(prefix, "/") {
		start = filepath.Dir(start)
	}
	var found []string
	err := filepath.WalkDir(start, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing archived yet, or deleted meanwhile
		}
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		relative, err := filepath.Rel(s.root, name)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(relative)
		if d.Type().IsRegular() && strings.HasPrefix(key, prefix) && !strings.HasPrefix(d.Name(), hiddenPrefix) {
			found = append(found, key)
		}
		return nil
	})
	return found, explainFile(err)
}

func (s *fileStore) folders(ctx context.Context, prefix string) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.path(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var found []string
	for _, e := range entries {
		if e.IsDir() {
			found = append(found, e.Name())
		}
	}
	return found, explainFile(err)
}

func (s *fileStore) remove(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := s.path(key)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explainFile(err)
	}
	folder := filepath.Dir(name)
	if strings.HasPrefix(key, runsFolder) {
		_ = os.Remove(folder) // goes with its last file; fails while it holds any
		folder = filepath.Dir(folder)
	}
	if err := syncFolder(folder); !errors.Is(err, fs.ErrNotExist) {
		return explainFile(err)
	}
	return nil
}

// check writes a hidden file and removes it, in the archive or, before the
// first put, in the folder that it will be made in.
func (s *fileStore) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder := s.root
	for {
		info, err := os.Stat(folder)
		if err == nil && !info.IsDir() {
			return explainFile(&fs.PathError{Op: "open", Path: folder, Err: syscall.ENOTDIR})
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(folder) == folder {
			return explainFile(err)
		}
		folder = filepath.Dir(folder)
	}
	// Several blocks, for a full disk may still have room for a name.
	name, err := writeHidden(folder, make([]byte, 64<<10))
	if e := (*fs.PathError)(nil); errors.As(err, &e) && e.Op == "open" {
		// The folder is there: what matters is its name, not the probe's.
		return explainFile(&fs.PathError{Op: "write to", Path: folder, Err: e.Err})
	}
	if err != nil {
		return explainFile(err)
	}
	return explainFile(os.Remove(name))
}
