package export

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// What a line of a log is, as HdrHistogram's HistogramLogReader reads it: a tag,
// three decimal numbers, and a histogram that is compressed and in base64.
var logLine = regexp.MustCompile(`^(#.*|"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"|(Tag=[^, \r\n]+,)?[0-9]+\.[0-9]+,[0-9]+\.[0-9]+,[0-9]+\.[0-9]+,HIST[A-Za-z0-9+/]+=*)$`)

func TestHDRLog(t *testing.T) {
	later, r := fixture(t), fixture(t)
	later.Metadata.RunID = "0193a1c5-0000-7000-8000-000000000002"
	later.Status.StartTime, later.Status.EndTime = later.Status.StartTime.Add(time.Hour), later.Status.EndTime.Add(time.Hour)
	later.Status.Validity = document.Validity{Reasons: []string{"late\nby far"}}
	var b bytes.Buffer
	if err := HDRLog(&b, []*document.Result{later, r}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !logLine.MatchString(line) {
			t.Errorf("no line of a log: %s", line)
		}
	}
	for _, want := range []string{"#[Histogram log format version 1.3]\n", "#[StartTime: 1795435200 (seconds since epoch), 2026-11-23T12:00:00Z]\n", "# run " + r.Metadata.RunID + "\n", "# invalid: late by far\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	reader := hdr.NewHistogramLogReader(&b)
	for _, run := range []*document.Result{r, later} {
		for _, d := range distributions(run) {
			if d.summary == nil {
				continue
			}
			h, err := reader.NextIntervalHistogram()
			if err != nil || h == nil {
				t.Fatalf("%s: %v", d.name, err)
			}
			want, err := hdr.Decode([]byte(d.encoded))
			if err != nil {
				t.Fatal(err)
			}
			// The log has milliseconds, and its reader cuts off what is not whole.
			near := func(a int64, b time.Time) bool { return a == b.UnixMilli() || a == b.UnixMilli()-1 }
			if h.Tag() != d.name || !h.Equals(want) || !near(h.StartTimeMs(), run.Status.StartTime) || !near(h.EndTimeMs(), run.Status.EndTime) {
				t.Errorf("%s of %s: %d counts from %d to %d", h.Tag(), run.Metadata.RunID, h.TotalCount(), h.StartTimeMs(), h.EndTimeMs())
			}
		}
	}
	if h, err := reader.NextIntervalHistogram(); h != nil || err != nil {
		t.Errorf("more than was written: %v, %v", h, err)
	}
	r.Status.Histograms.ServiceTime = ""
	if err := HDRLog(io.Discard, []*document.Result{r}); err == nil || !strings.Contains(err.Error(), "serviceTime: the Result has no histogram") {
		t.Error(err)
	}
}
