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
	"unicode"
	"unicode/utf8"
)

var (
	nameRE  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$`)
	labelRE = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_./-]{0,251}[A-Za-z0-9])?$`)
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
	errs = append(errs, t.Spec.validateTargets()...)
	errs = append(errs, t.Spec.Load.validate()...)
	errs = append(errs, t.Spec.Validity.validate()...)
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

// checkURL finds what cannot be right in a URL that agents will call. Messages
// never quote a password. instead is what to do without one.
func checkURL(field, raw, example, instead string, schemes ...string) error {
	if len(schemes) == 0 {
		schemes = []string{"http", "https"}
	}
	shown := shownURL(raw)
	if i := strings.IndexFunc(raw, unicode.IsControl); i >= 0 {
		return fmt.Errorf("%s %q: %s", field, shown, unsendable(raw, raw[i:]))
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return fmt.Errorf("%s %q is not a URL such as %s", field, shown, example)
	case u.User != nil:
		return fmt.Errorf("%s must not hold a user or password, for Results are kept: %s", field, instead)
	case u.Port() != "" && !validPort(u.Port()):
		return fmt.Errorf("%s %q: its port is not between 1 and 65535", field, shown)
	case !slices.Contains(schemes, u.Scheme):
		return fmt.Errorf("%s %q: scheme %q is not supported, use %s", field, shown, u.Scheme, orList(schemes))
	case strings.Contains(u.RawQuery, redacted):
		return fmt.Errorf("%s %q: a value in its query reads %s, as in a Result: write the value itself", field, shown, redacted)
	}
	// A path is encoded where it is sent, and a query is sent as it stands.
	if i := strings.IndexFunc(u.RawQuery, func(r rune) bool { return r <= ' ' || r > '~' }); i >= 0 {
		return fmt.Errorf("%s %q: %s", field, shown, unsendable(raw, u.RawQuery[i:]))
	}
	return nil
}

// unsendable says that the first character of rest, a part of a URL, breaks a
// request. It can be one of a password, and then it is not quoted.
func unsendable(raw, rest string) string {
	if strings.Contains(raw, "@") {
		return "a character in it would break the request line: percent-encode white space, control characters, and letters beyond ASCII"
	}
	_, n := utf8.DecodeRuneInString(rest)
	var encoded strings.Builder
	for _, b := range []byte(rest[:n]) {
		fmt.Fprintf(&encoded, "%%%02X", b)
	}
	return fmt.Sprintf("%+q in it would break the request line: percent-encode it, as %s", rest[:n], encoded.String())
}

// orList is "a", "a or b", "a, b or c".
func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// shownURL is as much of a URL as a message may quote. A password can have any
// character, so where one may stand, before an '@', nobody can tell where it ends:
// then only the scheme is left, if it is one.
func shownURL(raw string) string {
	if strings.Contains(raw, "@") {
		scheme, _, _ := strings.Cut(raw, "://")
		for _, known := range schemes {
			if slices.Contains(known, scheme) {
				return scheme + "://" + redacted
			}
		}
		return redacted
	}
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
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
