package plan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Bounds of a Plan: beyond them it is a slip of the finger, not a wish.
const (
	maxRepetitions = 1000
	maxRetries     = 10
	maxPause       = document.Duration(24 * time.Hour)
	maxTests       = 100
	maxVariants    = 50
)

// nameRE is what names of Plans, Tests and variants are made of: they are labels
// of the runs.
var nameRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)

// namespaceRE is the name of a Kubernetes namespace (RFC 1123 label).
var namespaceRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Labels that a bench gives its runs.
const (
	LabelBench   = "bench"   // the bench's id
	LabelPlan    = "plan"    // the Plan's name
	LabelTest    = "test"    // the Test's name in the Plan
	LabelVariant = "variant" // the variant's name
	LabelBlock   = "block"   // which repetition, from 1
	LabelSeed    = "seed"    // of the order
	LabelAttempt = "attempt" // from 2, where a run was run again
	LabelAA      = "aa"      // "true": both variants are the same
)

var ownLabels = []string{LabelBench, LabelPlan, LabelTest, LabelVariant, LabelBlock, LabelSeed, LabelAttempt, LabelAA}

// Validate finds everything that cannot be right in a defaulted Plan but for its
// Tests, which are to be had from Resolve. aa tells that one variant is enough.
func (p *Plan) Validate(aa bool) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	const name = "use lower-case letters, digits, '-' and '.', at most 63"
	s := &p.Spec
	if !nameRE.MatchString(p.Metadata.Name) {
		add("metadata.name %q: %s", p.Metadata.Name, name)
	}
	if s.Repetitions < 1 || s.Repetitions > maxRepetitions {
		add("repetitions %d is not between 1 and %d", s.Repetitions, maxRepetitions)
	}
	if s.Seed > document.MaxSeed {
		add("seed %d is not between 1 and %d", s.Seed, document.MaxSeed)
	}
	if *s.Pause < 0 || *s.Pause > maxPause {
		add("pause %s is not between 0s and %s", s.Pause, maxPause)
	}
	if *s.Retries < 0 || *s.Retries > maxRetries {
		add("retries %d is not between 0 and %d", *s.Retries, maxRetries)
	}
	if n := len(s.Tests); n < 1 || n > maxTests {
		add("tests: there are %d, and there must be 1 to %d", n, maxTests)
	}
	least := 2
	if aa {
		least = 1
	}
	if n := len(s.Variants); n < least || n > maxVariants {
		add("variants: there are %d, and there must be %d to %d", n, least, maxVariants)
	}
	seen := map[string]bool{}
	for i, t := range s.Tests {
		switch {
		case !nameRE.MatchString(t.Name):
			add("tests[%d].name %q: %s", i, t.Name, name)
		case seen[t.Name]:
			add("tests[%d].name %q stands twice", i, t.Name)
		}
		seen[t.Name] = true
		if (t.File == "") == (t.Spec == nil) {
			add("tests[%d]: give it either a file or a spec", i)
		}
	}
	clear(seen)
	for i, v := range s.Variants {
		switch {
		case !nameRE.MatchString(v.Name):
			add("variants[%d].name %q: %s", i, v.Name, name)
		case seen[v.Name]:
			add("variants[%d].name %q stands twice", i, v.Name)
		}
		seen[v.Name] = true
		if v.Namespace != "" && !namespaceRE.MatchString(v.Namespace) {
			add("variants[%d].namespace %q is not the name of a namespace", i, v.Namespace)
		}
		errs = append(errs, v.validateHooks(fmt.Sprintf("variants[%d]", i))...)
	}
	if !seen[s.Baseline] && len(s.Variants) > 0 {
		add("baseline %q is not among the variants", s.Baseline)
	}
	return errors.Join(errs...)
}

func (v *Variant) validateHooks(field string) (errs []error) {
	for _, part := range []struct {
		name  string
		hooks []Hook
	}{{"setup", v.Setup}, {"switch", v.Switch}, {"teardown", v.Teardown}} {
		for i, h := range part.hooks {
			if len(h.Command) == 0 || h.Command[0] == "" {
				errs = append(errs, fmt.Errorf("%s.%s[%d].command is empty: give the program and its arguments as a list", field, part.name, i))
			}
			if h.Timeout < 0 {
				errs = append(errs, fmt.Errorf("%s.%s[%d].timeout %s is below 0", field, part.name, i, h.Timeout))
			}
		}
	}
	return errs
}

// checkLabels refuses labels that a bench gives its runs itself.
func checkLabels(field string, labels map[string]string) error {
	for _, own := range ownLabels {
		if v, taken := labels[own]; taken {
			return fmt.Errorf("%s: %s=%s: a bench gives its runs the labels %s: choose another name", field, own, v, sentence(ownLabels))
		}
	}
	return nil
}

// sentence is "a, b and c".
func sentence(words []string) string {
	out := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			out += " and " + w
		} else {
			out += ", " + w
		}
	}
	return out
}

// variant is the one with a name, nil where there is none.
func (p *Plan) variant(name string) *Variant {
	i := slices.IndexFunc(p.Spec.Variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Spec.Variants[i]
}
