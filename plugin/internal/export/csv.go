package export

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// column is one of a table with a row for each T. What is not there, and what too
// few requests are behind, is an empty field.
type column[T any] struct {
	name string
	of   func(T) string
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func optional(v *float64) string {
	if v == nil {
		return ""
	}
	return number(*v)
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// runColumns are those of a table of Runs, in their order. docs/export.md says what
// they are; new ones are added at the end.
var runColumns = slices.Concat([]column[*document.Result]{
	{"run", func(r *document.Result) string { return r.Metadata.RunID }},
	{"name", func(r *document.Result) string { return r.Metadata.Name }},
	{"labels", func(r *document.Result) string { return pairs(r.Metadata.Labels) }},
	{"target", targetURLs},
	{"start", func(r *document.Result) string { return instant(r.Status.StartTime) }},
	{"end", func(r *document.Result) string { return instant(r.Status.EndTime) }},
	{"phase", func(r *document.Result) string { return string(r.Status.Phase) }},
	{"valid", func(r *document.Result) string { return strconv.FormatBool(r.Status.Validity.Valid) }},
	{"reasons", invalid},
	{"rate_target", func(r *document.Result) string { return optional(r.Status.Rate.Target) }},
	{"rate_achieved", func(r *document.Result) string { return number(r.Status.Rate.Achieved) }},
	{"requests_planned", func(r *document.Result) string { return whole(r.Status.Requests.Planned) }},
	{"requests_sent", func(r *document.Result) string { return whole(r.Status.Requests.Sent) }},
	{"requests_succeeded", func(r *document.Result) string { return whole(r.Status.Requests.Succeeded) }},
	{"requests_failed", func(r *document.Result) string { return whole(r.Status.Requests.Failed) }},
	{"requests_unsent", func(r *document.Result) string { return whole(r.Status.Requests.Unsent) }},
	{"bytes_received", func(r *document.Result) string { return whole(r.Status.Requests.BytesReceived) }},
},
	summaryColumns("response_time", func(l *document.Latency) *document.Summary { return l.ResponseTime }),
	summaryColumns("service_time", func(l *document.Latency) *document.Summary { return l.ServiceTime }),
	summaryColumns("lateness", func(l *document.Latency) *document.Summary { return l.Lateness }),
	summaryColumns("connect_time", func(l *document.Latency) *document.Summary { return l.ConnectTime }),
	summaryColumns("error_time", func(l *document.Latency) *document.Summary { return l.ErrorTime }),
	[]column[*document.Result]{
		{"agents", func(r *document.Result) string { return strconv.Itoa(len(r.Status.Agents)) }},
		{"local", func(r *document.Result) string { return strconv.FormatBool(r.Status.Environment.Local) }},
		{"kubernetes", func(r *document.Result) string { return r.Status.Environment.Kubernetes }},
		{"meshes", func(r *document.Result) string { return pairs(r.Status.Environment.Meshes) }},
		{"plugin", func(r *document.Result) string { return r.Status.Environment.Plugin }},
	})

// summaryColumns are those of one latency: its count, and the rest in milliseconds.
func summaryColumns(name string, of func(*document.Latency) *document.Summary) (all []column[*document.Result]) {
	add := func(what string, value func(*document.Summary) string) {
		all = append(all, column[*document.Result]{name + "_" + what, func(r *document.Result) string {
			if s := of(&r.Status.Latency); s != nil {
				return value(s)
			}
			return ""
		}})
	}
	add("count", func(s *document.Summary) string { return whole(s.Count) })
	add("min_ms", func(s *document.Summary) string { return number(s.Min) })
	add("mean_ms", func(s *document.Summary) string { return number(s.Mean) })
	for _, q := range quantiles {
		add(q.name+"_ms", func(s *document.Summary) string { return optional(q.of(s)) })
	}
	add("max_ms", func(s *document.Summary) string { return number(s.Max) })
	return all
}

// quantiles are the percentiles of a Summary, by their names there.
var quantiles = []struct {
	name string
	q    float64
	of   func(*document.Summary) *float64
}{
	{"p50", 0.5, func(s *document.Summary) *float64 { return s.P50 }},
	{"p75", 0.75, func(s *document.Summary) *float64 { return s.P75 }},
	{"p90", 0.9, func(s *document.Summary) *float64 { return s.P90 }},
	{"p95", 0.95, func(s *document.Summary) *float64 { return s.P95 }},
	{"p99", 0.99, func(s *document.Summary) *float64 { return s.P99 }},
	{"p999", 0.999, func(s *document.Summary) *float64 { return s.P999 }},
	{"p9999", 0.9999, func(s *document.Summary) *float64 { return s.P9999 }},
}

// pairs writes labels as "a=b;c=d", in the order of their names.
func pairs(m map[string]string) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		words = append(words, k+"="+m[k])
	}
	return strings.Join(words, ";")
}

// CSV writes a table with a row for each Run and a line of headers (RFC 4180, but
// with "\n" at the end of a line).
func CSV(w io.Writer, runs []*document.Result) error {
	return table(w, runColumns, slices.Values(runs))
}

// pointColumns are those of a table of timelines, in their order; new ones are added at
// the end.
var pointColumns = []column[point]{
	{"run", func(p point) string { return p.run.Metadata.RunID }},
	{"name", func(p point) string { return p.run.Metadata.Name }},
	{"labels", func(p point) string { return pairs(p.run.Metadata.Labels) }},
	{"time", func(p point) string { return instant(p.from) }},
	{"second", func(p point) string { return strconv.Itoa(p.Second) }},
	{"warmup", func(p point) string { return strconv.FormatBool(p.Warmup) }},
	{"sent", func(p point) string { return whole(p.Sent) }},
	{"failed", func(p point) string { return whole(p.Failed) }},
	{"p50_ms", func(p point) string { return optional(p.P50) }},
	{"p99_ms", func(p point) string { return optional(p.P99) }},
	{"max_ms", func(p point) string { return optional(p.Max) }},
	{"node_cpu_ratio", func(p point) string { return optional(p.NodeCPU) }},
	{"seconds", func(p point) string { return number(p.to.Sub(p.from).Seconds()) }},
}

// CSVTimeline writes a table with a row for each point of each Run's timeline: a second,
// or several of a long Run.
func CSVTimeline(w io.Writer, runs []*document.Result) error {
	return table(w, pointColumns, func(yield func(point) bool) {
		for _, r := range runs {
			for p := range points(r) {
				if !yield(p) {
					return
				}
			}
		}
	})
}
