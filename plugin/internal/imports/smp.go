package imports

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// Labels of an SMP result that our own export writes beside those of the Run: see
// the package export.
const (
	smpName, smpURLs, smpRate                = "name", "endpoint-urls", "requested-qps"
	smpSent, smpFailed, smpUnsent            = "requests-sent", "requests-failed", "requests-unsent"
	smpLatencies, smpPhase, smpWriter        = "latencies", "phase", "written-by"
	smpValidity, smpReasons                  = "validity", "validity-reasons"
	smpMeshConfigID, smpEnvID, ourSMPProgram = "smp-mesh-config-id", "smp-env-id", "kubectl-meshery"
)

// readSMP reads a result of SMP.
func readSMP(data []byte) (*document.Result, error) {
	in, warnings, err := smp.ParseResult(data)
	if err != nil {
		return nil, err
	}
	l := &in.LatencyMs
	switch {
	case in.Start.IsZero() || !in.End.After(in.Start):
		return nil, errors.New("it does not tell when the run began and ended (start_time, end_time)")
	case !(in.ActualQPS > 0):
		return nil, errors.New("it does not tell the rate of the run (actual_qps)")
	case l.Min == nil && l.Average == nil && l.P50 == nil && l.P90 == nil && l.P99 == nil && l.Max == nil:
		return nil, errors.New("it holds no latency: there is nothing to import")
	}
	id, err := runID(in.Start, bytes.TrimSpace(data))
	if err != nil {
		return nil, err
	}
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{RunID: id},
		Spec:     document.Spec{Load: document.Load{Rate: document.Max}},
		Status:   document.Status{Phase: document.Succeeded, StartTime: in.Start, EndTime: in.End, Rate: document.AchievedRate{Achieved: in.ActualQPS}, Validity: document.Validity{Valid: true, Warnings: warnings}},
	}
	s := &smpReader{in: in, r: r}
	s.load()
	s.requests()
	if err := s.latencies(); err != nil {
		return nil, err
	}
	s.judgement()
	s.names()
	return r, nil
}

// smpReader takes what has a place in a Result out of the labels, so that in the
// end those are left that are the Run's own.
type smpReader struct {
	in *smp.Result
	r  *document.Result
}

func (s *smpReader) warn(format string, args ...any) {
	v := &s.r.Status.Validity
	v.Warnings = append(v.Warnings, fmt.Sprintf(format, args...))
}

// take is a label; "" where it is not there.
func (s *smpReader) take(name string) string {
	v := s.in.Labels[name]
	delete(s.in.Labels, name)
	return v
}

func (s *smpReader) load() {
	l := &s.r.Spec.Load
	l.Duration = document.Duration(s.in.End.Sub(s.in.Start).Round(time.Second))
	if url := withoutUser(s.take(smpURLs)); strings.Contains(url, "://") && !strings.Contains(url, ", ") {
		s.r.Spec.Target.URL = url
		s.r.Spec = document.Test{Spec: s.r.Spec}.Redacted().Spec
	}
	if readRate(s.take(smpRate), l) != nil {
		s.warn("the rate that was asked for is not known: it stands as max")
	}
	if w := stagesUnknown(l); w != "" {
		s.warn("%s", w)
	}
	if rate := constant(l); rate > 0 {
		s.r.Status.Rate.Target = &rate
	}
}

// requests are counted in labels of our own export only.
func (s *smpReader) requests() {
	q := &s.r.Status.Requests
	count := func(name string) (n int64, known bool) {
		n, err := strconv.ParseInt(s.take(name), 10, 64)
		if err != nil || n < 0 || n > mostCounted {
			return 0, false
		}
		return n, true
	}
	sent, sentKnown := count(smpSent)
	failed, failedKnown := count(smpFailed)
	unsent, unsentKnown := count(smpUnsent)
	took := s.in.End.Sub(s.in.Start)
	switch {
	case !sentKnown || failed > sent:
		sent = int64(math.Round(min(s.in.ActualQPS*took.Seconds(), mostCounted)))
		failed, unsentKnown = 0, false
		s.warn("the number of requests is not in the file: %d is the rate times the time, and how many failed is not known", sent)
	case !failedKnown:
		s.warn("how many requests failed is not in the file")
	}
	if !unsentKnown {
		// Without the part of a second by which a run ends late.
		planned := min(constant(&s.r.Spec.Load)*min(took, took.Round(time.Second)).Seconds(), mostCounted)
		unsent = max(0, int64(planned)-sent)
	}
	*q = document.Requests{Planned: sent + unsent, Sent: sent, Succeeded: sent - failed, Failed: failed, Unsent: unsent}
}

