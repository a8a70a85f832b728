package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Kinds of what should be the same in all runs (EnvironmentDifference.What), in the
// order of a Comparison, and whether a difference is only good to know.
var kinds = []struct {
	what    string
	warning bool
}{
	{"test", false}, {"agents", false}, {"images", false}, {"nodes", false}, {"architecture", false}, {"os", false}, {"kernel", false},
	{"runtime", false}, {"kubernetes", false}, {"cni", false}, {"location", false},
	// The mesh is what is compared, more often than not; its proxies come with it. A
	// release of this program changes how it measures only with a word in its notes.
	{"meshes", true}, {"proxies", true}, {"pods", true}, {"otherNodes", true}, {"versions", true},
}

// Kinds are those of differences that stand against comparing, and can be allowed.
func Kinds() []string {
	var all []string
	for _, k := range kinds {
		if !k.warning {
			all = append(all, k.what)
		}
	}
	return all
}

// absent stands for a field of the Test that a run does not have. What is not known
// of an environment has no value at all.
const absent = "(none)"

// differences are all fields that do not have one value in all runs of both sides. The
// error says that some of them were not allowed.
func differences(a, b []*run, o Options) ([]document.EnvironmentDifference, error) {
	type field struct{ what, field string }
	var fields []field
	sides := [2][]map[field]string{}
	for i, runs := range [][]*run{a, b} {
		for _, r := range runs {
			of := map[field]string{}
			for _, f := range r.facts {
				k := field{f.what, f.field}
				of[k] = f.value
				if !slices.Contains(fields, k) {
					fields = append(fields, k)
				}
			}
			sides[i] = append(sides[i], of)
		}
	}
	var all []document.EnvironmentDifference
	refused := false
	for _, k := range fields {
		var values [2][]string
		for i, runs := range sides {
			values[i] = []string{}
			for _, of := range runs {
				v, ok := of[k]
				if !ok && optionalFact(k.what) {
					v, ok = absent, true
				}
				if ok && !slices.Contains(values[i], v) {
					values[i] = append(values[i], v)
				}
			}
			slices.Sort(values[i])
		}
		if one := slices.Concat(values[0], values[1]); len(one) == 0 || !slices.ContainsFunc(one, func(v string) bool { return v != one[0] }) {
			continue
		}
		d := document.EnvironmentDifference{What: k.what, Field: k.field, A: values[0], B: values[1], Warning: kinds[rankOf(k.what)].warning}
		d.Allowed = !d.Warning && (o.Force || slices.Contains(o.Allow, k.what) && within(d) == "")
		refused = refused || !d.Warning && !d.Allowed
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(x, y document.EnvironmentDifference) int {
		return cmp.Or(cmp.Compare(rankOf(x.What), rankOf(y.What)), strings.Compare(x.Field, y.Field))
	})
	if refused {
		return nil, &DifferentError{Differences: all}
	}
	return all, nil
}

// within says on which sides the runs differ among themselves, "" where they do not.
// Such a difference is not what is compared, whatever may differ between the sides.
func within(d document.EnvironmentDifference) string {
	switch a, b := len(d.A) > 1, len(d.B) > 1; {
	case a && b:
		return "a and b"
	case a:
		return "a"
	case b:
		return "b"
	}
	return ""
}

// optionalFact tells that without a value there is none, where of others it is not
// known.
func optionalFact(what string) bool {
	return what == "test" || what == "meshes" || what == "proxies"
}

func rankOf(what string) int {
	for i, k := range kinds {
		if k.what == what {
			return i
		}
	}
	return len(kinds) - 1
}

func (o Options) checkAllow() error {
	for _, what := range o.Allow {
		if !slices.Contains(Kinds(), what) {
			return fmt.Errorf("%q is no kind of difference that can be allowed: use %s", what, strings.Join(Kinds(), ", "))
		}
	}
	return nil
}

// DifferentError says that the runs are not of the same thing under the same
// conditions, so that a difference between their figures could come from that.
type DifferentError struct {
	// Differences are all of them, also those that were allowed or only warn.
	Differences []document.EnvironmentDifference
}

func (e *DifferentError) Error() string {
	var names, whats []string
	inside := false
	for _, d := range e.Differences {
		if d.Warning || d.Allowed {
			continue
		}
		name := d.What
		if d.Field != "" {
			name += " " + d.Field
		}
		name = fmt.Sprintf("%s (%s / %s)", name, strings.Join(d.A, ", "), strings.Join(d.B, ", "))
		if sides := within(d); sides != "" {
			name, inside = name+" within "+sides, true
		}
		names = append(names, name)
		if !slices.Contains(whats, d.What) {
			whats = append(whats, d.What)
		}
	}
	if inside {
		return fmt.Sprintf("the runs differ in %s: leave out those runs of a side that are unlike its others, or force the comparison", strings.Join(names, "; "))
	}
	return fmt.Sprintf("the runs differ in %s: compare runs that do not, or allow differences of %s", strings.Join(names, "; "), strings.Join(whats, ", "))
}
