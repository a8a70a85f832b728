package plan

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

const aTest = `apiVersion: perf.meshery.io/v1alpha1
kind: Test
metadata: {name: checkout, labels: {build: "7", team: perf}}
spec:
  target: {url: "http://echo:8080/", headers: [{name: A, value: b}]}
  load: {rate: 50, duration: 10s}
`

func resolved(t *testing.T, text string, o Options) *Bench {
	t.Helper()
	b, err := parsed(t, text).Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestResolve(t *testing.T) {
	text := strings.Replace(minimal, "metadata: {name: cost}", "metadata: {name: cost, labels: {team: mesh, ticket: x}}", 1)
	text = strings.Replace(text, "  variants:", "  - {name: file, file: a.yaml}\n  variants:", 1)
	text = strings.Replace(text, `patch: {target: {url: "http://echo.istio:8080/"}}`, `patch: {target: {url: "http://echo.istio:8080/", headers: null}, load: {connections: 3}}`, 1)
	b := resolved(t, text, Options{Namespace: "meshery", Read: func(name string) ([]byte, error) {
		if name != "a.yaml" {
			t.Errorf("read %q", name)
		}
		return []byte(aTest), nil
	}})
	none, istio := b.Variants[0], b.Variants[1]
	if none.Namespace != "meshery" || istio.Namespace != "perf-istio" || none.Of != "none" || b.Baseline != "none" {
		t.Errorf("%+v", b)
	}
	steady, file := istio.Tests[0], istio.Tests[1]
	if steady.Metadata.Name != "steady" || file.Metadata.Name != "checkout" {
		t.Errorf("names %q, %q", steady.Metadata.Name, file.Metadata.Name)
	}
	if s := file.Spec; s.Target.URL != "http://echo.istio:8080/" || s.Target.Headers != nil || s.Load.Rate != 50 || s.Load.Connections != 3 || s.Load.Duration.String() != "10s" {
		t.Errorf("patched %+v", s)
	}
	if s := none.Tests[1].Spec; s.Target.URL != "http://echo:8080/" || len(s.Target.Headers) != 1 || s.Load.Connections != document.DefaultConnections {
		t.Errorf("not patched %+v", s)
	}
	if want := map[string]string{"build": "7", "team": "mesh", "ticket": "x", "mesh": "istio"}; !reflect.DeepEqual(file.Metadata.Labels, want) {
		t.Errorf("labels %v, want %v", file.Metadata.Labels, want)
	}
	run := b.Test(Slot{Block: 3, Test: "file", Variant: "istio"}, "0123abcd-1", 9, 2)
	want := map[string]string{"build": "7", "team": "mesh", "ticket": "x", "mesh": "istio", "bench": "0123abcd-1", "plan": "cost",
		"test": "file", "variant": "istio", "block": "3", "seed": "9", "attempt": "2"}
	if !reflect.DeepEqual(run.Metadata.Labels, want) {
		t.Errorf("labels %v, want %v", run.Metadata.Labels, want)
	}
	if err := run.Validate(); err != nil {
		t.Error(err)
	}
	slot, attempt, ok := SlotOf(run.Metadata.Labels)
	if slot != (Slot{3, "file", "istio"}) || attempt != 2 || !ok {
		t.Errorf("%+v, %d, %t", slot, attempt, ok)
	}
	if _, _, ok := SlotOf(map[string]string{"test": "a", "variant": "b", "block": "x"}); ok {
		t.Error("a run without a block has a slot")
	}
	if got := b.Length("file").String(); got != "15s" {
		t.Errorf("length %s", got)
	}
}

func TestResolveRefuses(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"a Test":          {"rate: 100", "rate: 100, connections: -1", `variant "none", test "steady": load.connections -1`},
		"a patched Test":  {`url: "http://echo.istio:8080/"`, `url: "ftp://x"`, `variant "istio", test "steady": target.url "ftp://x"`},
		"a patched field": {`url: "http://echo.istio:8080/"`, `timeout: soon`, `line 9: spec.variants[1].patch.target.timeout: a number with a unit such as "30s" is expected, not text`},
		"a patched whole": {`target: {url: "http://echo.istio:8080/"}`, `target: null`, `variant "istio", test "steady": target.url is missing`},
		"label of a run":  {"labels: {mesh: istio}", "labels: {block: x}", `variant "istio": labels: block=x: a bench gives its runs the labels bench, plan,`},
		"plan's label":    {"metadata: {name: cost}", "metadata: {name: cost, labels: {seed: x}}", "metadata.labels: seed=x: a bench gives"},
		"no label":        {"labels: {mesh: istio}", "labels: {mesh: a b}", `variant "istio", test "steady": metadata.labels: "mesh"="a b" is not a label`},
		"no file":         {`spec: {target: {url: "http://echo:8080/"}, load: {rate: 100}}`, "file: gone", `test "steady": there is no gone`},
		"a broken file":   {`spec: {target: {url: "http://echo:8080/"}, load: {rate: 100}}`, "file: broken", `test "steady": broken: test document: `},
		"the check":       {"rate: 100", "rate: 66", `variant "none", test "steady": 66 is not allowed`},
	} {
		text := strings.Replace(minimal, c.old, c.new, 1)
		p, err := Parse([]byte(text))
		if err == nil {
			_, err = p.Resolve(Options{Check: func(t *document.Test) error {
				if t.Spec.Load.Rate == 66 {
					return errors.New("66 is not allowed")
				}
				return nil
			}, Read: func(name string) ([]byte, error) {
				if name == "broken" {
					return []byte("a: b"), nil
				}
				return nil, errors.New("there is no " + name)
			}})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	p := parsed(t, strings.Replace(minimal, `spec: {target: {url: "http://echo:8080/"}, load: {rate: 100}}`, "file: x", 1))
	_, err := p.Resolve(Options{Read: func(string) ([]byte, error) { return []byte(strings.Replace(aTest, "build", "bench", 1)), nil }})
	if err == nil || !strings.Contains(err.Error(), `test "steady": x: metadata.labels: bench=7`) {
		t.Errorf("a Test's own label: %v", err)
	}
}

// The digest stands for what is run: it does not follow what only says how often.
func TestDigest(t *testing.T) {
	of := func(text string, o Options) string { return resolved(t, text, o).Digest }
	want := of(minimal, Options{})
	for name, text := range map[string]string{
		"again": minimal, "repetitions": minimal + "  repetitions: 30\n", "pause": minimal + "  pause: 1m\n", "seed": minimal + "  seed: 5\n",
		"baseline": minimal + "  baseline: istio\n", "retries": minimal + "  retries: 4\n",
	} {
		if got := of(text, Options{}); got != want {
			t.Errorf("%s: digest %s, before %s", name, got, want)
		}
	}
	seen := map[string]string{want: "minimal"}
	for name, text := range map[string]string{
		"rate": strings.Replace(minimal, "100", "101", 1), "patch": strings.Replace(minimal, "echo.istio", "echo.i", 1),
		"hook": strings.Replace(minimal, "- name: none", "- {name: none, setup: [{command: [a]}]}", 1),
		"name": strings.Replace(minimal, "cost", "costs", 1), "variant": strings.Replace(minimal, "name: istio", "name: i", 1),
	} {
		got := of(text, Options{})
		if other, taken := seen[got]; taken {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[got] = name
	}
	for name, o := range map[string]Options{"place": {Place: "there"}, "namespace": {Namespace: "other"}, "aa": {AA: "none"}} {
		if got := of(minimal, o); seen[got] != "" {
			t.Errorf("%s has the digest of %s", name, seen[got])
		}
	}
	// What chance gives is not in it.
	random := strings.Replace(minimal, "rate: 100", "rate: 100, arrivals: poisson", 1)
	if one, other := of(random, Options{}), of(random, Options{}); one != other {
		t.Error("the digest is another one each time")
	}
}

// Arrivals are the same for all variants of a Test in a block, and no other.
func TestSeedsOfArrivals(t *testing.T) {
	b := resolved(t, strings.Replace(minimal, "rate: 100", "rate: 100, arrivals: poisson", 1), Options{})
	seed := func(seed uint64, block int, variant string) uint64 {
		return b.Test(Slot{block, "steady", variant}, "x-1", seed, 1).Spec.Load.Seed
	}
	one := seed(7, 1, "none")
	if one == 0 || one != seed(7, 1, "istio") || one == seed(7, 2, "none") || one == seed(8, 1, "none") {
		t.Errorf("seeds %d, %d, %d, %d", one, seed(7, 1, "istio"), seed(7, 2, "none"), seed(8, 1, "none"))
	}
	b = resolved(t, strings.Replace(minimal, "rate: 100", "rate: 100, arrivals: poisson, seed: 5", 1), Options{})
	if seed(7, 1, "none") != 5 || seed(7, 2, "istio") != 5 {
		t.Error("a seed of the Test's own is not kept")
	}
	b = resolved(t, minimal, Options{})
	if seed(7, 1, "none") != 0 {
		t.Error("constant arrivals have a seed")
	}
}

func TestAA(t *testing.T) {
	text := strings.Replace(minimal, "- name: none", "- {name: none, switch: [{command: [a]}]}", 1)
	b := resolved(t, text, Options{AA: "none"})
	if len(b.Variants) != 2 || b.Baseline != "none" || !b.AA {
		t.Fatalf("%+v", b)
	}
	a, again := b.Variants[0], b.Variants[1]
	if a.Name != "none" || again.Name != "none-again" || again.Of != "none" || !reflect.DeepEqual(a.Tests, again.Tests) || !reflect.DeepEqual(a.Switch, again.Switch) {
		t.Errorf("%+v\n%+v", a, again)
	}
	if l := b.Test(Slot{1, "steady", "none-again"}, "x-1", 1, 1).Metadata.Labels; l["aa"] != "true" || l["variant"] != "none-again" {
		t.Errorf("labels %v", l)
	}
	for name, want := range map[string]string{"linkerd": `variant "linkerd" is not in the plan`} {
		if _, err := parsed(t, text).Resolve(Options{AA: name}); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
	taken := strings.Replace(text, "name: istio", "name: none-again", 1)
	if _, err := parsed(t, taken).Resolve(Options{AA: "none"}); err == nil || !strings.Contains(err.Error(), "too long or taken") {
		t.Errorf("%v", err)
	}
}

// The examples of RFC 7386, appendix A, whose patch is a mapping.
func TestMergePatch(t *testing.T) {
	type m = map[string]any
	for i, c := range []struct {
		document any
		patch    m
		want     m
	}{
		{m{"a": "b"}, m{"a": "c"}, m{"a": "c"}},
		{m{"a": "b"}, m{"b": "c"}, m{"a": "b", "b": "c"}},
		{m{"a": "b"}, m{"a": nil}, m{}},
		{m{"a": "b", "b": "c"}, m{"a": nil}, m{"b": "c"}},
		{m{"a": []any{"b"}}, m{"a": "c"}, m{"a": "c"}},
		{m{"a": "c"}, m{"a": []any{"b"}}, m{"a": []any{"b"}}},
		{m{"a": m{"b": "c"}}, m{"a": m{"b": "d", "c": nil}}, m{"a": m{"b": "d"}}},
		{m{"a": []any{m{"b": "c"}}}, m{"a": []any{1}}, m{"a": []any{1}}},
		{m{"e": nil}, m{"a": 1}, m{"e": nil, "a": 1}},
		{[]any{1, 2}, m{"a": "b", "c": nil}, m{"a": "b"}},
		{m{}, m{"a": m{"bb": m{"ccc": nil}}}, m{"a": m{"bb": m{}}}},
	} {
		if got := merged(c.document, c.patch); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
	original := m{"a": m{"b": "c"}}
	_ = merged(original, m{"a": m{"b": "d"}})
	if !reflect.DeepEqual(original, m{"a": m{"b": "c"}}) {
		t.Errorf("the document was changed: %v", original)
	}
}
