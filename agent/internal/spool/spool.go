// Package spool keeps the chunks of runs on disk until somebody has them safe.
// A Log is one run's chunks in one append-only file; it survives the end of the
// process, a torn last record is dropped when it is opened again. It knows
// nothing of what the chunks say.
package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// suffix of the files of a spool: RUNID.chunks.
const suffix = ".chunks"

// Store is a directory of Logs.
type Store struct {
	dir      string
	maxBytes int64

	mu   sync.Mutex
	logs map[string]*Log
}

// Open opens the spool in dir, making it if needed, and the logs in it. The
// store holds maxBytes at most: see MakeRoom.
func Open(dir string, maxBytes int64) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s := &Store{dir: dir, maxBytes: maxBytes, logs: map[string]*Log{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			continue
		}
		l, err := openLog(filepath.Join(dir, e.Name()), os.O_RDWR)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.logs[id] = l
	}
	return s, nil
}

// Create makes the log of a new run; an error if there is one already.
func (s *Store) Create(runID string) (*Log, error) {
	if runID == "" || strings.ContainsAny(runID, "/\\.") {
		return nil, fmt.Errorf("run id %q cannot name a file", runID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := openLog(filepath.Join(s.dir, runID+suffix), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	s.logs[runID] = l
	return l, nil
}

// Get is the log of a run, nil when there is none.
func (s *Store) Get(runID string) *Log {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs[runID]
}

// Runs are the ids of all logs, sorted: run ids sort by time.
func (s *Store) Runs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(s.logs))
	for id := range s.logs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Remove deletes a run's log; no log is no error.
func (s *Store) Remove(runID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logs[runID]
	if l == nil {
		return nil
	}
	delete(s.logs, runID)
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.Close())
}

// Bytes is the size of all logs.
func (s *Store) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	for _, l := range s.logs {
		n += l.Bytes()
	}
	return n
}

// MakeRoom removes the oldest logs, as long as the store is over its limit, and
// returns the runs removed. The newest is never removed.
func (s *Store) MakeRoom() (removed []string, err error) {
	ids := s.Runs()
	for len(ids) > 1 && s.Bytes() > s.maxBytes {
		if err := s.Remove(ids[0]); err != nil {
			return removed, err
		}
		removed = append(removed, ids[0])
		ids = ids[1:]
	}
	return removed, nil
}

// Close closes all logs and keeps their files.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, l := range s.logs {
		errs = append(errs, l.Close())
	}
	s.logs = map[string]*Log{}
	return errors.Join(errs...)
}
