package selection

import (
	"fmt"
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
	// filter chooses runs by KEY=VALUE, which conditions are in words.
	filter     archive.Filter
	conditions []string
}

// Where are conditions that hold for every group.
type Where struct {
	// Conditions are KEY=VALUE: name, mesh, target, or a label of that name.
	Conditions   []string
	Since, Until time.Time
	// Last is how many of the newest runs to take of each group; 0 means all.
	Last int
	// Most is how many runs Each may read of a group where Last is 0; 0 means any number.
	Most int
}

var (
	keyRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*=`)
	// What is a file does not depend on what there is in the working directory.
	fileRE = regexp.MustCompile(`(?i)\.json$|/`)
)

// Parse reads arguments, each of which is a group:
//
//	0193a1c4-7c1e,0193a1c5   run ids, or their beginnings
//	mesh=istio,team=shop     conditions: name, mesh, target or labels; all must hold
//	result.json, results/    a file with a Result, or a directory of them: a directory
//	                         has a slash, such as ./results
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
		if id, ok := strings.CutPrefix(words[i], "result/"); ok && isID(id) { // as -o name prints it
			words[i] = id
		}
	}
	if slices.Contains(words, "") {
		return nil, fmt.Errorf("%q has an empty part: leave out the comma", arg)
	}
	switch {
	case keyRE.MatchString(words[0]):
		g.conditions = words
		return g, set(&g.filter, words)
	case slices.ContainsFunc(words, keyRE.MatchString):
		return nil, fmt.Errorf("%q mixes conditions with something else: give either KEY=VALUE or run ids", arg)
	case fileRE.MatchString(words[0]):
		g.Files = words
	case len(words) > 1 || isID(words[0]):
		for _, w := range words {
			if !isID(w) {
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

// isID tells whether a word is a run id, or at least the first eight digits of one.
func isID(word string) bool {
	if len(word) < 8 || len(word) > 36 {
		return false
	}
	for i, c := range word {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
				return false
			}
		}
	}
	return true
}

// set adds conditions to a filter.
func set(f *archive.Filter, conditions []string) error {
	for _, c := range conditions {
		key, value, found := strings.Cut(c, "=")
		if !found || key == "" {
			return fmt.Errorf("condition %q is not KEY=VALUE", c)
		}
		switch own := map[string]*string{"name": &f.Name, "mesh": &f.Mesh, "target": &f.Target}[key]; {
		case own != nil && value == "":
			return fmt.Errorf("condition %q has no value: give one, or leave it out", c)
		case own != nil && *own != "" && *own != value:
			return fmt.Errorf("no run has both %s=%s and %s: give one", key, *own, c)
		case own != nil:
			*own = value
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

// name calls groups by what tells them apart: a run by the beginning of its id, and
// conditions by those that not all groups have, without their keys where these are the
// same in all: "none" and "istio" for mesh=none,team=shop and mesh=istio,team=shop.
func name(groups []*Group) {
	apart := map[*Group][]string{}
	var keys []string
	sameKeys := true
	for i, g := range groups {
		if len(g.IDs) == 1 {
			g.Name = g.IDs[0][:min(13, len(g.IDs[0]))]
		}
		var own []string
		for _, c := range g.conditions {
			if slices.ContainsFunc(groups, func(other *Group) bool { return !slices.Contains(other.conditions, c) }) {
				apart[g] = append(apart[g], c)
				key, _, _ := strings.Cut(c, "=")
				own = append(own, key)
			}
		}
		slices.Sort(own)
		if i == 0 {
			keys = own
		}
		sameKeys = sameKeys && len(own) > 0 && slices.Equal(keys, own)
	}
	for _, g := range groups {
		conditions := apart[g]
		if sameKeys {
			conditions = nil
			for _, c := range apart[g] {
				_, value, _ := strings.Cut(c, "=")
				conditions = append(conditions, value)
			}
		}
		if text := strings.Join(conditions, ","); len(groups) > 1 && strings.Trim(text, ",") != "" {
			g.Name = text
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
	if err := set(&f, w.Conditions); err != nil {
		return f, err
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
