package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// testFlags make a Test: from a file, from flags, or from a file with flags over it.
type testFlags struct {
	filename    string
	rate        string
	connections int
	duration    time.Duration
	warmup      time.Duration
	name        string
	labels      []string
	agents      int
	nodes       []string
	method      string
	headers     []string
	bodyFile    string
	timeout     time.Duration
	insecure    bool

	// warnings are what a file says that has no meaning here, after Test.
	warnings []string
}

// AddFlags adds the flags.
func (t *testFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&t.filename, "filename", "f", "", "File with a Test or an SMP test, or - for standard input; flags go before what it says")
	fs.StringVar(&t.rate, "rate", document.DefaultRate.String(), "Requests per second of all agents together, or max for a closed loop")
	fs.IntVar(&t.connections, "connections", document.DefaultConnections, "Connections per agent")
	fs.DurationVar(&t.duration, "duration", time.Duration(document.DefaultDuration), "How long to measure")
	fs.DurationVar(&t.warmup, "warmup", time.Duration(document.DefaultWarmup), "Load at the same rate before measuring begins; not counted")
	fs.StringVar(&t.name, "name", "", "Name of the Test (default: the target's host)")
	fs.StringArrayVar(&t.labels, "label", nil, "Label of the Result as KEY=VALUE; may be repeated")
	fs.IntVar(&t.agents, "agents", 0, "How many agents to use (default: all)")
	fs.StringArrayVar(&t.nodes, "node", nil, "Node whose agent to use; may be repeated")
	fs.StringVar(&t.method, "method", "", "HTTP method (default: GET, or POST with a body)")
	fs.StringArrayVar(&t.headers, "header", nil, "Request header as 'NAME: VALUE'; may be repeated")
	fs.StringVar(&t.bodyFile, "body-file", "", "File with the body of the requests")
	fs.DurationVar(&t.timeout, "timeout", time.Duration(document.DefaultTimeout), "How long one request may take")
	fs.BoolVar(&t.insecure, "insecure-skip-verify", false, "Accept any certificate of the target")
}

// maxTestFile bounds what is read for a Test or a body.
const maxTestFile = 16 << 20

// Test makes the Test, neither defaulted nor validated. Flags that were given
// go before the file.
func (t *testFlags) Test(fs *pflag.FlagSet, args []string, in io.Reader) (*document.Test, error) {
	if t.filename == "-" && t.bodyFile == "-" {
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
		s.Target.URL = args[0]
	}
	var errs []error
	set := func(flag string, apply func() error) {
		if fs.Changed(flag) {
			if err := apply(); err != nil {
				errs = append(errs, fmt.Errorf("--%s: %w", flag, err))
			}
		}
	}
	set("rate", func() (err error) { s.Load.Rate, err = document.ParseRate(t.rate); return err })
	set("connections", func() error {
		if t.connections < 1 {
			return fmt.Errorf("%d is below 1", t.connections)
		}
		s.Load.Connections = t.connections
		return nil
	})
	set("duration", func() error { return positive(&s.Load.Duration, t.duration) })
	set("warmup", func() error { s.Load.Warmup = document.Duration(t.warmup); return nil })
	set("timeout", func() error { return positive(&s.Target.Timeout, t.timeout) })
	set("name", func() error { test.Metadata.Name = t.name; return nil })
	set("label", func() error { return setLabels(&test.Metadata, t.labels) })
	set("agents", func() error {
		if t.agents < 1 {
			return fmt.Errorf("%d is below 1", t.agents)
		}
		s.Agents = document.Agents{Count: t.agents, Nodes: s.Agents.Nodes}
		if !fs.Changed("node") {
			s.Agents.Nodes = nil
		}
		return nil
	})
	set("node", func() error {
		s.Agents.Nodes = t.nodes
		if !fs.Changed("agents") {
			s.Agents.Count = 0
		}
		return nil
	})
	set("method", func() error { s.Target.Method = strings.ToUpper(t.method); return nil })
	set("header", func() (err error) { s.Target.Headers, err = parseHeaders(t.headers); return err })
	set("body-file", func() error { return setBody(&s.Target, t.bodyFile, in) })
	set("insecure-skip-verify", func() error { setInsecure(&s.Target, t.insecure); return nil })
	return test, errors.Join(errs...)
}

func setInsecure(t *document.Target, insecure bool) {
	if t.TLS == nil {
		t.TLS = &document.TLS{}
	}
	t.TLS.InsecureSkipVerify = insecure
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

func parseHeaders(headers []string) ([]document.Header, error) {
	var out []document.Header
	for i, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			// It may be a credential, so it is not quoted.
			return nil, fmt.Errorf("number %d of them is not 'NAME: VALUE'", i+1)
		}
		out = append(out, document.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return out, nil
}

func setBody(t *document.Target, filename string, in io.Reader) error {
	data, err := readFile(filename, in)
	if err != nil {
		return err
	}
	t.Body, t.BodyBase64 = "", nil
	if utf8.Valid(data) {
		t.Body = string(data)
	} else {
		t.BodyBase64 = data
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