func (s *smpReader) latencies() error {
	in, q := &s.in.LatencyMs, &s.r.Status.Requests
	one := &document.Summary{Count: q.Succeeded, P50: in.P50, P90: in.P90, P99: in.P99}
	var rising []float64
	for _, v := range []*float64{in.Min, in.P50, in.P90, in.P99, in.Max} {
		if v != nil {
			rising = append(rising, *v)
		}
	}
	switch {
	case !slices.IsSorted(rising):
		return errors.New("its latencies_ms do not rise from min over p50, p90 and p99 to max")
	case len(rising) == 0:
		rising = []float64{*in.Average}
	}
	one.Min, one.Max = rising[0], rising[len(rising)-1]
	one.Mean = (one.Min + one.Max) / 2
	for _, better := range []*float64{in.P50, in.Average} {
		if better != nil {
			one.Mean = *better
		}
	}
	for q, p := range map[float64]**float64{0.5: &one.P50, 0.9: &one.P90, 0.99: &one.P99} {
		if one.Count < histogram.MinCount(q) {
			*p = nil // so few say nothing of it, in any Result
		}
	}
	if in.Min == nil || in.Average == nil || in.Max == nil {
		s.warn("latencies_ms lacks min, average or max: what stands there is the nearest that is known")
	}
	switch s.take(smpLatencies) {
	case "response time":
		s.r.Status.Latency.ResponseTime = one
	case "service time":
		s.r.Status.Latency.ServiceTime = one
	default:
		s.r.Status.Latency.ServiceTime = one
		s.warn("the file does not tell what its latencies begin with: they are taken for service times, which leave out what waited behind a slow answer (coordinated omission)")
	}
	s.warn("there is no histogram in the file: other percentiles than these are not known, and those of several runs cannot be merged exactly")
	return nil
}

// judgement is what the file says of the run, where our own export wrote it.
func (s *smpReader) judgement() {
	v := &s.r.Status.Validity
	writer, validity, reasons := s.take(smpWriter), s.take(smpValidity), s.take(smpReasons)
	phase := document.Phase(s.take(smpPhase))
	switch phase {
	case document.Succeeded, document.Failed, document.Partial, document.Cancelled:
		s.r.Status.Phase = phase
	}
	if version, ours := strings.CutPrefix(writer, ourSMPProgram); ours {
		s.r.Status.Environment.Plugin = strings.TrimSpace(version)
	} else {
		s.r.Status.Environment.Plugin = writer
		s.warn(noGenerator)
	}
	switch validity {
	case "invalid":
		if v.Valid = false; reasons != "" {
			v.Reasons = strings.Split(reasons, "; ")
		}
	case "valid": // by the criteria of its own Test
	default:
		v.Reasons = missed(&s.r.Status.Requests)
		v.Valid = len(v.Reasons) == 0
	}
	s.warn(noEnvironment)
}

// names are the Run's name and labels.
func (s *smpReader) names() {
	m := &s.r.Metadata
	if m.Name = smp.FitName(s.take(smpName)); m.Name == "" {
		m.Name = nameOf(s.r.Spec)
	}
	m.Labels = map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(s.in.Labels)) {
		if smp.FitKey(k) != "" {
			m.Labels[smp.FitKey(k)] = smp.FitLabel(s.in.Labels[k])
		}
	}
	for label, v := range map[string]string{smp.LabelTestID: s.in.TestID, smpMeshConfigID: s.in.MeshConfigID, smpEnvID: s.in.EnvID, LabelRun: s.in.ID} {
		if v = smp.FitLabel(v); v != "" {
			m.Labels[label] = v
		}
	}
}
