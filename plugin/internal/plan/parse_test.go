package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

const minimal = `apiVersion: perf.meshery.io/v1alpha1
kind: Plan
metadata: {name: cost}
spec:
  tests:
  - {name: steady, spec: {target: {url: "http://echo:8080/"}, load: {rate: 100}}}
  variants:
  - name: none
  - {name: istio, namespace: perf-istio, labels: {mesh: istio}, patch: {target: {url: "http://echo.istio:8080/"}}}
`

func TestParse(t *testing.T) {
	p, err := Parse([]byte(minimal + "  repetitions: 3\n  seed: 7\n  pause: 0s\n  retries: 0\n"))
	if err != nil {
		t.Fatal(err)
	}
	p.Default()
	s := p.Spec
	if s.Baseline != "none" || s.Repetitions != 3 || s.Seed != 7 || *s.Pause != 0 || *s.Retries != 0 || s.Variants[1].Labels["mesh"] != "istio" {
		t.Errorf("%+v", s)
	}
	p, err = Parse([]byte(strings.Replace(minimal, "- name: none", "- {name: none, setup: [{command: [sleep, 5]}, {command: [a], timeout: 2m}]}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	p.Default()
	s = p.Spec
	if s.Repetitions != DefaultRepetitions || *s.Pause != DefaultPause || *s.Retries != DefaultRetries || s.Seed != 0 {
		t.Errorf("%+v", s)
	}
	if hooks := s.Variants[0].Setup; hooks[0].Timeout != DefaultHookTimeout || hooks[0].Command[1] != "5" || hooks[1].Timeout != document.Duration(2*time.Minute) {
		t.Errorf("%+v", hooks)
	}
	if err := p.Validate(false); err != nil {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty":           {"", "plan: it is empty"},
		"comments only":   {"# nothing\n---\n# here\n", "plan: it is empty"},
		"a Test":          {"apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {target: {url: x}}\n", `kind "Test" found`},
		"two documents":   {minimal + "---\nkind: Plan\n", "line 11: a second document begins"},
		"no YAML":         {"a: [", "plan: line 1: "},
		"unknown field":   {minimal + "  repetition: 3\n", `plan: line 10: unknown field "repetition" in spec`},
		"at the top":      {minimal + "extra: 3\n", `line 10: unknown field "extra"`},
		"in a variant":    {strings.Replace(minimal, "name: none", "mesh: istio", 1), `line 8: unknown field "mesh" in spec.variants[0]`},
		"in a hook":       {minimal + "  - {name: x, setup: [{command: [a], shell: true}]}\n", `line 10: unknown field "shell" in spec.variants[2].setup[0]`},
		"in a Test":       {strings.Replace(minimal, "rate: 100", "rps: 100", 1), `line 6: unknown field "rps" in spec.tests[0].spec.load`},
		"in a patch":      {strings.Replace(minimal, `{target: {url: "http://echo.istio:8080/"}}`, `{target: {uri: x}}`, 1), `line 9: unknown field "uri" in spec.variants[1].patch.target`},
		"in an embedded":  {strings.Replace(minimal, "rate: 100}", "rate: 100}, metrics: {prometheus: {disable: true}}", 1), `line 6: unknown field "disable" in spec.tests[0].spec.metrics.prometheus`},
		"twice":           {minimal + "  seed: 1\n  seed: 2\n", "line 11: spec.seed stands twice"},
		"a list":          {minimal + "  baseline: [a]\n", "line 10: spec.baseline: text is expected, not a list"},
		"a mapping":       {"- 1\n", "line 1: a mapping is expected, not a list"},
		"a whole number":  {minimal + "  repetitions: 1.5\n", "line 10: spec.repetitions: a whole number is expected, not the number 1.5"},
		"a seed below 0":  {minimal + "  seed: -1\n", "line 10: spec.seed: a whole number of 0 or more is expected"},
		"a bare duration": {minimal + "  pause: 5\n", `line 10: spec.pause: a number with a unit such as "30s" is expected, not the number 5`},
		"a command":       {minimal + "  - {name: x, setup: [{command: kubectl apply}]}\n", "line 10: spec.variants[2].setup[0].command: a list is expected, not text"},
		"labels":          {minimal + "  - {name: x, labels: {a: [b]}}\n", "line 10: spec.variants[2].labels.a: text is expected, not a list"},
		"itself":          {minimal + "  - &x {name: x, patch: *x}\n", "plan: "},
	} {
		_, err := Parse([]byte(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q in one line", name, err, c.want)
		}
	}
}

func TestParseTakesWhatYAMLAllows(t *testing.T) {
	for name, in := range map[string]string{
		"aliases":    strings.Replace(minimal, "  - name: none\n", "  - {name: none, setup: &h [{command: [a]}], switch: *h}\n", 1),
		"merge keys": strings.Replace(minimal, "  - name: none\n", "  - {name: none, labels: &l {a: b}}\n  - {name: second, labels: {<<: *l, c: d}}\n  - {<<: {name: third}}\n", 1),
		"null":       minimal + "  baseline: null\n",
		"markers":    "---\n" + minimal + "---\n",
		"JSON":       `{"apiVersion":"perf.meshery.io/v1alpha1","kind":"Plan","spec":{"tests":[],"variants":[]}}`,
		"a null in a patch": strings.Replace(minimal, `patch: {target: {url: "http://echo.istio:8080/"}}`,
			`patch: {target: {headers: null}, load: {rate: max}}`, 1),
	} {
		if _, err := Parse([]byte(in)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"name":           {func(p *Plan) { p.Metadata.Name = "A b" }, `metadata.name "A b"`},
		"repetitions":    {func(p *Plan) { p.Spec.Repetitions = -1 }, "repetitions -1 is not between 1 and 1000"},
		"seed":           {func(p *Plan) { p.Spec.Seed = 1 << 60 }, "seed 1152921504606846976 is not between"},
		"pause":          {func(p *Plan) { p.Spec.Pause = new(document.Duration(-1)) }, "pause -1ns is not"},
		"retries":        {func(p *Plan) { p.Spec.Retries = new(11) }, "retries 11 is not between 0 and 10"},
		"no tests":       {func(p *Plan) { p.Spec.Tests = nil }, "tests: there are 0, and there must be 1 to 100"},
		"one variant":    {func(p *Plan) { p.Spec.Variants = p.Spec.Variants[:1] }, "variants: there are 1, and there must be 2 to 50"},
		"a test twice":   {func(p *Plan) { p.Spec.Tests = append(p.Spec.Tests, p.Spec.Tests[0]) }, `tests[1].name "steady" stands twice`},
		"test's name":    {func(p *Plan) { p.Spec.Tests[0].Name = "" }, `tests[0].name ""`},
		"file and spec":  {func(p *Plan) { p.Spec.Tests[0].File = "x" }, "tests[0]: give it either a file or a spec"},
		"neither":        {func(p *Plan) { p.Spec.Tests[0].Spec = nil }, "tests[0]: give it either a file or a spec"},
		"variant twice":  {func(p *Plan) { p.Spec.Variants[1].Name = "none" }, `variants[1].name "none" stands twice`},
		"variant's name": {func(p *Plan) { p.Spec.Variants[0].Name = "NONE" }, `variants[0].name "NONE"`},
		"namespace":      {func(p *Plan) { p.Spec.Variants[1].Namespace = "a.b" }, `variants[1].namespace "a.b" is not the name of a namespace`},
		"baseline":       {func(p *Plan) { p.Spec.Baseline = "linkerd" }, `baseline "linkerd" is not among the variants`},
		"command":        {func(p *Plan) { p.Spec.Variants[0].Switch = []Hook{{}} }, "variants[0].switch[0].command is empty"},
		"timeout": {func(p *Plan) { p.Spec.Variants[0].Teardown = []Hook{{Command: []string{"a"}, Timeout: -1}} },
			"variants[0].teardown[0].timeout -1ns is below 0"},
	} {
		p := parsed(t, minimal)
		c.change(p)
		p.Default()
		if err := p.Validate(false); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	p := parsed(t, minimal)
	p.Spec.Variants = p.Spec.Variants[:1]
	p.Default()
	if err := p.Validate(true); err != nil {
		t.Errorf("one variant against itself: %v", err)
	}
}

func parsed(t *testing.T, text string) *Plan {
	t.Helper()
	p, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A file is read, or refused in a few words; a Plan that is read can be resolved or
// says in one line why not.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{minimal, minimal + "  seed: 5\n  pause: 1s\n", "a: *b", "{", "\x00", "---\n---\n",
		minimal + "  - {name: x, setup: [{command: [a], timeout: 5s}], patch: {load: null, metrics: {kubelet: {disabled: yes}}}}\n",
		"a: &a [*a]", minimal + "  - &x {<<: *x}\n", minimal + "  baseline: !!binary x\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			if s := err.Error(); s == "" || strings.Contains(s, "\n") {
				t.Errorf("the error is not one line: %q", s)
			}
			return
		}
		b, err := p.Resolve(Options{Read: func(string) ([]byte, error) { return []byte(aTest), nil }})
		if err == nil && (len(b.Digest) != 8 || len(b.Variants) != len(p.Spec.Variants)) {
			t.Errorf("%+v", b)
		}
	})
}
