package report

import (
	"fmt"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// mostTests is how many Tests are shown.
const mostTests = 6

// ranTest is a Test, and who ran it.
type ranTest struct {
	yaml, command string
	labels        map[string]string
	groups        []string
	runs          int
	first         *run
}

// repeat is the section of how to do the same again.
func (m *model) repeat() (section, error) {
	s := section{ID: "repeat", Title: "How to repeat"}
	if m.Command != "" {
		s.Blocks = append(s.Blocks, block{Code: &code{"repeat-report", "This report", printer.Escape(m.Command)}})
	}
	tests, err := m.tests()
	if err != nil {
		return s, err
	}
	for i, t := range tests {
		if i == mostTests {
			s.Blocks = append(s.Blocks, block{Text: fmt.Sprintf("%s are in the Results, at .spec.", counted(len(tests)-mostTests, "more Test"))})
			break
		}
		id, file := fmt.Sprintf("test-%d", i+1), "test.yaml"
		if len(tests) > 1 {
			file = id + ".yaml"
		}
		s.Blocks = append(s.Blocks,
			block{Code: &code{id, fmt.Sprintf("%s: the Test of %s (%s). What reads <redacted> has to be filled in.", file, joined(t.groups), counted(t.runs, "run")), t.yaml}},
			block{Code: &code{id + "-command", "Its command line", fmt.Sprintf(t.command, file)}})
	}
	return s, nil
}

// tests are the different ones that were run.
func (m *model) tests() ([]*ranTest, error) {
	var out []*ranTest
	for _, g := range m.groups {
		for _, r := range g.all {
			// Labels may be of the one run: only those stay that all runs of the Test have.
			spec, err := testYAML(r.Result, nil)
			if err != nil {
				return nil, err
			}
			command := commandLine(r.Result)
			var t *ranTest
			for _, known := range out {
				if known.yaml == spec && known.command == command {
					t = known
				}
			}
			if t == nil {
				t = &ranTest{yaml: spec, command: command, first: r, labels: map[string]string{}}
				for k, v := range r.Metadata.Labels {
					t.labels[k] = v
				}
				out = append(out, t)
			}
			t.runs++
			if len(t.groups) == 0 || t.groups[len(t.groups)-1] != g.name {
				t.groups = append(t.groups, g.name)
			}
			for k, v := range t.labels {
				if r.Metadata.Labels[k] != v {
					delete(t.labels, k)
				}
			}
		}
	}
	for _, t := range out {
		var err error
		if t.yaml, err = testYAML(t.first.Result, t.labels); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// testYAML is the Test of a run without what must not be shown.
func testYAML(r *document.Result, labels map[string]string) (string, error) {
	t := document.Test{APIVersion: document.APIVersion, Kind: document.KindTest,
		Metadata: document.Metadata{Name: r.Metadata.Name, Labels: labels}, Spec: r.Spec}.Redacted()
	raw, err := yaml.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("the Test of run %q: %w", r.Metadata.RunID, err)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	for i := range lines {
		lines[i] = printer.Escape(lines[i])
	}
	return strings.Join(lines, "\n"), nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// commandLine runs the Test again; %s stands for its file.
func commandLine(r *document.Result) string {
	e := &r.Status.Environment
	words := "kubectl meshery run -f %s"
	quote := func(s string) string {
		s = strings.ReplaceAll(printer.Escape(s), "%", "%%")
		if plainWord.MatchString(s) {
			return s
		}
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	if e.Local {
		return words + " --local"
	}
	if e.Context != "" {
		words += " --context " + quote(e.Context)
	}
	if e.Namespace != "" {
		words += " -n " + quote(e.Namespace)
	}
	return words
}
