package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// testFlags make a Test: from a file, from flags, or from a file with flags over it.
type testFlags struct {
	filename string
	name     string
	labels   []string
	agents   int
	nodes    []string
	// thresholds and abortOn go before those of the file.
	thresholds, abortOn []string

	target targetFlags
	load   loadFlags

	// warnings are about what the file says and has no meaning here.
	warnings []string
}

// AddFlags adds the flags.
func (t *testFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&t.filename, "filename", "f", "", "File with a Test, or - for standard input; flags go before what it says")
	fs.StringVar(&t.name, "name", "", "Name of the Test (default: the target's host)")
	fs.StringArrayVar(&t.labels, "label", nil, "Label of the Result as KEY=VALUE; may be repeated")
	fs.IntVar(&t.agents, "agents", 0, "How many agents to use (default: all)")
	fs.StringArrayVar(&t.nodes, "node", nil, "Node whose agent to use; may be repeated")
	fs.StringArrayVar(&t.thresholds, "threshold", nil, "What must hold, such as 'responseTime.p99 < 50ms'; may be repeated")
	fs.StringArrayVar(&t.abortOn, "abort-on", nil, "End the run as soon as this holds, such as 'errorRate > 10%', or 'hopeless' when a threshold can no longer be met")
	t.load.AddFlags(fs)
	t.target.AddFlags(fs)
}

// setter applies the flags that were given, and keeps what is wrong with them.
type setter struct {
	flags *pflag.FlagSet
	errs  []error
}

func (s *setter) set(flag string, apply func() error) {
	if s.flags.Changed(flag) {
		if err := apply(); err != nil {
			s.errs = append(s.errs, fmt.Errorf("--%s: %w", flag, err))
		}
	}
}

// maxTestFile bounds what is read for a Test or a body.
const maxTestFile = 16 << 20

// Test makes the Test, neither defaulted nor validated. Flags that were given
// go before the file.
func (t *testFlags) Test(fs *pflag.FlagSet, args []string, in io.Reader) (*document.Test, error) {
	if t.filename == "-" && t.target.bodyFile == "-" {
		return nil, errors.New("-f - and --body-file - both want standard input: give one of them a file")
	}
	test := &document.Test{Spec: document.Spec{Load: document.Load{Rate: document.RateUnset, Warmup: document.DefaultWarmup}}}
	switch {
	case t.filename != "":
		data, err := readFile(t.filename, in)
		if err != nil {
			return nil, err
		}
		if smp.Detect(data) {
			test, t.warnings, err = smp.ParseTest(data)
		} else {
			test, err = document.ParseTest(data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.filename, err)
		}
	case len(args) == 0:
		return nil, errors.New("name a target, such as 'run http://checkout.shop:8080/', or a Test with -f")
	}
	s := &test.Spec
	if len(args) == 1 {
		if len(s.Targets) > 0 {
			return nil, fmt.Errorf("%s names its targets: leave out the URL on the command line", t.filename)
		}
		s.Target.URL = args[0]
	}
	to := &setter{flags: fs}
	to.set("name", func() error { test.Metadata.Name = t.name; return nil })
	to.set("label", func() error { return setLabels(&test.Metadata, t.labels) })
	to.set("agents", func() error {
		if t.agents < 1 {
			return fmt.Errorf("%d is below 1", t.agents)
		}
		s.Agents = document.Agents{Count: t.agents, Nodes: s.Agents.Nodes}
		if !fs.Changed("node") {
			s.Agents.Nodes = nil
		}
		return nil
	})
	to.set("node", func() error {
		s.Agents.Nodes = t.nodes
		if !fs.Changed("agents") {
			s.Agents.Count = 0
		}
		return nil
	})
	to.set("threshold", func() error { s.Thresholds = t.thresholds; return nil })
	to.set("abort-on", func() error { s.AbortOn = t.abortOn; return nil })
	t.load.apply(to, &s.Load)
	t.target.apply(to, s, in)
	return test, errors.Join(to.errs...)
}

// positive refuses 0, which in a document would mean the default.
func positive(to *document.Duration, d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("%s is not above 0", d)
	}
	*to = document.Duration(d)
	return nil
}

func setLabels(m *document.Metadata, labels []string) error {
	for _, l := range labels {
		k, v, ok := strings.Cut(l, "=")
		if !ok || k == "" {
			return fmt.Errorf("%q is not KEY=VALUE", l)
		}
		if m.Labels == nil {
			m.Labels = map[string]string{}
		}
		m.Labels[k] = v
	}
	return nil
}

func readFile(name string, in io.Reader) ([]byte, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxTestFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTestFile {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxTestFile>>20)
	}
	return data, nil
}
