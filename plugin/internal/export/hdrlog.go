package export

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// HDRLog writes the whole histograms of Runs as a histogram log of HdrHistogram,
// version 1.3: for each Run a line for each of its latencies, tagged with its name
// in the Result, over the measured time. Values are nanoseconds, times seconds since
// 1970, Interval_Max milliseconds. Runs are in the order of their starts, as
// HdrHistogram's own readers want the lines of a log.
func HDRLog(w io.Writer, runs []*document.Result) error {
	runs = slices.Clone(runs)
	slices.SortStableFunc(runs, func(a, b *document.Result) int {
		return cmp.Or(a.Status.StartTime.Compare(b.Status.StartTime), cmp.Compare(a.Metadata.RunID, b.Metadata.RunID))
	})
	log := hdr.NewHistogramLogWriter(w)
	steps := []func() error{
		func() error { return log.OutputComment("[Logged with kubectl-meshery]") },
		log.OutputLogFormatVersion,
	}
	if len(runs) > 0 {
		steps = append(steps, func() error { return log.OutputStartTime(runs[0].Status.StartTime.UnixMilli()) })
	}
	steps = append(steps, log.OutputLegend)
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	for _, r := range runs {
		if err := logRun(log, r); err != nil {
			return fmt.Errorf("run %q: %w", r.Metadata.RunID, err)
		}
	}
	return nil
}

func logRun(log *hdr.HistogramLogWriter, r *document.Result) error {
	// A comment is one line: names and URLs hold no line breaks, but reasons are text.
	for _, line := range []string{"run " + r.Metadata.RunID, "name " + r.Metadata.Name, "labels " + pairs(r.Metadata.Labels), "invalid: " + invalid(r)} {
		if line == "invalid: " || line == "labels " {
			continue
		}
		if err := log.OutputComment(" " + oneLine(line)); err != nil {
			return err
		}
	}
	for _, one := range distributions(r) {
		h, err := decode(one.summary, one.encoded)
		if err != nil || h == nil {
			if err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			continue
		}
		h.SetTag(one.name)
		h.SetStartTimeMs(r.Status.StartTime.UnixMilli())
		h.SetEndTimeMs(r.Status.EndTime.UnixMilli())
		if err := log.OutputIntervalHistogram(h); err != nil {
			return err
		}
	}
	return nil
}

// distribution is one of a Run's latencies: its name in the Result, and in metrics.
type distribution struct {
	name, metric, help string
	summary            *document.Summary
	encoded            string
}

func distributions(r *document.Result) []distribution {
	return latencies(&r.Status.Latency, &r.Status.Histograms)
}

func latencies(l *document.Latency, h *document.Histograms) []distribution {
	return []distribution{
		{"responseTime", "response_time", "Time from when a request was to be sent to its answer.", l.ResponseTime, h.ResponseTime},
		{"serviceTime", "service_time", "Time from when a request was sent to its answer.", l.ServiceTime, h.ServiceTime},
		{"lateness", "lateness", "How late the generator itself was to send.", l.Lateness, h.Lateness},
		{"connectTime", "connect_time", "Time of TCP connect and TLS handshake.", l.ConnectTime, h.ConnectTime},
		{"errorTime", "error_time", "Time of requests that failed.", l.ErrorTime, h.ErrorTime},
	}
}
