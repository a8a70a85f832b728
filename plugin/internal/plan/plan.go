// Package plan holds the Plan: which Tests are run how often against which
// variants. It parses, defaults and validates a Plan, makes the Tests of every
// variant, and puts their runs into an order. It runs nothing.
package plan

import (
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Kind is the kind of a Plan; its apiVersion is that of a Test.
const Kind = "Plan"

// Plan says what is compared with what.
type Plan struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   document.Metadata `json:"metadata,omitzero"`
	Spec       Spec              `json:"spec"`
}

// Spec is the body of a Plan.
type Spec struct {
	// Baseline is the variant that the others are held against: the first one.
	Baseline string `json:"baseline,omitempty"`
	// Repetitions is how often every Test runs against every variant.
	Repetitions int `json:"repetitions,omitempty"`
	// Seed of the order, 1 to document.MaxSeed; 0 is a random one.
	Seed uint64 `json:"seed,omitempty"`
	// Pause is the time before each run in which targets settle.
	Pause *document.Duration `json:"pause,omitempty"`
	// Retries is how often a run that the generator made invalid is run again, at once.
	// One that is invalid for what its target did is not.
	Retries  *int      `json:"retries,omitempty"`
	Tests    []Test    `json:"tests"`
	Variants []Variant `json:"variants"`
}

// Test is one of the Plan's Tests: a file, or a Test's spec.
type Test struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"`
	Spec Part   `json:"spec,omitempty"`
}

// Part is a Test's spec, or as much of it as a patch changes; null in a patch
// takes a field away (RFC 7386).
type Part map[string]any

// Variant is one of the things compared.
type Variant struct {
	Name string `json:"name"`
	// Labels of its runs.
	Labels map[string]string `json:"labels,omitempty"`
	// Namespace of the agents.
	Namespace string `json:"namespace,omitempty"`
	// Patch is merged into the spec of every Test.
	Patch Part `json:"patch,omitempty"`
	// Setup comes before the variant's first run, Switch before a run that follows
	// one of another variant, Teardown at the end.
	Setup    []Hook `json:"setup,omitempty"`
	Switch   []Hook `json:"switch,omitempty"`
	Teardown []Hook `json:"teardown,omitempty"`
}

// Hook is a command that puts a variant in its place. No shell reads it.
type Hook struct {
	Command []string          `json:"command"`
	Timeout document.Duration `json:"timeout,omitzero"`
}

// Defaults of a Plan.
const (
	DefaultRepetitions = 12
	DefaultRetries     = 1
	DefaultPause       = document.Duration(5 * time.Second)
	DefaultHookTimeout = document.Duration(5 * time.Minute)
)

// Default fills what is not given, but for the seed.
func (p *Plan) Default() {
	s := &p.Spec
	if s.Repetitions == 0 {
		s.Repetitions = DefaultRepetitions
	}
	if s.Pause == nil {
		s.Pause = new(DefaultPause)
	}
	if s.Retries == nil {
		s.Retries = new(DefaultRetries)
	}
	if s.Baseline == "" && len(s.Variants) > 0 {
		s.Baseline = s.Variants[0].Name
	}
	for i := range s.Variants {
		v := &s.Variants[i]
		for _, hooks := range [][]Hook{v.Setup, v.Switch, v.Teardown} {
			for j := range hooks {
				if hooks[j].Timeout == 0 {
					hooks[j].Timeout = DefaultHookTimeout
				}
			}
		}
	}
}
