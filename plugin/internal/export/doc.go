// Package export writes Results in the forms of others: the JSON of Fortio's saved
// runs, the result of Service Mesh Performance (SMP), tables in CSV, the text and
// the time series of Prometheus, and histogram logs of HdrHistogram. It reads
// nothing but the Results and sends nothing. What the other form cannot say is left
// out, never made up, and a run that is not valid says so in every form.
package export

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Times is which of a run's times an export tells of: the other forms have one.
type Times string

const (
	// Response is the response time, which a closed loop does not have.
	Response Times = "response"
	// Service is the service time.
	Service Times = "service"
)

// String is t in words.
func (t Times) String() string { return string(t) + " time" }

// Choose is the response time where there is one, else the service time.
func Choose(r *document.Result) Times {
	if l := r.Status.Latency; l.ResponseTime == nil && (l.ServiceTime != nil || r.Spec.Load.Rate == document.Max) {
		return Service
	}
	return Response
}

// of is the summary and the encoded histogram of t in r. Both are empty where
// every call failed; where others did not, r has to have these times.
func (t Times) of(r *document.Result) (*document.Summary, string, error) {
	l, h := r.Status.Latency, r.Status.Histograms
	summary, encoded, other, others := l.ResponseTime, h.ResponseTime, l.ServiceTime, Service
	switch t {
	case Response:
	case Service:
		summary, encoded, other, others = l.ServiceTime, h.ServiceTime, l.ResponseTime, Response
	default:
		return nil, "", fmt.Errorf("%q is no kind of latency: use response or service", string(t))
	}
	switch {
	case summary != nil:
	case other != nil || t == Response && r.Spec.Load.Rate == document.Max:
		return nil, "", fmt.Errorf("run %q has no %s: use its %s", r.Metadata.RunID, t, others)
	case r.Status.Requests.Succeeded > 0:
		return nil, "", fmt.Errorf("run %q has no %s of its answers: it cannot be written in this form", r.Metadata.RunID, t)
	}
	return summary, encoded, nil
}

// sent is an error where there is nothing to export.
func sent(r *document.Result) error {
	if r.Status.Requests.Sent == 0 {
		return fmt.Errorf("run %q sent no request: there is nothing to export", r.Metadata.RunID)
	}
	return nil
}

// invalid is why the numbers may not be believed; "" where they may.
func invalid(r *document.Result) string {
	v := r.Status.Validity
	switch {
	case v.Valid:
		return ""
	case len(v.Reasons) == 0:
		return "no reason is given"
	}
	return strings.Join(v.Reasons, "; ")
}

// oneLine is s without line breaks and other control characters.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
}

// targetURLs are the URLs called, without credentials.
func targetURLs(r *document.Result) string {
	test := document.Test{Spec: r.Spec}.Redacted()
	var urls []string
	for _, t := range test.Spec.AllTargets() {
		urls = append(urls, t.URL)
	}
	return strings.Join(urls, ", ")
}

// labelImportedFrom is the label of a run that was imported; see the package imports.
const labelImportedFrom = "imported-from"

// writer is the program and version that measured. What others measured is imported
// without agents; what comes from our own export of a run has them.
func writer(r *document.Result) string {
	version := r.Status.Environment.Plugin
	if r.Metadata.Labels[labelImportedFrom] != "" && len(r.Status.Agents) == 0 {
		return version
	}
	return strings.TrimSpace("kubectl-meshery " + version)
}
