package report_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

// imported is a run from a file of another tool.
func imported(t *testing.T, data []byte) *document.Result {
	t.Helper()
	all, err := imports.Read(data, imports.Options{})
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	return all[0]
}

// openLoop is a run of Fortio at a rate, which has service times only.
func openLoop(t *testing.T) *document.Result {
	t.Helper()
	data, err := os.ReadFile("../imports/testdata/http-1.66.5.json")
	if err != nil {
		t.Fatal(err)
	}
	return imported(t, data)
}

// withoutHistogram is a run of SMP: a few percentiles, at another time for each from.
func withoutHistogram(t *testing.T, from, max string) *document.Result {
	t.Helper()
	return imported(t, []byte(`smp_version: v0.0.1
start_time: 2021-05-04T10:0`+from+`:00Z
end_time: 2021-05-04T10:0`+from+`:20Z
latencies_ms: {min: 1.25, average: 2.5, p50: 2.13, p90: 4.44, p99: 11.9, max: `+max+`}
actual_qps: 300
`))
}

// row is the cells of the table's first row that begins with name, "" without.
func row(t *testing.T, page, table, name string) string {
	t.Helper()
	for _, n := range elements(t, page) {
		if n.Data != "table" || attribute(n.Parent, "aria-labelledby") != table {
			continue
		}
		for d := range n.Descendants() {
			if d.Data == "tr" && strings.HasPrefix(textOf(d), name) {
				var cells []string
				for c := range d.ChildNodes() {
					if c.Type == html.ElementNode {
						cells = append(cells, textOf(c))
					}
				}
				return strings.Join(cells, "|")
			}
		}
	}
	return ""
}

// A run at a rate may have no response time all the same: what it has is shown, and what
// is said of it is true.
func TestImportedRunHasItsLatency(t *testing.T) {
	r := openLoop(t)
	if r.Spec.Load.Rate != 400 || r.Status.Latency.ResponseTime != nil || r.Status.Requests.Succeeded != 760 {
		t.Fatalf("%+v", r.Status)
	}
	p50 := printer.Latency(*r.Status.Latency.ServiceTime.P50)
	greatest := printer.Latency(r.Status.Latency.ServiceTime.Max)
	single := report.Input{Groups: []report.Group{{Name: "fortio", Runs: []*document.Result{r}}}}
	text := page(t, single)
	for _, want := range []string{"<dt>p50</dt><dd>" + p50 + "<small>service time</small>", "of 400 rps", "There is no response time: closed loops and runs of other tools"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"answered rightly", "closed loop:", "<td>cluster"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page says %q", bad)
		}
	}
	if md := written(t, single, report.Markdown); !strings.Contains(md, "| p50 | "+p50+" | service time |") {
		t.Errorf("got\n%s", md)
	}

	other := *r
	other.Metadata.RunID = "another"
	group := report.Input{Groups: []report.Group{{Name: "fortio", Runs: []*document.Result{r, &other}}}}
	text = page(t, group)
	if got := row(t, text, "overview", "fortio, service time"); !strings.Contains(got, "|2|1,600|") || !strings.Contains(got, "|"+p50+"|") || !strings.Contains(got, "|"+greatest+"|") {
		t.Errorf("the group has %q", got)
	}
	if got := row(t, text, "run-figures", "fortio"); !strings.Contains(got, "|"+p50+"|") || !strings.Contains(text, "percentiles are of the service time") {
		t.Errorf("the run has %q", got)
	}
}

// Where there is no histogram, the figures of one run are its summary's. Those of several
// are not known, but for what can be merged.
func TestSummariesWithoutHistogram(t *testing.T) {
	first, second := withoutHistogram(t, "0", "48.5"), withoutHistogram(t, "1", "52.5")
	text := page(t, report.Input{Groups: []report.Group{{Name: "one", Runs: []*document.Result{first}}, {Name: "two", Runs: []*document.Result{first, second}}, {Name: "fortio", Runs: []*document.Result{openLoop(t)}}}})
	for _, c := range []struct{ table, name, want string }{
		{"overview", "one, service time", "one, service time|1|6,000|300 rps|2.13 ms|4.44 ms|11.9 ms|–|48.5 ms|0 %"},
		{"overview", "two", "two, service time, no percentiles without histograms|2|12,000|300 rps|–|–|–|–|52.5 ms|0 %"},
		{"service-times", "one", "one|6,000|1.25 ms|2.50 ms|2.13 ms|–|4.44 ms|–|11.9 ms|–|–|48.5 ms"},
		{"service-times", "two", "two|12,000|1.25 ms|2.50 ms|–|–|–|–|–|–|–|52.5 ms"},
	} {
		if got := row(t, text, c.table, c.name); got != c.want {
			t.Errorf("%s: got %q, want %q", c.table, got, c.want)
		}
	}
	if want := "Not here, for a run has no histogram: one and two."; !strings.Contains(text, want) {
		t.Errorf("the page lacks %q", want)
	}
	text = page(t, report.Input{Groups: []report.Group{{Runs: []*document.Result{first}}}})
	for _, want := range []string{"There is no histogram to draw.", "<dt>p99</dt><dd>11.9 ms<small>service time", "<small>the Result has none", "rate max"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, bad := range []string{"answered rightly", "closed loop:", "<small>too few requests", "has enough requests"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page says %q", bad)
		}
	}
	if histogram.MinCount(0.999) > 6000 {
		t.Fatal("too few requests after all")
	}
}
