package archive

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// List returns the index rows of the runs the filter chooses, in its order. It
// reads as little as the order allows: for the newest few only the newest months.
func (a *Archive) List(ctx context.Context, f Filter) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	s := &scan{
		archive: a, filter: &f, best: &selection{sort: f.Sort, limit: f.Limit},
		read: map[string]bool{}, seen: map[uuid.UUID]bool{}, words: words{},
	}
	if err := a.settled(ctx, s.run); err != nil {
		return nil, a.wrap(err)
	}
	return s.best.sorted(), nil
}

// settled repeats a reading of the index during which objects went: rows that are
// merged are in another object then.
func (a *Archive) settled(ctx context.Context, read func(ctx context.Context) (gone bool, err error)) error {
	const tries = 100
	for range tries {
		if gone, err := read(ctx); err != nil || !gone {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return errors.New("the index changes all the time while it is read: try again")
}

// scan is one reading of the index. When it is repeated it reads only what it has
// not read.
type scan struct {
	archive *Archive
	filter  *Filter
	best    *selection
	read    map[string]bool    // objects
	seen    map[uuid.UUID]bool // runs
	words   words
}

func (s *scan) run(ctx context.Context) (gone bool, err error) {
	first, last := s.filter.months()
	months, err := s.archive.readIndex(ctx, first, last)
	if err != nil {
		return false, err
	}
	if !s.newest() {
		// Everything must be read in any case: the months at once.
		return s.months(ctx, months...)
	}
	for _, m := range months {
		if gone, err := s.months(ctx, m); err != nil || gone {
			return gone, err
		}
		if s.best.full() {
			break // what is older than all of a month is not among the newest
		}
	}
	return false, nil
}

// newest says whether only the newest few are asked for.
func (s *scan) newest() bool { return s.filter.Limit > 0 && s.filter.Sort == (Sort{}) }

// months adds the rows of months that the filter chooses.
func (s *scan) months(ctx context.Context, months ...*month) (gone bool, err error) {
	var merged, single []string
	for _, m := range months {
		merged = append(merged, m.merged...)
	}
	if gone, err = s.objects(ctx, merged, months); err != nil || gone {
		return gone, err
	}
	objects := map[string]string{}
	for _, m := range months {
		for _, id := range m.ids() {
			if (len(s.filter.IDs) == 0 || slices.Contains(s.filter.IDs, id)) && !s.seen[uuid.MustParse(id)] {
				single = append(single, id)
				objects[id] = preferred(m.single[id])
			}
		}
	}
	// Single rows are read in batches, newest first, so that the newest 50 of many
	// cost about 50 reads.
	batch := len(single)
	if s.newest() {
		batch = max(parallel, s.filter.Limit)
	}
	for ids := range slices.Chunk(single, max(1, batch)) {
		if s.newest() && s.best.full() && ids[0] < s.best.worst().RunID {
			break
		}
		keys := make([]string, len(ids))
		for i, id := range ids {
			keys[i] = objects[id]
		}
		if gone, err = s.objects(ctx, keys, months); err != nil || gone {
			return gone, err
		}
	}
	return false, nil
}

// objects adds the rows of objects that have not been read, each run's once.
func (s *scan) objects(ctx context.Context, keys []string, months []*month) (gone bool, err error) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return s.read[key] })
	in := map[string]*month{} // by object
	for _, key := range keys {
		name := monthOfKey(key)
		in[key] = months[slices.IndexFunc(months, func(m *month) bool { return m.name == name })]
	}
	return s.archive.eachEntry(ctx, keys, func(key string, e *Entry) {
		s.read[key] = true
		id, err := uuid.Parse(e.RunID)
		if err != nil || s.seen[id] || in[key].hides(key, e.RunID) {
			return
		}
		s.seen[id] = true
		if s.filter.Matches(e) {
			s.words.share(e)
			s.best.add(e)
		}
	})
}

// words are texts that many rows have, kept once.
type words map[string]string

func (w words) of(s string) string {
	if known, ok := w[s]; ok {
		return known
	}
	w[s] = s
	return s
}

// share makes an entry hold the words that others hold, too.
func (w words) share(e *Entry) {
	e.Name, e.Target, e.Mesh, e.Kubernetes = w.of(e.Name), w.of(e.Target), w.of(e.Mesh), w.of(e.Kubernetes)
	e.Phase = document.Phase(w.of(string(e.Phase)))
	for _, m := range []map[string]string{e.Labels, e.Meshes} {
		for k, v := range m {
			m[k] = w.of(v)
		}
	}
}

// preferred is the object with the most to say among those with one run's row.
func preferred(keys []string) string {
	for _, key := range keys {
		if strings.HasSuffix(key, rowSuffix) {
			return key
		}
	}
	return keys[0]
}

// selection keeps the first entries in an order, at most limit where that is not 0.
type selection struct {
	sort  Sort
	limit int
	// entries are a heap with the last in the order on top, once there are limit.
	entries []Entry
}

func (s *selection) Len() int           { return len(s.entries) }
func (s *selection) Less(i, j int) bool { return s.sort.compare(&s.entries[i], &s.entries[j]) > 0 }
func (s *selection) Swap(i, j int)      { s.entries[i], s.entries[j] = s.entries[j], s.entries[i] }
func (s *selection) Push(x any)         { s.entries = append(s.entries, x.(Entry)) }
func (s *selection) Pop() any {
	last := s.entries[len(s.entries)-1]
	s.entries = s.entries[:len(s.entries)-1]
	return last
}

func (s *selection) full() bool { return s.limit > 0 && len(s.entries) >= s.limit }

// worst is the last in the order of a full selection.
func (s *selection) worst() *Entry { return &s.entries[0] }

func (s *selection) add(e *Entry) {
	switch {
	case s.limit == 0:
		s.entries = append(s.entries, *e)
	case !s.full():
		heap.Push(s, *e)
	case s.sort.compare(e, s.worst()) < 0:
		s.entries[0] = *e
		heap.Fix(s, 0)
	}
}

func (s *selection) sorted() []Entry {
	slices.SortFunc(s.entries, func(x, y Entry) int { return s.sort.compare(&x, &y) })
	return s.entries
}
