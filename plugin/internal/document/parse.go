package document

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"sigs.k8s.io/yaml"
)

// Defaults of a Test.
const (
	DefaultRate        = Rate(10)
	DefaultConnections = 16
	DefaultDuration    = Duration(30 * time.Second)
	DefaultWarmup      = Duration(3 * time.Second)
	DefaultTimeout     = Duration(10 * time.Second)
	DefaultInterval    = Duration(time.Second)
	DefaultStep        = Duration(5 * time.Second)
)

// Bounds of a Test: beyond them a document is a slip of the finger, not a wish.
const (
	maxConnections = 10000
	minRate        = 0.001
	maxRate        = 10e6
	// The agents keep the body in their record of the run.
	maxBody     = 4 << 20
	maxDuration = Duration(7 * 24 * time.Hour)
)

// ParseTest reads a Test from YAML or JSON. Unknown fields are errors. The Test
// is neither defaulted nor validated.
func ParseTest(data []byte) (*Test, error) {
	t := &Test{Spec: Spec{Load: Load{Rate: DefaultRate}}}
	if err := yaml.UnmarshalStrict(data, t); err != nil {
		return nil, fmt.Errorf("test document: %s", plainYAMLError(err))
	}
	if t.APIVersion != APIVersion || t.Kind != KindTest {
		return nil, fmt.Errorf("test document: apiVersion %q and kind %q found, %q and %q expected",
			t.APIVersion, t.Kind, APIVersion, KindTest)
	}
	return t, nil
}

// plainYAMLError drops the words of the decoders that say nothing to a user.
func plainYAMLError(err error) string {
	s := err.Error()
	for _, prefix := range []string{"error unmarshaling JSON: ", "error converting YAML to JSON: ", "while decoding JSON: ", "json: ", "yaml: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return strings.ReplaceAll(s, "\n", " ")
}

// Default fills what is not given.
func (t *Test) Default() {
	t.APIVersion, t.Kind = APIVersion, KindTest
	s := &t.Spec
	if s.Target.URL != "" && !strings.Contains(s.Target.URL, "://") {
		s.Target.URL = "http://" + s.Target.URL
	}
	if s.Target.Method == "" {
		s.Target.Method = "GET"
		if s.Target.Body != "" || len(s.Target.BodyBase64) > 0 {
			s.Target.Method = "POST"
		}
	}
	setDefault(&s.Target.Timeout, DefaultTimeout)
	if s.Load.Connections == 0 {
		s.Load.Connections = DefaultConnections
	}
	setDefault(&s.Load.Duration, DefaultDuration)
	setDefault(&s.Metrics.Interval, DefaultInterval)
	if p := s.Metrics.Prometheus; p != nil {
		setDefault(&p.Step, DefaultStep)
	}
	if t.Metadata.Name == "" {
		t.Metadata.Name = nameFromURL(s.Target.URL)
	}
}

func setDefault(d *Duration, v Duration) {
	if *d == 0 {
		*d = v
	}
}

var notName = regexp.MustCompile(`[^a-z0-9.-]+`)

// nameFromURL names a Test after its target's host: "checkout" for
// http://checkout.shop:8080/.
func nameFromURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "test"
	}
	host := strings.ToLower(u.Hostname())
	if !strings.ContainsAny(host, ":") && strings.Trim(host, "0123456789.") != "" {
		host, _, _ = strings.Cut(host, ".")
	}
	host = strings.Trim(notName.ReplaceAllString(host, "-"), "-.")
	if host == "" {
		return "test"
	}
	return host
}

