package imports

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
)

func TestSMPResultComesBack(t *testing.T) {
	r := measured(t)
	raw, _, err := export.SMP(r, export.Response, "s3://perf/runs/x")
	if err != nil {
		t.Fatal(err)
	}
	got := one(t, raw, Options{})
	s, want := &got.Status, &r.Status
	l := want.Latency.ResponseTime
	if g := s.Latency.ResponseTime; g == nil || g.Min != l.Min || g.Mean != l.Mean || *g.P50 != *l.P50 || *g.P90 != *l.P90 || *g.P99 != *l.P99 || g.Max != l.Max || g.P999 != nil || s.Latency.ServiceTime != nil {
		t.Errorf("%+v", s.Latency)
	}
	q := s.Requests
	if q.Sent != 10000 || q.Failed != 20 || q.Succeeded != 9980 || q.Unsent != 3 || q.Planned != 10003 || s.Rate.Achieved != want.Rate.Achieved || *s.Rate.Target != 500 ||
		!s.StartTime.Equal(want.StartTime) || !s.EndTime.Equal(want.EndTime) || !s.Validity.Valid || s.Environment.Plugin != "v1.2.3" {
		t.Errorf("%+v", s)
	}
	labels := map[string]string{"mesh": "istio", "smp-test-id": "t-1", LabelFrom: "smp", LabelRun: r.Metadata.RunID}
	if got.Metadata.Name != "checkout" || fmt.Sprint(got.Metadata.Labels) != fmt.Sprint(labels) || got.Spec.Target.URL != "http://checkout.shop:8080/" || got.Spec.Load.Rate != 500 {
		t.Errorf("%+v %+v", got.Metadata, got.Spec)
	}
	if w := strings.Join(s.Validity.Warnings, "\n"); !strings.Contains(w, "no histogram") || !strings.Contains(w, noEnvironment) || strings.Contains(w, noGenerator) {
		t.Error(w)
	}

	r.Status.Validity = document.Validity{Reasons: []string{"late", "lost"}}
	r.Status.Phase = document.Partial
	if raw, _, err = export.SMP(r, export.Service, ""); err != nil {
		t.Fatal(err)
	}
	got = one(t, raw, Options{Format: SMP})
	if v := got.Status.Validity; v.Valid || fmt.Sprint(v.Reasons) != "[late lost]" || got.Status.Phase != document.Partial || got.Status.Latency.ServiceTime == nil || got.Status.Latency.ResponseTime != nil {
		t.Errorf("%+v", got.Status)
	}
}

// Of a run in stages the file has the least and the greatest rate, and of any run the
// label tells which latencies these are.
func TestSMPResultOfStagesComesBack(t *testing.T) {
	r := measured(t)
	r.Spec.Load.Stages = []document.Stage{{Rate: 500, Duration: document.Duration(10 * time.Second)}, {Rate: 50, Duration: document.Duration(10 * time.Second)}}
	first, _, err := export.SMP(r, export.Response, "")
	if err != nil {
		t.Fatal(err)
	}
	got := one(t, first, Options{})
	if l := got.Status.Latency; l.ResponseTime == nil || l.ServiceTime != nil || l.ResponseTime.Max != r.Status.Latency.ResponseTime.Max {
		t.Errorf("%+v", l)
	}
	if s := got.Spec.Load.Stages; len(s) != 2 || s[0].Rate != 50 || s[1].Rate != 500 || got.Status.Rate.Target != nil || got.Status.Requests.Planned != 10003 {
		t.Errorf("%+v %+v", got.Spec.Load, got.Status.Requests)
	}
	w := strings.Join(got.Status.Validity.Warnings, "\n")
	if !strings.Contains(w, "the run had stages of 50 to 500 requests per second") || strings.Contains(w, "coordinated omission") || strings.Contains(w, "is not known: it stands as max") {
		t.Error(w)
	}
	// And again, also where the rate is not there.
	again, _, err := export.SMP(got, export.Choose(got), "")
	if err != nil || !strings.Contains(string(again), `"requested-qps": "50 to 500"`) {
		t.Errorf("%v\n%s", err, again)
	}
	for _, rate := range []string{"", "500 to 50", "max to 5", "5 to max", "5 to", "0 to 5"} {
		got = one(t, bytes.Replace(first, []byte(`"50 to 500"`), fmt.Appendf(nil, "%q", rate), 1), Options{})
		if l := got.Spec.Load; got.Status.Latency.ResponseTime == nil || l.Rate != document.Max || len(l.Stages) > 0 {
			t.Errorf("%q: %+v %+v", rate, got.Status.Latency, l)
		}
		if _, _, err := export.SMP(got, export.Choose(got), ""); err != nil {
			t.Errorf("%q: %v", rate, err)
		}
	}
}

