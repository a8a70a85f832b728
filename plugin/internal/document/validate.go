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
)

// Bounds of a Test: beyond them a document is a slip of the finger, not a wish.
const (
	maxConnections = 10000
	// The rates that agents can schedule; they refuse others too.
	minRate = 0.001
	maxRate = 10e6
	// The agents keep the body in their record of the run.
	maxBody     = 4 << 20
	maxDuration = Duration(7 * 24 * time.Hour)
)

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
	if l.Rate != Max && !(l.Rate >= minRate && l.Rate <= maxRate) {
		add("load.rate %g is not between %g and %s", float64(l.Rate), float64(minRate), Rate(maxRate))
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
	} else if err := checkURL("target.url", t.URL, "http://checkout.shop:8080/", "use a header"); err != nil {
		errs = append(errs, err)
	}
	if !methodRE.MatchString(t.Method) {
		add("target.method %q is not an HTTP method", t.Method)
	}
	for i, h := range t.Headers {
		// A slip can put a secret into the name, so that is not quoted.
		if !httpguts.ValidHeaderFieldName(h.Name) {
			add("target.headers[%d]: its name is not that of a header, such as Accept: correct it", i)
		} else if !httpguts.ValidHeaderFieldValue(h.Value) {
			add("target.headers[%d]: the value of %q has a control character, such as a line break: take it out", i, h.Name)
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

// checkURL finds what cannot be right in a URL that agents will call. Messages
// never quote a password. instead is what to do without one.
func checkURL(field, raw, example, instead string) error {
	shown := shownURL(raw)
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("%s %q is not a URL such as %s", field, shown, example)
	case u.User != nil:
		return fmt.Errorf("%s must not hold a user or password, for Results are kept: %s", field, instead)
	case u.Port() != "" && !validPort(u.Port()):
		return fmt.Errorf("%s %q: port %s is not between 1 and 65535", field, shown, u.Port())
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%s %q: scheme %q is not supported, use http or https", field, shown, u.Scheme)
	}
	return nil
}

// shownURL is as much of a URL as a message may quote.
func shownURL(raw string) string {
	raw, _, _ = strings.Cut(raw, "?")
	if i := strings.LastIndex(raw, "@"); i >= 0 {
		scheme, _, found := strings.Cut(raw[:i], "://")
		if !found {
			return redacted + raw[i:]
		}
		return scheme + "://" + redacted + raw[i:]
	}
	return raw
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
	const instead = "let the agents reach it without one, as a NetworkPolicy can, or disable it"
	if n := m.NodeExporter; n != nil && n.URL != "" {
		if err := checkURL("metrics.nodeExporter.url", onSomeNode.Replace(n.URL), "http://$(HOST_IP):9100/metrics", instead); err != nil {
			errs = append(errs, err)
		}
	}
	p := m.Prometheus
	if p == nil {
		return errs
	}
	if p.URL != "" {
		if err := checkURL("metrics.prometheus.url", p.URL, "http://prometheus.monitoring.svc:9090", instead); err != nil {
			errs = append(errs, err)
		}
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

// onSomeNode puts a node's own values into a URL, so that it can be checked.
var onSomeNode = strings.NewReplacer("[$(HOST_IP)]", "[::1]", "$(HOST_IP)", "127.0.0.1", "$(NODE_NAME)", "node")
