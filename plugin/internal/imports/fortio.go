package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// fortioRun is what Fortio saves of a run, over all protocols and versions: the
// fields of its HTTPRunnerResults and of those of gRPC, TCP and UDP. Bodies and
// credentials, which it saves too, are not read.
type fortioRun struct {
	RunType, Labels   string
	StartTime         time.Time
	RequestedQPS      text
	RequestedDuration text
	ActualQPS         float64
	ActualDuration    float64 // ns
	NumThreads        int
	Version           string

	DurationHistogram, ErrorsDurationHistogram *buckets
	ConnectionStats, Sizes                     *buckets
	Exactly                                    int64
	Jitter, Uniform, NoCatchUp                 bool
	RunID                                      json.Number
	RetCodes                                   map[string]int64

	URL, Destination            string
	H2, Insecure                bool
	MethodOverride, ContentType string
	Payload                     json.RawMessage
	HTTPReqTimeOut              float64 // ns
	BytesReceived               int64

	Error     bool   `json:"error"`
	Message   string `json:"message"`
	Exception string `json:"exception"`

	// Meshery is what our own export adds.
	Meshery *document.Result
}

// text is a text, or a number as text.
type text string

// UnmarshalJSON reads both.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	*t = text(b)
	return nil
}

// readFortio reads one run, or a list of them.
func readFortio(data []byte) ([]*document.Result, error) {
	data = bytes.TrimSpace(data)
	if data[0] != '[' {
		r, err := readFortioRun(data)
		if err != nil {
			return nil, err
		}
		return []*document.Result{r}, nil
	}
	list := json.NewDecoder(bytes.NewReader(data))
	if _, err := list.Token(); err != nil {
		return nil, err
	}
	var found []*document.Result
	var errs []error
	n := 0
	for ; list.More(); n++ {
		if n == maxRuns {
			errs = append(errs, fmt.Errorf("the list has more than %d entries: import the rest of them from a file of their own", maxRuns))
			break
		}
		// One after the other: the whole list in pieces takes many times its memory.
		var one json.RawMessage
		if err := list.Decode(&one); err != nil {
			return found, errors.Join(append(errs, err)...)
		}
		r, err := readFortioRun(one)
		if err != nil {
			errs = append(errs, fmt.Errorf("entry %d: %w", n+1, err))
			continue
		}
		found = append(found, r)
	}
	if n == 0 {
		return nil, errors.New("it is an empty list")
	}
	return found, errors.Join(errs...)
}

// textOf is a JSON text, or "" where raw is something else.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// readFortioRun reads a run, or one that Meshery has put into its own document.
func readFortioRun(raw []byte) (*document.Result, error) {
	if len(raw) > maxExportedBytes {
		return nil, tooLarge(raw, mebibytes(maxExportedBytes))
	}
	if bytes.Count(raw, []byte(",")) > maxValues {
		return nil, tooLarge(raw, fmt.Sprintf("%d values", maxValues))
	}
	var wrapper struct {
		Runner json.RawMessage `json:"runner_results"`
		Mesh   json.RawMessage `json:"mesh"`
	}
	if err := json.Unmarshal(raw, &wrapper); err != nil {
		return nil, errors.New("it is no JSON object, which Fortio saves a run as")
	}
	var own map[string]string
	if len(wrapper.Runner) > 0 {
		raw = wrapper.Runner
		if mesh := textOf(wrapper.Mesh); mesh != "" {
			own = map[string]string{"mesh": mesh}
		}
	}
	var f fortioRun
	if err := json.Unmarshal(raw, &f); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("it is no run of Fortio: %s cannot be a %s", wrong.Field, wrong.Value)
		}
		return nil, fmt.Errorf("it is no run of Fortio: %w", err)
	}
	if len(raw) > maxRunBytes && f.Meshery == nil {
		return nil, tooLarge(nil, mebibytes(maxRunBytes))
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	// Indented or not, it is the same run.
	var content bytes.Buffer
	if err := json.Compact(&content, raw); err != nil {
		return nil, err
	}
	id, err := runID(f.StartTime, content.Bytes())
	if err != nil {
		return nil, err
	}
	if f.Meshery != nil {
		return f.exported(id)
	}
	return f.result(id, own)
}

// check finds what no run of Fortio is.
func (f *fortioRun) check() error {
	switch {
	case f.DurationHistogram == nil && f.Error:
		return fmt.Errorf("the run never began: %s", strings.TrimSpace(f.Message+" "+f.Exception))
	case f.DurationHistogram == nil:
		return errors.New("it is no run of Fortio: it has no DurationHistogram")
	case f.DurationHistogram.Count == 0:
		return errors.New("it holds no call: there is nothing to import")
	case !(f.ActualDuration > 0) || f.ActualDuration > float64(10*365*24*time.Hour):
		return errors.New("it does not tell how long the run took (ActualDuration, in nanoseconds)")
	case f.ActualQPS < 0 || f.Exactly < 0 || f.NumThreads < 0 || f.BytesReceived < 0:
		return errors.New("a count or a rate in it is below 0")
	}
	for _, h := range []struct {
		name string
		of   *buckets
	}{{"DurationHistogram", f.DurationHistogram}, {"ErrorsDurationHistogram", f.ErrorsDurationHistogram}, {"ConnectionStats", f.ConnectionStats}, {"Sizes", f.Sizes}} {
		if err := h.of.check(h.name); err != nil {
			return err
		}
	}
	var answers int64
	for _, n := range f.RetCodes {
		if n < 0 || n > mostCounted || answers > mostCounted {
			return errors.New("RetCodes has a count below 0, or more than there can be")
		}
		answers += n
	}
	return nil
}

// result makes the Result of a run that Fortio measured.
func (f *fortioRun) result(id string, labels map[string]string) (*document.Result, error) {
	end := f.StartTime.Add(f.duration())
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult, Spec: f.spec(),
		Status: document.Status{
			Phase: document.Succeeded, StartTime: f.StartTime, EndTime: end,
			Rate:        document.AchievedRate{Achieved: f.ActualQPS},
			Environment: document.Environment{Plugin: strings.TrimSpace("fortio " + f.Version)},
		},
	}
	r.Metadata = document.ResultMetadata{RunID: id, Name: nameOf(r.Spec), Labels: f.labels(labels)}
	s := &r.Status
	if rate := constant(&r.Spec.Load); rate > 0 {
		s.Rate.Target = &rate
	}
	s.Requests = f.requests(&r.Spec.Load)
	ok, errorsApart := f.DurationHistogram, true
	if s.Requests.Failed > 0 {
		var err error
		if f.ErrorsDurationHistogram.empty() {
			errorsApart = false
		} else if ok, err = f.DurationHistogram.minus(f.ErrorsDurationHistogram); err != nil {
			ok, errorsApart = f.DurationHistogram, false
		}
	}
	for _, one := range []struct {
		of      *buckets
		summary **document.Summary
		encoded *string
	}{
		{ok, &s.Latency.ServiceTime, &s.Histograms.ServiceTime},
		{f.ErrorsDurationHistogram, &s.Latency.ErrorTime, &s.Histograms.ErrorTime},
		{f.ConnectionStats, &s.Latency.ConnectTime, &s.Histograms.ConnectTime},
	} {
		var err error
		if *one.summary, *one.encoded, err = one.of.summary(); err != nil {
			return nil, err
		}
	}
	if f.Error {
		s.Phase = document.Failed
	}
	s.Validity = f.validity(r, ok, errorsApart)
	return r, nil
}