var (
	nameRE   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	methodRE = regexp.MustCompile(`^[A-Z]+$`)
	labelRE  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_./-]{0,251}[A-Za-z0-9])?$`)
	// Label values follow Kubernetes: at most 63 characters.
	labelValueRE = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)
)

// Validate finds everything that cannot be right in a defaulted Test, before
// anything is sent.
func (t *Test) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !nameRE.MatchString(t.Metadata.Name) {
		add("metadata.name %q: use lower-case letters, digits, '-' and '.', at most 63", t.Metadata.Name)
	}
	for _, k := range slices.Sorted(maps.Keys(t.Metadata.Labels)) {
		v := t.Metadata.Labels[k]
		if !labelRE.MatchString(k) || !labelValueRE.MatchString(v) {
			add("metadata.labels: %q=%q is not a label: letters, digits, '-', '_' and '.', at most 63", k, v)
		}
	}
	errs = append(errs, t.Spec.Target.validate()...)
	l := t.Spec.Load
	if l.Rate != Max && (l.Rate < minRate || l.Rate > maxRate) {
		add("load.rate %s is not between %g and %s", l.Rate, float64(minRate), Rate(maxRate))
	}
	if l.Connections < 1 || l.Connections > maxConnections {
		add("load.connections %d is not between 1 and %d", l.Connections, maxConnections)
	}
	if l.Duration < Duration(time.Second) || l.Duration > maxDuration {
		add("load.duration %s is not between 1s and %s", l.Duration, maxDuration)
	}
	if l.Warmup < 0 || l.Warmup > maxDuration {
		add("load.warmup %s is not between 0s and %s", l.Warmup, maxDuration)
	}
	a := t.Spec.Agents
	if a.Count < 0 {
		add("agents.count %d is below 0", a.Count)
	}
	if a.Count > 0 && len(a.Nodes) > 0 {
		add("agents.count and agents.nodes exclude each other: name the nodes or how many")
	}
	errs = append(errs, t.Spec.Metrics.validate()...)
	return errors.Join(errs...)
}

func (t *Target) validate() (errs []error) {
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if t.URL == "" {
		add("target.url is missing: give a URL such as http://checkout.shop:8080/")
	} else if u, err := url.Parse(t.URL); err != nil || u.Hostname() == "" || u.Opaque != "" {
		add("target.url %q is not a URL such as http://checkout.shop:8080/", t.URL)
	} else if port := u.Port(); port != "" && !validPort(port) {
		add("target.url %q: port %s is not between 1 and 65535", t.URL, port)
	} else if u.Scheme != "http" && u.Scheme != "https" {
		add("target.url %q: scheme %q is not supported, use http or https", t.URL, u.Scheme)
	} else if u.User != nil {
		add("target.url must not hold a password, for Results are kept: use a header")
	}
	if !methodRE.MatchString(t.Method) {
		add("target.method %q is not an HTTP method", t.Method)
	}
	for _, h := range t.Headers {
		if !httpguts.ValidHeaderFieldName(h.Name) || !httpguts.ValidHeaderFieldValue(h.Value) {
			add("target.headers: %q is not a header: write \"Name: value\"", h.Name)
		}
	}
	if t.Body != "" && len(t.BodyBase64) > 0 {
		add("target.body and target.bodyBase64 exclude each other")
	}
	if max(len(t.Body), len(t.BodyBase64)) > maxBody {
		add("target.body is larger than %d MiB", maxBody>>20)
	}
	if t.Timeout < Duration(time.Millisecond) || t.Timeout > Duration(10*time.Minute) {
		add("target.timeout %s is not between 1ms and 10m", t.Timeout)
	}
	return errs
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func (m *Metrics) validate() (errs []error) {
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.Interval < Duration(100*time.Millisecond) || m.Interval > Duration(time.Minute) {
		add("metrics.interval %s is not between 100ms and 1m", m.Interval)
	}
	p := m.Prometheus
	if p == nil {
		return errs
	}
	if p.Step < Duration(time.Second) {
		add("metrics.prometheus.step %s is below 1s", p.Step)
	}
	seen := map[string]bool{}
	for _, q := range p.Queries {
		switch {
		case q.Name == "" || q.Query == "":
			add("metrics.prometheus.queries: every query needs a name and a query")
		case seen[q.Name]:
			add("metrics.prometheus.queries: name %q stands twice", q.Name)
		}
		seen[q.Name] = true
	}
	return errs
}