func TestSMPResultOfOthers(t *testing.T) {
	const other = `smp_version: v0.0.1
labels: {kind: "load test", "a b": x}
start_time: 2021-05-04T10:00:00Z
end_time: 2021-05-04T10:00:10Z
latencies_ms: {average: 2.5, p50: 2.1, p90: 4, p99: 11.9, max: 48}
actual_qps: 30
test_id: t
`
	r := one(t, []byte(other), Options{})
	s := &r.Status
	l := s.Latency.ServiceTime
	if s.Requests.Sent != 300 || s.Requests.Succeeded != 300 || l == nil || l.Min != 2.1 || l.Mean != 2.5 || l.P99 != nil || *l.P90 != 4 || l.Max != 48 || r.Spec.Load.Rate != document.Max {
		t.Errorf("%+v %+v", s.Requests, l)
	}
	w := strings.Join(s.Validity.Warnings, "\n")
	for _, want := range []string{"the rate that was asked for is not known", "the number of requests is not in the file: 300", "lacks min", "coordinated omission", "no histogram", noGenerator, noEnvironment} {
		if !strings.Contains(w, want) {
			t.Errorf("no warning %q in\n%s", want, w)
		}
	}
	if fmt.Sprint(r.Metadata.Labels) != "map[a-b:x imported-from:smp kind:load-test smp-test-id:t]" || r.Metadata.Name != "test" {
		t.Errorf("%+v", r.Metadata)
	}
	// Meshery writes seconds.
	r = one(t, []byte(strings.Replace(other, "v0.0.1", "test_smp_version", 1)), Options{})
	if got := *r.Status.Latency.ServiceTime.P50; math.Abs(got-2100) > 1e-6 {
		t.Errorf("p50 %g ms", got)
	}
}

// Files that are no runs, and have as many values as there is room for, take little
// memory.
func TestWhatIsNoRunTakesLittleMemory(t *testing.T) {
	const size = 8 << 20
	many := func(s string) string { return strings.TrimSuffix(strings.Repeat(s+",", size/(len(s)+1)), ",") }
	for name, text := range map[string]string{"numbers": "[" + many("1") + "]", "payload": `[{"DurationHistogram":{},"Payload":[` + many("[]") + "]}]"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read([]byte(text), Options{})
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; err == nil || taken > 8*size {
			t.Errorf("%s: %d MiB, %v", name, taken>>20, err)
		}
	}
}

// What the labels count is judged as Fortio's runs are, unless they say how it was
// judged, and no label makes a count of less than nothing.
func TestCountsOfSMPAreJudged(t *testing.T) {
	for labels, want := range map[string]struct {
		requests string
		reason   string
	}{
		`requests-sent: "300", requests-failed: "-5"`:                                       {"{300 300 300 0 0", ""},
		`requests-sent: "300", requests-failed: "99999999999999999999"`:                     {"{300 300 300 0 0", ""},
		`requests-sent: "300", requests-failed: "31"`:                                       {"{300 300 269 31 0", "31 of 300 requests failed (10.3 %), and 10.0 % is the most"},
		`requests-sent: "300", requests-failed: "31", validity: valid`:                      {"{300 300 269 31 0", ""},
		`requests-sent: "300", requests-failed: "301"`:                                      {"{300 300 300 0 0", ""},
		`requests-sent: "300", requests-unsent: "9223372036854775807"`:                      {"{300 300 300 0 0", ""},
		`requests-sent: "300", requests-unsent: "100"`:                                      {"{400 300 300 0 100", "300 of 400 requests were sent (75.0 %), and 99.0 % is the least"},
		`requested-qps: "40"`:                                                               {"{400 300 300 0 100", "300 of 400 requests were sent (75.0 %), and 99.0 % is the least"},
		`requested-qps: "40", validity: invalid, validity-reasons: late`:                    {"{400 300 300 0 100", "late"},
		`requests-sent: "9223372036854775807", requests-failed: "1", requests-unsent: "-1"`: {"{300 300 300 0 0", ""},
	} {
		r := one(t, []byte("labels: {"+labels+"}\nstart_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z\nlatencies_ms: {p50: 2}\nactual_qps: 30\n"), Options{})
		v := r.Status.Validity
		if got := fmt.Sprint(r.Status.Requests); !strings.HasPrefix(got, want.requests) || strings.Join(v.Reasons, "; ") != want.reason || v.Valid != (want.reason == "") {
			t.Errorf("%s: %s, %+v", labels, got, v.Reasons)
		}
	}
}

