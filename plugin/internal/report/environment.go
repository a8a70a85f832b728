package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// environmentField is what a Result says of where it ran.
type environmentField struct {
	name string
	of   func(*document.Environment) []string
}

func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func ofNodes(of func(document.NodeInfo) string) func(*document.Environment) []string {
	return func(e *document.Environment) []string {
		var out []string
		for _, n := range e.Nodes {
			out = append(out, one(of(n))...)
		}
		return out
	}
}

var environmentFields = []environmentField{
	{"Where", func(e *document.Environment) []string {
		switch {
		case e.Local:
			return []string{"local, without a cluster"}
		case e.Unknown():
			return nil
		}
		return []string{"cluster"}
	}},
	{"Kubernetes", func(e *document.Environment) []string { return one(e.Kubernetes) }},
	{"Context", func(e *document.Environment) []string { return one(e.Context) }},
	{"Namespace of the agents", func(e *document.Environment) []string { return one(e.Namespace) }},
	{"CNI", func(e *document.Environment) []string { return one(e.CNI) }},
	{"Meshes", func(e *document.Environment) []string {
		var out []string
		for _, name := range slices.Sorted(maps.Keys(e.Meshes)) {
			out = append(out, strings.TrimSpace(name+" "+e.Meshes[name]))
		}
		return out
	}},
	{"Images of the target", func(e *document.Environment) []string { return e.TargetImages }},
	{"Nodes", ofNodes(func(n document.NodeInfo) string { return n.Name })},
	{"Kernel", ofNodes(func(n document.NodeInfo) string { return n.Kernel })},
	{"Operating system", ofNodes(func(n document.NodeInfo) string { return n.OSImage })},
	{"Architecture", ofNodes(func(n document.NodeInfo) string { return n.Architecture })},
	{"Kubelet", ofNodes(func(n document.NodeInfo) string { return n.Kubelet })},
	{"Container runtime", ofNodes(func(n document.NodeInfo) string { return n.ContainerRuntime })},
	{"CPUs per node", ofNodes(func(n document.NodeInfo) string { return n.CPU })},
	{"Memory per node", ofNodes(func(n document.NodeInfo) string { return n.Memory })},
	{"Instance type", ofNodes(func(n document.NodeInfo) string { return n.InstanceType })},
	{"Zone", ofNodes(func(n document.NodeInfo) string { return n.Zone })},
	{"Agent", func(e *document.Environment) []string { return one(e.Agent) }},
	{"Plugin", func(e *document.Environment) []string { return one(e.Plugin) }},
}

// mostValues is how many values a cell names.
const mostValues = 12

// environment is the section of where the runs happened.
func (m *model) environment() (section, error) {
	s := section{ID: "environment", Title: "Environment"}
	if len(m.groups) == 0 {
		return s, nil
	}
	t := &table{ID: "environment-fields", Caption: "Where the runs happened; several values of a group stand beside each other", Columns: []string{"What"}, Names: 1, Text: true}
	for _, g := range m.groups {
		t.Columns = append(t.Columns, g.name)
	}
	if len(m.groups) > 1 {
		t.Columns = append(t.Columns, "Groups")
	}
	for _, f := range environmentFields {
		line, known, differs := cells(1, f.name), false, false
		var first []string
		for i, g := range m.groups {
			values := g.values(f)
			known = known || len(values) > 0
			if i == 0 {
				first = values
			}
			differs = differs || !slices.Equal(first, values)
			c := cell{Text: limited(values)}
			if len(values) == 0 {
				c.Text, c.Kind = "not known", "absent"
			}
			line.Cells = append(line.Cells, c)
		}
		if !known {
			continue
		}
		if len(m.groups) > 1 {
			c := cell{Text: "same"}
			if differs {
				c = cell{Text: "differ", Kind: "inconclusive"}
			}
			line.Cells = append(line.Cells, c)
		}
		t.Rows = append(t.Rows, line)
	}
	s.Blocks = []block{{Table: t}}
	return s, nil
}

// values are the field's in the runs that count, each once, in order.
func (g *group) values(f environmentField) []string {
	seen := map[string]bool{}
	for _, r := range g.runs {
		for _, v := range f.of(&r.Status.Environment) {
			seen[v] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func limited(values []string) string {
	if len(values) > mostValues {
		return printer.Escape(strings.Join(values[:mostValues], ", ")) + fmt.Sprintf(" and %d more", len(values)-mostValues)
	}
	return printer.Escape(strings.Join(values, ", "))
}

// environmentDifferences is a table of what should have been the same on both sides
// of a comparison; nil where all of it was.
func environmentDifferences(id string, c *document.Comparison) *table {
	if len(c.Differences) == 0 {
		return nil
	}
	t := &table{ID: id + "-environment", Caption: "What is not the same on both sides, besides what is compared", Columns: []string{"What", c.A.Name, c.B.Name, "Weight"}, Names: 1, Text: true}
	for _, d := range c.Differences {
		what := d.What
		if d.Field != "" {
			what += " " + d.Field
		}
		weight := cell{Text: "against comparing", Kind: "worse"}
		switch {
		case d.Warning:
			weight = cell{Text: "good to know"}
		case d.Allowed:
			weight = cell{Text: "allowed", Kind: "inconclusive"}
		}
		line := cells(1, what)
		line.Cells = append(line.Cells, cell{Text: sideValues(d.A)}, cell{Text: sideValues(d.B)}, weight)
		t.Rows = append(t.Rows, line)
	}
	return t
}

func sideValues(values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	return limited(values)
}
