package selection

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
)

// Group is what one argument stands for.
type Group struct {
	// Name is how the group is called: the argument, or the part of it that tells it
	// from the others.
	Name string
	// Files are Results in files; otherwise the archive is asked.
	Files []string
	// IDs are run ids or their beginnings.
	IDs []string
	// Test names runs where the argument may be the beginning of an id or a name.
	Test string
	// filter chooses runs by KEY=VALUE.
	filter archive.Filter
}

// Where are conditions that hold for every group.
type Where struct {
	// Conditions are KEY=VALUE: name, mesh, target, or a label of that name.
	Conditions   []string
	Since, Until time.Time
	// Last is how many of the newest runs to take of each group; 0 means all.
	Last int
}

var (
	idRE   = regexp.MustCompile(`^[0-9a-fA-F]{8}[0-9a-fA-F-]*$`)
	keyRE  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*=`)
	fileRE = regexp.MustCompile(`(?i)\.json$|/`)
)

// Parse reads arguments, each of which is a group:
//
//	0193a1c4-7c1e,0193a1c5   run ids, or their beginnings
//	mesh=istio,team=shop     conditions: name, mesh, target or labels; all must hold
//	result.json, results/    a file with a Result, or a directory of them
//	checkout                 the name of a Test
func Parse(args []string) ([]*Group, error) {
	var groups []*Group
	for _, arg := range args {
		g, err := parse(arg)
		if err != nil {
			return nil, err
		}
		groups = append(groups, g)
	}
	name(groups)
	return groups, nil
}

func parse(arg string) (*Group, error) {
	g := &Group{Name: arg}
	words := strings.Split(arg, ",")
	for i := range words {
		words[i] = strings.TrimPrefix(words[i], "result/") // as -o name prints it
	}
	if slices.Contains(words, "") {
		return nil, fmt.Errorf("%q has an empty part: leave out the comma", arg)
	}
	switch {
	case keyRE.MatchString(words[0]):
		return g, set(&g.filter, words)
	case slices.ContainsFunc(words, keyRE.MatchString):
		return nil, fmt.Errorf("%q mixes conditions with something else: give either KEY=VALUE or run ids", arg)
	case fileRE.MatchString(words[0]) || isFile(words[0]):
		g.Files = words
	case len(words) > 1 || idRE.MatchString(words[0]):
		for _, w := range words {
			if !idRE.MatchString(w) {
				return nil, fmt.Errorf("%q is not a run id or the first eight digits of one; of names, conditions and files write one group each", w)
			}
		}
		g.IDs = words
		if len(words) == 1 {
			g.Test = words[0] // "deadbeef" may be a name, too
		}
	default:
		g.Test = words[0]
		g.filter.Name = words[0]
	}
	return g, nil
}

func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// set adds conditions to a filter.
func set(f *archive.Filter, conditions []string) error {
	for _, c := range conditions {
		key, value, found := strings.Cut(c, "=")
		if !found || key == "" {
			return fmt.Errorf("condition %q is not KEY=VALUE", c)
		}
		switch key {
		case "name":
			f.Name = value
		case "mesh":
			f.Mesh = value
		case "target":
			f.Target = value
		default:
			if f.Labels == nil {
				f.Labels = map[string]string{}
			}
			if before, ok := f.Labels[key]; ok && before != value {
				return fmt.Errorf("no run has both %s=%s and %s: give one", key, before, c)
			}
			f.Labels[key] = value
		}
	}
	return nil
}

// name calls groups by what tells them apart: "none" and "istio" for mesh=none and
// mesh=istio, a run by the beginning of its id.
func name(groups []*Group) {
	var keys, values []string
	for _, g := range groups {
		key, value, found := strings.Cut(g.Name, "=")
		if found && !strings.Contains(value, ",") && len(g.Files) == 0 {
			keys, values = append(keys, key), append(values, value)
		}
		if len(g.IDs) == 1 {
			g.Name = g.IDs[0][:min(13, len(g.IDs[0]))]
		}
	}
	if len(groups) < 2 || len(values) != len(groups) || slices.ContainsFunc(keys, func(k string) bool { return k != keys[0] }) {
		return
	}
	for i, g := range groups {
		if values[i] != "" {
			g.Name = values[i]
		}
	}
}

// within narrows a filter by conditions for all groups. A condition of the group
// that contradicts them is an error, for nothing could be found.
func within(f archive.Filter, w Where) (archive.Filter, error) {
	labels := f.Labels
	f.Labels = map[string]string{}
	for k, v := range labels {
		f.Labels[k] = v
	}
	before := f
	if err := set(&f, w.Conditions); err != nil {
		return f, err
	}
	for _, c := range []struct{ key, own, all string }{{"name", before.Name, f.Name}, {"mesh", before.Mesh, f.Mesh}, {"target", before.Target, f.Target}} {
		if c.own != "" && c.own != c.all {
			return f, fmt.Errorf("no run has both %s=%s and %s=%s: give one", c.key, c.own, c.key, c.all)
		}
	}
	f.Since, f.Until, f.Limit = w.Since, w.Until, w.Last
	return f, nil
}

// Check finds conditions that no run can meet.
func Check(groups []*Group, w Where) error {
	for _, g := range groups {
		if _, err := within(g.filter, w); err != nil {
			return err
		}
	}
	return nil
}