func TestWhatIsNoRunIsRefused(t *testing.T) {
	run := string(file(t, "http-1.66.5.json"))
	replaced := func(old, with string) string {
		out := strings.Replace(run, old, with, 1)
		if out == run {
			t.Fatalf("%s is not in the file", old)
		}
		return out
	}
	huge := make([]byte, MaxBytes+1)
	for name, c := range map[string]struct {
		in, want string
		format   Format
	}{
		"empty":                {" \n", "it is empty", Any},
		"text":                 {"hello", "it is neither a run that Fortio saved", Any},
		"other JSON":           {`{"a": 1}`, "it is neither a run that Fortio saved", Any},
		"half a file":          {run[:len(run)/2], "it is neither a run that Fortio saved", Any},
		"half, asked":          {run[:len(run)/2], "it is no JSON", Fortio},
		"too large":            {string(huge), "it is larger than 64 MiB", Any},
		"large YAML":           {strings.Repeat("# comment\n", 200_000) + "latencies_ms: {}", "with more than 1 MiB", Any},
		"unknown format":       {run, `"csv" is no format that can be imported`, "csv"},
		"not SMP":              {run, "it is no result of SMP but of Fortio", SMP},
		"test of SMP":          {"smp_version: v0.0.1\nclients: []", "it is a test of SMP, not a result: 'run -f' runs it", Any},
		"a Result":             {`{"apiVersion": "perf.meshery.io/v1alpha1", "kind": "Result"}`, "it is a document of this plugin", Any},
		"empty list":           {"[]", "it is an empty list", Any},
		"list of numbers":      {"[1]", "entry 1: it is no JSON object", Any},
		"no histogram":         {`{"ActualQPS": 1}`, "it has no DurationHistogram", Fortio},
		"never began":          {`{"error": true, "message": "no such host"}`, "the run never began: no such host", Fortio},
		"no start":             {replaced(`"StartTime": "2026`, `"Started": "2026`), "it does not tell when the run began", Any},
		"year 1900":            {replaced(`"StartTime": "2026`, `"StartTime": "1900`), "it does not tell when the run began", Any},
		"no time":              {replaced(`"StartTime": "2026`, `"StartTime": "soon`), "it is no run of Fortio", Any},
		"no duration":          {replaced(`"ActualDuration"`, `"Actual"`), "it does not tell how long the run took", Any},
		"wrong type":           {replaced(`"NumThreads": 4`, `"NumThreads": "four"`), "NumThreads cannot be a string", Any},
		"wrong sum":            {replaced(`"Count": 800`, `"Count": 801`), "DurationHistogram is damaged: its buckets have 800 counts, and it says 801", Any},
		"endless count":        {`{"DurationHistogram":{"Count":9223372036854775807,"Max":2,"Data":[{"End":1,"Count":0},{"Start":1,"End":2,"Count":9223372036854775807}]},"StartTime":"2026-01-01T00:00:00Z","ActualDuration":1e9}`, "it counts more than there can be", Any},
		"endless bucket":       {`{"DurationHistogram":{"Count":1,"Max":2,"Data":[{"End":1,"Count":9223372036854775807},{"Start":1,"End":2,"Count":9223372036854775807}]},"StartTime":"2026-01-01T00:00:00Z","ActualDuration":1e9}`, "it counts more than there can be", Any},
		"endless codes":        {replaced(`"503": 40`, `"503": 9223372036854775807`), "RetCodes has a count below 0, or more", Any},
		"large run":            {`{"DurationHistogram":{},"Payload":"` + strings.Repeat("x", maxRunBytes) + `"}`, "it has more than 2 MiB, too many for one run", Any},
		"large export":         {`{"DurationHistogram":{},"Payload":"` + strings.Repeat("x", maxExportedBytes) + `"}`, "it has more than 16 MiB, too many for one run", Any},
		"large export of ours": {`{"DurationHistogram":{},"Meshery":{},"Payload":"` + strings.Repeat("x", maxExportedBytes) + `"}`, "it has more than 16 MiB, and no export of this plugin is imported that large: 'results get' writes", Any},
		"large, in list":       {`[{"DurationHistogram":{},"Payload":"` + strings.Repeat("x", maxExportedBytes) + `"}]`, "entry 1: it has more than 16 MiB", Any},
		"many agents":          {`{"DurationHistogram":{},"Meshery":{"status":{"agents":[{}` + strings.Repeat(",{}", maxValues+1) + `]}}}`, "it has more than 300000 values, and no export of this plugin", Any},
		"no calls":             {`{"DurationHistogram": {"Count": 0}}`, "it holds no call", Any},
		"negative":             {replaced(`"Min": 0.0`, `"Min": -0.0`), "DurationHistogram is damaged: a negative count or time", Any},
		"negative codes":       {replaced(`"503": 40`, `"503": -40`), "RetCodes has a count below 0", Any},
		"SMP, no time":         {"latencies_ms: {p50: 1}\nactual_qps: 1", "it does not tell when the run began and ended", Any},
		"SMP, no rate":         {"latencies_ms: {p50: 1}\nstart_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z", "it does not tell the rate", Any},
		"SMP, no latency":      {"actual_qps: 1\nstart_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z", "it holds no latency", Any},
		"SMP, not rising":      {"latencies_ms: {p50: 3, p90: 2}\nactual_qps: 1\nstart_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z", "do not rise", Any},
	} {
		found, err := Read([]byte(c.in), Options{Format: c.format})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(found) > 0 {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// One that is none does not take the others with it.
	found, err := Read([]byte("["+run+`, {"x": 1}, `+string(file(t, "tcp-1.66.5.json"))+"]"), Options{})
	if len(found) != 2 || err == nil || err.Error() != "entry 2: it is no run of Fortio: it has no DurationHistogram" {
		t.Errorf("%d Results, %v", len(found), err)
	}
}
