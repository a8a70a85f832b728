package imports

import (
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// Labels that come from Fortio's file.
const (
	// LabelFortioLabels is what the file has in Labels.
	LabelFortioLabels = "fortio-labels"
	// LabelFortioOptions are those of nocatchup, uniform and jitter that were set.
	LabelFortioOptions = "fortio-options"
	// LabelFortioRun is RunID, where it is not 0.
	LabelFortioRun = "fortio-run-id"
)

func (f *fortioRun) overHTTP() bool { return f.RunType == "" || f.RunType == "HTTP" }

// spec is the Test, as far as the file tells it.
func (f *fortioRun) spec() document.Spec {
	s := document.Spec{Load: document.Load{Rate: document.Max, Connections: f.NumThreads, Requests: f.Exactly}}
	_ = readRate(string(f.RequestedQPS), &s.Load) // what it cannot read stands as max
	if d, err := time.ParseDuration(string(f.RequestedDuration)); err == nil && d > 0 {
		s.Load.Duration = document.Duration(d)
	}
	t := &s.Target
	kind, _, _ := strings.Cut(strings.ToLower(f.RunType), " ")
	switch kind {
	case document.GRPC, document.TCP, document.UDP:
		t.Protocol, t.URL = kind, f.Destination
		if _, _, found := strings.Cut(t.URL, "://"); !found && t.URL != "" {
			t.URL = kind + "://" + t.URL
		}
	default:
		t.URL, t.Protocol, t.Method = f.URL, document.HTTP1, f.MethodOverride
		if t.URL != "" && !strings.Contains(t.URL, "://") {
			t.URL = "http://" + t.URL
		}
		if f.H2 {
			t.Protocol = document.HTTP2
		}
		if body := textOf(f.Payload); t.Method == "" && (body != "" || f.ContentType != "") {
			t.Method = "POST"
		}
		t.Timeout = document.Duration(max(0, min(f.HTTPReqTimeOut, float64(24*time.Hour))))
		if f.Insecure && strings.HasPrefix(t.URL, "https") {
			t.TLS = &document.TLS{InsecureSkipVerify: true}
		}
	}
	t.URL = withoutUser(t.URL)
	return document.Test{Spec: s}.Redacted().Spec
}

// withoutUser leaves out a user and password. What is no URL may have them
// anywhere, so nothing of it is kept.
func withoutUser(raw string) string {
	if !strings.Contains(raw, "@") {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

// nameOf is the name that a Test of this target gets.
func nameOf(s document.Spec) string {
	t := document.Test{Spec: s}
	t.Default()
	if name := smp.FitName(t.Metadata.Name); name != "" {
		return name
	}
	return "imported"
}

// labels are the file's pairs of KEY=VALUE, all of its labels as one, and what has
// no other place in a Result.
func (f *fortioRun) labels(more map[string]string) map[string]string {
	out := map[string]string{}
	for _, word := range strings.FieldsFunc(f.Labels, func(c rune) bool { return c == ',' || c == ' ' }) {
		if k, v, found := strings.Cut(word, "="); found && smp.FitKey(k) != "" {
			out[smp.FitKey(k)] = smp.FitLabel(v)
		}
	}
	var options []string
	for _, o := range []struct {
		name string
		set  bool
	}{{"nocatchup", f.NoCatchUp}, {"uniform", f.Uniform}, {"jitter", f.Jitter}} {
		if o.set {
			options = append(options, o.name)
		}
	}
	own := map[string]string{LabelFortioLabels: f.Labels, LabelFortioOptions: strings.Join(options, "_")}
	if f.RunID != "0" {
		own[LabelFortioRun] = string(f.RunID)
	}
	maps.Copy(own, more)
	for k, v := range own {
		if v = smp.FitLabel(v); v != "" {
			out[k] = v
		}
	}
	return out
}

// duration is how long the run took.
func (f *fortioRun) duration() time.Duration { return time.Duration(f.ActualDuration) }
