package archive

import (
	"context"
	"errors"
	"fmt"
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
// Result is there; it never removes or changes anything. progress is called after
// each run, from one goroutine at a time.
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

func (v *verification) month(ctx context.Context, name string) error {
	// Runs before rows: what is put meanwhile has a row when these are read.
	keys, err := v.archive.store.list(ctx, runsFolder+strings.Replace(name, "-", "/", 1)+"/")
	if err != nil {
		return err
	}
	rows, err := v.rows(ctx, name)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	var ids []string
	for _, key := range keys {
		parts := strings.Split(key, "/")
		if len(parts) < 6 {
			continue
		}
		if id := parts[4]; !there[id] {
			there[id] = true
			ids = append(ids, id)
		}
	}
	for id := range rows {
		if !there[id] {
			v.find(Finding{RunID: id, Problem: "is in the index, but its objects are gone: 'results delete " + id + "' clears it away"})
		}
	}
	slices.Sort(ids)
	return each(ctx, len(ids), func(ctx context.Context, i int) error {
		row, ok := rows[ids[i]]
		return v.verify(ctx, ids[i], row, ok)
	})
}

func (v *verification) rows(ctx context.Context, name string) (map[string]indexed, error) {
	rows := map[string]indexed{}
	err := v.archive.settled(ctx, func(ctx context.Context) (bool, error) {
		m, err := v.archive.readMonth(ctx, name)
		if err != nil {
			return false, err
		}
		objects := slices.Clone(m.merged)
		for _, id := range m.ids() {
			objects = append(objects, m.single[id]...)
		}
		clear(rows)
		return v.archive.eachEntry(ctx, objects, func(key string, e *Entry) {
			if !m.hides(key, e.RunID) {
				rows[strings.Clone(e.RunID)] = indexed{strings.Clone(e.SHA256), e.Size}
			}
		})
	})
	return rows, err
}

// verify holds one run against its manifest and row.
func (v *verification) verify(ctx context.Context, id string, row indexed, inIndex bool) error {
	raw, err := v.archive.read(ctx, id)
	defer func() { v.count(int64(len(raw))) }()
	switch {
	case errors.Is(err, ErrDamaged):
		if !v.repair {
			v.find(Finding{RunID: id, Problem: strings.TrimPrefix(err.Error(), ErrDamaged.Error()+": ")})
			break
		}
		return v.complete(ctx, id, strings.TrimPrefix(err.Error(), ErrDamaged.Error()+": "))
	case err != nil:
		return err
	case !inIndex && v.repair:
		return v.complete(ctx, id, "is not in the index")
	case !inIndex:
		v.find(Finding{RunID: id, Problem: "is not in the index: --repair puts it there"})
	default:
		e, err := EntryOf(raw)
		if err != nil {
			return err
		}
		if e.SHA256 != row.sha256 || e.Size != row.size {
			v.find(Finding{RunID: id, Problem: fmt.Sprintf("is another Result than the index says: %d bytes with sha256 %s, not %d with %s", e.Size, e.SHA256, row.size, row.sha256)})
		}
	}
	return nil
}

// complete puts a run again that lacks its manifest or its row.
func (v *verification) complete(ctx context.Context, id, problem string) error {
	k, err := keysOf(id)
	if err != nil {
		v.find(Finding{Problem: fmt.Sprintf("%q is no run's folder", id)})
		return nil
	}
	raw, err := v.archive.store.get(ctx, k.result)
	if errors.Is(err, errAbsent) {
		v.find(Finding{RunID: id, Problem: "has no Result: 'results delete " + id + "' clears the rest away"})
		return nil
	}
	if err != nil {
		return err
	}
	e, m, err := describe(raw, v.archive.options.Writer)
	if err == nil && e.RunID != id {
		err = fmt.Errorf("it is that of run %q", e.RunID)
	}
	if err == nil {
		err = v.archive.put(ctx, k, e, m, raw)
	}
	if err != nil {
		v.find(Finding{RunID: id, Problem: problem + ", and cannot be repaired: " + err.Error()})
		return nil
	}
	v.find(Finding{RunID: id, Problem: problem, Repaired: true})
	return nil
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
