package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Finding is something in the archive that is not as it should be.
type Finding struct {
	RunID string `json:"runID,omitempty"`
	// Problem says what, and what to do.
	Problem string `json:"problem"`
	// Repaired: it was put right.
	Repaired bool `json:"repaired,omitempty"`
}

// Verified is the outcome of Verify.
type Verified struct {
	// Runs were looked at; Bytes are those of their Results.
	Runs     int       `json:"runs"`
	Bytes    int64     `json:"bytes"`
	Findings []Finding `json:"findings"`
}

// Verify reads every run of the archive and holds it against its manifest and its
// row. With repair it puts back manifests and rows that are missing where the
// Result is there, and takes away index objects that cannot be read; it never removes
// or changes a Result. progress is called after each run, from one goroutine at a time.
// With an error come the findings so far.
func (a *Archive) Verify(ctx context.Context, repair bool, progress func(Verified)) (Verified, error) {
	v := &verification{archive: a, repair: repair, progress: progress}
	v.out.Findings = []Finding{}
	err := v.run(ctx)
	slices.SortFunc(v.out.Findings, func(x, y Finding) int {
		return strings.Compare(x.RunID+x.Problem, y.RunID+y.Problem)
	})
	return v.out, a.wrap(err)
}

type verification struct {
	archive  *Archive
	repair   bool
	progress func(Verified)

	mu  sync.Mutex
	out Verified
}

func (v *verification) run(ctx context.Context) error {
	months, err := v.months(ctx)
	if err != nil {
		return err
	}
	for _, name := range months {
		if err := v.month(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// months are those of the index and those of the runs, oldest first.
func (v *verification) months(ctx context.Context) ([]string, error) {
	indexed, err := v.archive.readIndex(ctx, "0000-00", "9999-99")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range indexed {
		names = append(names, m.name)
	}
	years, err := v.archive.store.folders(ctx, runsFolder)
	if err != nil {
		return nil, err
	}
	for _, year := range years {
		months, err := v.archive.store.folders(ctx, runsFolder+year+"/")
		if err != nil {
			return nil, err
		}
		for _, m := range months {
			names = append(names, year+"-"+m)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// indexed is what the index says of a run.
type indexed struct {
	sha256 string
	size   int64
}

// contents are what there is of a month.
type contents struct {
	// objects are the runs with any object, rows those in the index.
	objects map[string]bool
	rows    map[string]indexed
	// damaged are index objects that cannot be read, and why.
	damaged map[string]error
}

func (v *verification) month(ctx context.Context, name string) error {
	c, err := v.contents(ctx, name)
	if err != nil {
		return err
	}
	ids := c.runs()
	suspect := make([]bool, len(ids))
	err = each(ctx, len(ids), func(ctx context.Context, i int) error {
		problem, size, err := v.problem(ctx, ids[i], c)
		suspect[i] = problem != ""
		if err == nil {
			v.count(size)
		}
		return err
	})
	if err != nil {
		return err
	}
	var suspects []string
	for i, id := range ids {
		if suspect[i] {
			suspects = append(suspects, id)
		}
	}
	if len(suspects) == 0 && len(c.damaged) == 0 {
		return nil
	}
	if v.repair {
		return v.repairMonth(ctx, name, suspects)
	}
	return v.lookAgain(ctx, nil, name, suspects)
}

func (v *verification) contents(ctx context.Context, name string) (*contents, error) {
	keys, err := v.archive.store.list(ctx, runsFolder+strings.Replace(name, "-", "/", 1)+"/")
	if err != nil {
		return nil, err
	}
	c := &contents{objects: map[string]bool{}}
	for _, key := range keys {
		if parts := strings.Split(key, "/"); len(parts) == 6 {
			c.objects[parts[4]] = true
		}
	}
	return c, v.archive.settled(ctx, func(ctx context.Context) (gone bool, err error) { return v.rows(ctx, name, c) })
}

// runs are all of a month, in order.
func (c *contents) runs() []string {
	ids := slices.Collect(maps.Keys(c.objects))
	for id := range c.rows {
		if !c.objects[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// rows reads the index of a month, object by object, for one may be damaged.
func (v *verification) rows(ctx context.Context, name string, c *contents) (gone bool, err error) {
	c.rows, c.damaged = map[string]indexed{}, map[string]error{}
	m, err := v.archive.readMonth(ctx, name)
	if err != nil {
		return false, err
	}
	objects := slices.Clone(m.merged)
	for _, id := range m.ids() {
		objects = append(objects, m.single[id]...)
	}
	var mu sync.Mutex
	err = each(ctx, len(objects), func(ctx context.Context, i int) error {
		went, err := v.archive.eachEntry(ctx, objects[i:i+1], func(key string, e *Entry) {
			mu.Lock()
			defer mu.Unlock()
			if !m.hides(key, e.RunID) {
				c.rows[strings.Clone(e.RunID)] = indexed{strings.Clone(e.SHA256), e.Size}
			}
		})
		mu.Lock()
		defer mu.Unlock()
		gone = gone || went
		if errors.Is(err, ErrDamaged) {
			c.damaged[objects[i]] = err
			return nil
		}
		return err
	})
	return gone, err
}

// problem is what is wrong with a run, "" for nothing, and the size of its Result.
func (v *verification) problem(ctx context.Context, id string, c *contents) (problem string, size int64, err error) {
	row, inIndex := c.rows[id]
	if _, err := runTime(id); err != nil {
		return "the folder of no run: " + err.Error(), 0, nil
	}
	raw, err := v.archive.read(ctx, id)
	switch {
	case errors.Is(err, ErrDamaged) && !c.objects[id]:
		return "is in the index, but its objects are gone: 'results delete " + id + "' clears it away", 0, nil
	case errors.Is(err, ErrDamaged):
		return strings.TrimPrefix(err.Error(), ErrDamaged.Error()+": "), 0, nil
	case err != nil:
		return "", 0, err
	}
	size = int64(len(raw))
	if !inIndex {
		return "is not in the index: --repair puts it there", size, nil
	}
	sum := sha256.Sum256(raw)
	if got := hex.EncodeToString(sum[:]); got != row.sha256 || size != row.size {
		return fmt.Sprintf("is another Result than the index says: %d bytes with sha256 %s, not %d with %s", size, got, row.size, row.sha256), size, nil
	}
	return "", size, nil
}

func (v *verification) find(f Finding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.out.Findings = append(v.out.Findings, f)
}

func (v *verification) count(n int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.out.Runs++
	v.out.Bytes += n
	v.progress(v.out)
}
