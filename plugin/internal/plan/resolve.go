package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Options are what a Plan is resolved with.
type Options struct {
	// Read reads the file of a Test.
	Read func(name string) ([]byte, error)
	// Check finds what else cannot be right in a Test; nil finds nothing.
	Check func(*document.Test) error
	// Namespace is that of the agents of variants that name none.
	Namespace string
	// Place tells benches of the same Plan in different places apart, such as the
	// context of the kubeconfig.
	Place string
	// AA names a variant to hold against itself.
	AA string
}

// Again is the end of the name under which a variant is held against itself.
const Again = "-again"

// Bench is a Plan with every Test that it runs.
type Bench struct {
	Name        string
	Baseline    string
	Repetitions int
	// Seed is 0 where a random one is wanted.
	Seed     uint64
	Pause    time.Duration
	Retries  int
	AA       bool
	Tests    []string
	Variants []Resolved
	// Digest is eight hexadecimal digits of the SHA-256 of what is run, where and
	// how; the number of repetitions, the pause, the seed and the baseline are not
	// in it.
	Digest string
	// unseeded are the Tests with random arrivals whose seed the Plan leaves open.
	unseeded map[string]bool
}

// Resolved is a variant with its Tests.
type Resolved struct {
	Name string `json:"name"`
	// Of is the variant of the Plan that this is, by another name where it is held
	// against itself.
	Of        string `json:"of"`
	Namespace string `json:"namespace,omitempty"`
	// Tests are defaulted, valid, and in the order of the Plan's. They have the
	// labels of the Plan and the variant, but not those of a run.
	Tests    []document.Test `json:"tests"`
	Setup    []Hook          `json:"setup,omitempty"`
	Switch   []Hook          `json:"switch,omitempty"`
	Teardown []Hook          `json:"teardown,omitempty"`
}

// Resolve makes the Tests of every variant. The error names variant and Test.
func (p *Plan) Resolve(o Options) (*Bench, error) {
	p.Default()
	if err := p.Validate(o.AA != ""); err != nil {
		return nil, err
	}
	if err := checkLabels("metadata.labels", p.Metadata.Labels); err != nil {
		return nil, err
	}
	s := &p.Spec
	b := &Bench{Name: p.Metadata.Name, Baseline: s.Baseline, Repetitions: s.Repetitions, Seed: s.Seed,
		Pause: time.Duration(*s.Pause), Retries: *s.Retries, AA: o.AA != "", unseeded: map[string]bool{}}
	variants := s.Variants
	if b.AA {
		v := p.variant(o.AA)
		if v == nil {
			return nil, fmt.Errorf("variant %q is not in the plan", o.AA)
		}
		again := *v
		again.Name += Again
		if !nameRE.MatchString(again.Name) || p.variant(again.Name) != nil {
			return nil, fmt.Errorf("variant %q: its second name would be %q, which is too long or taken: choose another name", v.Name, again.Name)
		}
		variants, b.Baseline = []Variant{*v, again}, v.Name
	}
	var sources []source
	for _, t := range s.Tests {
		b.Tests = append(b.Tests, t.Name)
		one, err := t.source(o.Read)
		if err != nil {
			return nil, fmt.Errorf("test %q: %w", t.Name, err)
		}
		sources = append(sources, one)
	}
	for i, v := range variants {
		if err := checkLabels(fmt.Sprintf("variant %q: labels", v.Name), v.Labels); err != nil {
			return nil, err
		}
		r := Resolved{Name: v.Name, Of: v.Name, Namespace: v.Namespace, Setup: v.Setup, Switch: v.Switch, Teardown: v.Teardown}
		if b.AA {
			r.Of = variants[0].Name
		}
		if r.Namespace == "" {
			r.Namespace = o.Namespace
		}
		for j, from := range sources {
			test, err := from.with(v.Patch)
			if err == nil {
				test.Metadata = metadata(from, p.Metadata.Labels, v.Labels, b.Tests[j])
				if test.Spec.Load.Seed == 0 {
					b.unseeded[b.Tests[j]+"/"+v.Name] = true
				}
				test.Default()
				err = o.check(test)
			}
			if err != nil {
				return nil, fmt.Errorf("variant %q, test %q: %s", variants[i].Name, b.Tests[j], strings.ReplaceAll(err.Error(), "\n", "; "))
			}
			r.Tests = append(r.Tests, *test)
		}
		b.Variants = append(b.Variants, r)
	}
	return b, b.digest(o.Place)
}

func (o *Options) check(t *document.Test) error {
	if err := t.Validate(); err != nil {
		return err
	}
	if o.Check == nil {
		return nil
	}
	return o.Check(t)
}

// source is a Test before it is patched.
type source struct {
	metadata document.Metadata
	spec     map[string]any
}

// source reads the Test, and finds in it what is wrong before anything is patched.
func (t *Test) source(read func(string) ([]byte, error)) (source, error) {
	if t.File == "" {
		return source{spec: t.Spec}, nil
	}
	data, err := read(t.File)
	if err != nil {
		return source{}, err
	}
	test, err := document.ParseTest(data)
	if err != nil {
		return source{}, fmt.Errorf("%s: %w", t.File, err)
	}
	if err := checkLabels(t.File+": metadata.labels", test.Metadata.Labels); err != nil {
		return source{}, err
	}
	var raw struct {
		Spec map[string]any `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &raw); err != nil { // the one document, for ParseTest took it
		return source{}, fmt.Errorf("%s: %w", t.File, err)
	}
	return source{metadata: test.Metadata, spec: raw.Spec}, nil
}

// with is the Test that a patch makes, not yet defaulted.
func (s source) with(patch Part) (*document.Test, error) {
	raw, err := json.Marshal(map[string]any{"apiVersion": document.APIVersion, "kind": document.KindTest, "spec": merged(s.spec, patch)})
	if err != nil {
		return nil, err
	}
	return document.ParseTest(raw)
}

// metadata is the name of the file's Test, or that in the plan, and the labels: the
// variant's go before the plan's, and they before the Test's own.
func metadata(from source, plan, variant map[string]string, name string) document.Metadata {
	m := document.Metadata{Name: from.metadata.Name, Labels: map[string]string{}}
	if m.Name == "" {
		m.Name = name
	}
	for _, labels := range []map[string]string{from.metadata.Labels, plan, variant} {
		maps.Copy(m.Labels, labels)
	}
	return m
}

// digest fills Digest.
func (b *Bench) digest(place string) error {
	plain := make([]Resolved, len(b.Variants))
	for i, v := range b.Variants {
		tests := append([]document.Test(nil), v.Tests...)
		for j := range tests {
			if b.unseeded[b.Tests[j]+"/"+v.Name] {
				tests[j].Spec.Load.Seed = 0 // as chance had it
			}
		}
		v.Tests = tests
		plain[i] = v
	}
	raw, err := json.Marshal(struct {
		Name, Place string
		Tests       []string
		Variants    []Resolved
	}{b.Name, place, b.Tests, plain})
	if err != nil {
		return errors.Join(errors.New("the plan cannot be written"), err)
	}
	sum := sha256.Sum256(raw)
	b.Digest = hex.EncodeToString(sum[:4])
	return nil
}
