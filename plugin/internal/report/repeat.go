package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// mostTests is how many Tests are shown.
const mostTests = 6

// ranTest is a Test, and who ran it.
type ranTest struct {
	spec, command string // spec is as it was run, to tell it from others
	yaml          string
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
		label := fmt.Sprintf("%s: the Test of %s (%s). What reads <redacted> has to be filled in.", file, joined(t.groups), counted(t.runs, "run"))
		if timeless(&t.first.Spec.Load) {
			label += " So have the stages: their durations are not known."
		}
		s.Blocks = append(s.Blocks,
			block{Code: &code{id, label, t.yaml}},
			block{Code: &code{id + "-command", "Its command line", fmt.Sprintf(t.command, file)}})
	}
	return s, nil
}

// tests are the different ones that were run.
func (m *model) tests() ([]*ranTest, error) {
	var out []*ranTest
	for _, g := range m.groups {
		for _, r := range g.all {
			if r.repeats {
				continue
			}
			// Labels may be of the one run: only those stay that all runs of the Test have.
			spec, err := specOf(r.Result)
			if err != nil {
				return nil, err
			}
			command := commandLine(r.Result)
			var t *ranTest
			for _, known := range out {
				if known.spec == spec && known.command == command {
					t = known
				}
			}
			if t == nil {
				t = &ranTest{spec: spec, command: command, first: r, labels: map[string]string{}}
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

// timeless tells that a run had stages of which the imported file has no durations.
func timeless(l *document.Load) bool {
	return len(l.Stages) > 0 && !slices.ContainsFunc(l.Stages, func(s document.Stage) bool { return s.Duration > 0 })
}

// specOf is what was run, with everything that tells it from something else.
func specOf(r *document.Result) (string, error) {
	raw, err := json.Marshal(document.Test{Metadata: document.Metadata{Name: r.Metadata.Name}, Spec: r.Spec})
	if err != nil {
		return "", fmt.Errorf("the Test of run %q: %w", r.Metadata.RunID, err)
	}
	return string(raw), nil
}

// testYAML is the Test of a run without what must not be shown.
func testYAML(r *document.Result, labels map[string]string) (string, error) {
	t := document.Test{APIVersion: document.APIVersion, Kind: document.KindTest,
		Metadata: document.Metadata{Name: r.Metadata.Name, Labels: labels}, Spec: r.Spec}.Redacted()
	t.Spec.Target = withoutContent(t.Spec.Target)
	t.Spec.Targets = slices.Clone(t.Spec.Targets)
	for i := range t.Spec.Targets {
		t.Spec.Targets[i] = withoutContent(t.Spec.Targets[i])
	}
	raw, err := yaml.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("the Test of run %q: %w", r.Metadata.RunID, err)
	}
	// Bytes are base64 in YAML, in which nobody could read how many there were.
	text := bytesSent.ReplaceAllStringFunc(string(raw), func(encoded string) string {
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			return string(decoded)
		}
		return encoded
	})
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := range lines {
		lines[i] = printer.Escape(lines[i])
	}
	return strings.Join(lines, "\n"), nil
}

// bytesSent is the beginning of what size writes, in base64, and the rest of it.
var bytesSent = regexp.MustCompile(`PHJlZGFjdGVkL[A-Za-z0-9+/]*=*`)

// withoutContent is t with the size of what it sends in place of what it sends: it may
// be a login or a customer's data, and is as long as whoever wrote it liked.
func withoutContent(t document.Target) document.Target {
	if n := len(t.Body) + len(t.BodyBase64); n > 0 {
		t.Body, t.BodyBase64 = size(n), nil
	}
	if t.GRPC != nil {
		c := *t.GRPC
		if c.Message != "" {
			c.Message = size(len(c.Message))
		}
		if len(c.DescriptorSet) > 0 {
			c.DescriptorSet = []byte(size(len(c.DescriptorSet)))
		}
		t.GRPC = &c
	}
	return t
}

func size(n int) string { return "<redacted, " + printer.Count(int64(n)) + " bytes>" }

// commandLine runs the Test again; %s stands for its file.
func commandLine(r *document.Result) string {
	e := &r.Status.Environment
	words := "kubectl meshery run -f %s"
	quote := func(s string) string {
		return wording.ShellWord(strings.ReplaceAll(printer.Escape(s), "%", "%%"))
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
