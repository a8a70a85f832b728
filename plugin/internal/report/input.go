package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Input is what a report is made of.
type Input struct {
	// Title of the report; "" is made of the groups' names.
	Title string
	// Generated is when, Plugin the version that did.
	Generated time.Time
	Plugin    string
	// Groups are Runs that belong together, each shown as one. A group of one Run
	// may do without a name.
	Groups []Group
	// Comparisons are of groups of these names.
	Comparisons []*document.Comparison
	// Refused are groups that could not be compared.
	Refused []Refusal
	// Command is the command line that repeats the report, or "".
	Command string
}

// Group is Runs of one kind.
type Group struct {
	Name string
	Runs []*document.Result
}

// model is the Input in the form that all parts of a report read.
type model struct {
	Input
	groups []*group
}

// group is a Group with what counts.
type group struct {
	name  string
	index int
	all   []*run
	// runs count in the group's figures: the valid ones, but for those that every
	// comparison of them left out. Where there is none, all of them do, and doubtful
	// is true.
	runs     []*run
	doubtful bool
}

// run is a Result and why it does not count, or "".
type run struct {
	*document.Result
	leftOut string
	// apart are the comparisons that left it out although it counts in others, and
	// why.
	apart []string
	// repeats: it is the same measurement as another run of the group, and counts in
	// nothing.
	repeats bool
}

// look is the group's colour and marker; dash tells several of its lines apart.
func (g *group) look(dash int) chart.Look { return chart.Look{Color: g.index, Dash: dash} }

// mark is what stands behind the name of a group whose figures are not to be
// relied on.
func (g *group) mark() string {
	if g.doubtful {
		return g.name + " (invalid)"
	}
	return g.name
}

func newModel(in Input) (*model, error) {
	in.Comparisons = shown(in.Comparisons)
	m := &model{Input: in}
	for _, g := range in.Groups {
		if len(g.Runs) == 0 {
			return nil, fmt.Errorf("group %q has no runs: leave it out", g.Name)
		}
		name := g.Name
		if name == "" {
			name = g.Runs[0].Metadata.Name
		}
		one := &group{name: printer.Escape(name), index: len(m.groups)}
		for _, r := range g.Runs {
			one.all = append(one.all, considered(in.Comparisons, r))
		}
		one.count()
		m.groups = append(m.groups, one)
	}
	if len(m.groups) == 0 && len(in.Comparisons) == 0 {
		return nil, errors.New("a report of nothing: give it runs")
	}
	if m.Title = printer.Escape(m.Title); m.Title == "" {
		m.Title = m.title()
	}
	return m, nil
}

// count finds the runs of the group that count.
func (g *group) count() {
	g.runs = distinct(g.all, func(r *run) bool { return r.leftOut == "" })
	unfit := distinct(g.all, func(r *run) bool { return r.leftOut != "" && !r.repeats })
	if len(g.runs) == 0 {
		g.runs, g.doubtful = unfit, true
		return
	}
	// A comparison may have left out a copy of what counts.
	for _, r := range unfit {
		r.repeats = slices.ContainsFunc(g.runs, func(one *run) bool { return one.Metadata.Measurement() == r.Metadata.Measurement() })
	}
}

// distinct are the wanted runs of all, of each measurement the first, as package compare
// does it. The others are marked.
func distinct(all []*run, wanted func(*run) bool) []*run {
	first := map[string]*run{}
	var out []*run
	for _, r := range all {
		if !wanted(r) {
			continue
		}
		of := r.Metadata.Measurement()
		if before := first[of]; before != nil {
			r.repeats, r.leftOut, r.apart = true, r.Metadata.Repeats(before.Metadata.RunID), nil
			continue
		}
		first[of] = r
		out = append(out, r)
	}
	return out
}

// shown are comparisons whose groups have names that can be shown.
func shown(comparisons []*document.Comparison) []*document.Comparison {
	var out []*document.Comparison
	for _, c := range comparisons {
		one := *c
		one.A.Name, one.B.Name = printer.Escape(c.A.Name), printer.Escape(c.B.Name)
		out = append(out, &one)
	}
	return out
}

func (m *model) title() string {
	switch {
	case len(m.Comparisons) == 1 && len(m.Refused) == 0:
		c := m.Comparisons[0]
		return c.B.Name + " against " + c.A.Name
	case len(m.Comparisons) == 0 && len(m.Refused) == 1:
		return m.Refused[0].heading()
	}
	var names []string
	for _, g := range m.groups {
		if !slices.Contains(names, g.name) {
			names = append(names, g.name)
		}
	}
	return strings.Join(names, ", ")
}

// considered is a run with what comparisons made of it. It counts if one of them used
// it.
func considered(comparisons []*document.Comparison, r *document.Result) *run {
	out := &run{Result: r}
	used := false
	for _, c := range comparisons {
		here := slices.ContainsFunc(slices.Concat(c.A.Runs, c.B.Runs), func(one document.ComparedRun) bool { return one.RunID == r.Metadata.RunID })
		used = used || here
		for _, l := range slices.Concat(c.A.LeftOut, c.B.LeftOut) {
			// Used and left out by one comparison is a run that was given twice.
			if l.RunID == r.Metadata.RunID && !here {
				out.leftOut = l.Reason
				out.apart = append(out.apart, fmt.Sprintf("left out of %s against %s: %s", c.B.Name, c.A.Name, l.Reason))
			}
		}
	}
	switch v := r.Status.Validity; {
	case used:
		out.leftOut = ""
	case out.leftOut != "":
		out.apart = nil
	case !v.Valid && len(v.Reasons) == 0:
		out.leftOut = "invalid; no reason is given"
	case !v.Valid:
		out.leftOut = "invalid: " + strings.Join(v.Reasons, "; ")
	}
	return out
}

// single is the only run of the report, or nil.
func (m *model) single() *run {
	if len(m.groups) == 1 && len(m.groups[0].all) == 1 && len(m.Comparisons) == 0 {
		return m.groups[0].all[0]
	}
	return nil
}
