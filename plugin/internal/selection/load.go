package selection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// maxFile bounds a file with a Result: a run of many agents has some megabytes.
const maxFile = 512 << 20

// Find returns the rows of the runs that a group stands for, oldest first. That
// there is none is an error.
func (g *Group) Find(ctx context.Context, a *archive.Archive, w Where) ([]archive.Entry, error) {
	f, err := within(g.filter, w)
	if err != nil {
		return nil, err
	}
	if len(g.IDs) > 0 {
		f.IDs, err = g.resolve(ctx, a)
		if errors.Is(err, archive.ErrNotFound) && g.Test != "" {
			f.Name = g.Test
		} else if err != nil {
			return nil, err
		}
	}
	found, err := a.List(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no run in %s is %s: 'results list' shows what there is", a, g.wanted(w))
	}
	slices.Reverse(found)
	return found, nil
}

func (g *Group) resolve(ctx context.Context, a *archive.Archive) (ids []string, err error) {
	for _, prefix := range g.IDs {
		id, err := a.Resolve(ctx, prefix)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (g *Group) wanted(w Where) string {
	// The name may have been shortened to what tells it from the others.
	words := fmt.Sprintf("%q", g.Name)
	if len(g.conditions) > 0 {
		words = fmt.Sprintf("%q", strings.Join(g.conditions, ","))
	}
	if g.Test != "" && len(g.IDs) == 0 {
		words = fmt.Sprintf("of a Test named %q", g.Test)
	}
	if len(w.Conditions) > 0 {
		words += " with " + strings.Join(w.Conditions, " and ")
	}
	if !w.Since.IsZero() || !w.Until.IsZero() {
		words += " in this time"
	}
	return words
}

// Each reads the Results of a group, oldest first, and visits them one by one.
func (g *Group) Each(ctx context.Context, a *archive.Archive, w Where, visit func(*document.Result) error) error {
	if len(g.Files) > 0 {
		return g.eachFile(w, visit)
	}
	found, err := g.Find(ctx, a, w)
	if err != nil {
		return err
	}
	if err := w.tooMany(g, len(found)); err != nil {
		return err
	}
	return a.Each(ctx, found, func(e *archive.Entry, raw []byte) error {
		r, err := Read(raw)
		if err != nil {
			return fmt.Errorf("run %q: %w", e.RunID, err)
		}
		return visit(r)
	})
}

// tooMany refuses to read more runs than can be held, unless they were asked for.
func (w Where) tooMany(g *Group, n int) error {
	if w.Most == 0 || w.Last > 0 || n <= w.Most {
		return nil
	}
	return fmt.Errorf("%d runs are %s, and more than %d take much memory and time: narrow them down by time or conditions, or take the newest with --last %d", n, g.wanted(w), w.Most, w.Most)
}

// eachFile reads files twice, so that only one Result is held at a time: the first
// time to choose.
func (g *Group) eachFile(w Where, visit func(*document.Result) error) error {
	names, err := g.fileNames()
	if err != nil {
		return err
	}
	f, err := within(g.filter, w)
	if err != nil {
		return err
	}
	type chosen struct {
		file  string
		start time.Time
	}
	var all []chosen
	for _, n := range names {
		raw, _, err := readFile(n)
		if err != nil {
			return fmt.Errorf("file %q: %w", n, err)
		}
		e, err := archive.EntryOf(raw)
		if err != nil {
			return fmt.Errorf("file %q: %w", n, err)
		}
		if f.Matches(e) {
			all = append(all, chosen{n, e.Start})
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("of the %d Results in files none is %s", len(names), g.wanted(w))
	}
	if err := w.tooMany(g, len(all)); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(x, y chosen) int { return x.start.Compare(y.start) })
	if w.Last > 0 {
		all = all[max(0, len(all)-w.Last):]
	}
	for _, one := range all {
		_, r, err := readFile(one.file)
		if err != nil {
			return fmt.Errorf("file %q: %w", one.file, err)
		}
		if err := visit(r); err != nil {
			return err
		}
	}
	return nil
}

// fileNames are those of the group's files, and in its directories.
func (g *Group) fileNames() (names []string, err error) {
	for _, name := range g.Files {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			names = append(names, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		before := len(names)
		for _, e := range entries {
			if !e.IsDir() && strings.EqualFold(filepath.Ext(e.Name()), ".json") {
				names = append(names, filepath.Join(name, e.Name()))
			}
		}
		if len(names) == before {
			return nil, fmt.Errorf("directory %q has no .json files: name one with Results", name)
		}
	}
	return names, nil
}

func readFile(name string) ([]byte, *document.Result, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > maxFile {
		return nil, nil, fmt.Errorf("it has %d bytes, too many for a Result", info.Size())
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	r, err := Read(raw)
	return raw, r, err
}

// Read reads a Result's bytes.
func Read(raw []byte) (*document.Result, error) {
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, fmt.Errorf("it is not a Result: %w; 'results get' writes one, and 'import' reads those of other tools", err)
	}
	if r.Kind != document.KindResult {
		return nil, fmt.Errorf("it is not a Result, but of kind %q; 'results get' writes one, and 'import' reads those of other tools", r.Kind)
	}
	if r.APIVersion != document.APIVersion {
		return nil, fmt.Errorf("it has apiVersion %q, which this version cannot read: use the version that wrote it", r.APIVersion)
	}
	return r, nil
}
