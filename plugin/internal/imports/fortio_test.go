package imports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// file is one that a version of Fortio saved.
func file(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// one reads a file that holds one run, as which the schema takes it.
func one(t *testing.T, raw []byte, o Options) *document.Result {
	t.Helper()
	all, err := Read(raw, o)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d Results, %v", len(all), err)
	}
	fits(t, all[0])
	return all[0]
}

// fits holds a Result against the published schema.
func fits(t *testing.T, r *document.Result) []byte {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("../../../docs/schema/result-v1alpha1.json")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := document.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, raw)
	}
	return raw
}

// percentiles are those that Fortio itself has computed, in milliseconds.
func percentiles(t *testing.T, raw []byte) map[float64]float64 {
	t.Helper()
	var f struct {
		DurationHistogram struct {
			Percentiles []struct{ Percentile, Value float64 }
		}
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	out := map[float64]float64{}
	for _, p := range f.DurationHistogram.Percentiles {
		out[p.Percentile] = p.Value * 1e3
	}
	return out
}

func TestRunsOfSeveralVersions(t *testing.T) {
	for name, want := range map[string]struct {
		url, protocol, name, writer string
		rate                        document.Rate
		requests                    document.Requests
		connections                 int
	}{
		"http-1.11.0.json": {"http://127.0.0.1:18080/echo?status=503:5&delay=2ms:30,5ms:10", "http/1.1", "127.0.0.1", "fortio 1.11.0-pre", 400,
			document.Requests{Planned: 800, Sent: 800, Succeeded: 749, Failed: 51, Codes: map[string]int64{"200": 749, "503": 51}, BytesReceived: 60867}, 4},
		"http-1.66.5.json": {"http://127.0.0.1:18080/echo?status=503:5&delay=2ms:30,5ms:10", "http/1.1", "127.0.0.1", "fortio 1.66.5", 400,
			document.Requests{Planned: 800, Sent: 800, Succeeded: 760, Failed: 40, Codes: map[string]int64{"200": 760, "503": 40}, BytesReceived: 60680}, 4},
		"grpc-health-1.11.0.json": {"grpc://127.0.0.1:18079", "grpc", "127.0.0.1", "fortio 1.11.0-pre", 200,
			document.Requests{Planned: 200, Sent: 200, Succeeded: 200, Codes: map[string]int64{"SERVING": 200}}, 2},
		"grpc-ping-1.66.5.json": {"grpc://127.0.0.1:18079", "grpc", "127.0.0.1", "fortio 1.66.5", 200,
			document.Requests{Planned: 200, Sent: 200, Succeeded: 200, Codes: map[string]int64{"SERVING": 200}}, 2},
		"tcp-1.66.5.json": {"tcp://127.0.0.1:18078", "tcp", "127.0.0.1", "fortio 1.66.5", 300,
			document.Requests{Planned: 300, Sent: 300, Succeeded: 300, Codes: map[string]int64{"OK": 300}, BytesReceived: 7200}, 2},
		"udp-1.66.5.json": {"udp://127.0.0.1:18077", "udp", "127.0.0.1", "fortio 1.66.5", document.Max,
			document.Requests{Planned: 300, Sent: 300, Succeeded: 300, Codes: map[string]int64{"OK": 300}, BytesReceived: 7200}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			raw := file(t, name)
			r := one(t, raw, Options{})
			s := &r.Status
			if got := r.Spec.Target; got.URL != want.url || got.Protocol != want.protocol || r.Metadata.Name != want.name || r.Spec.Load.Rate != want.rate || r.Spec.Load.Connections != want.connections {
				t.Errorf("%+v %+v", r.Metadata, r.Spec)
			}
			if fmt.Sprint(s.Requests) != fmt.Sprint(want.requests) || s.Environment.Plugin != want.writer || r.Metadata.Labels[LabelFrom] != "fortio" {
				t.Errorf("%+v %+v %v", s.Requests, s.Environment, r.Metadata.Labels)
			}
			if s.Phase != document.Succeeded || !s.Validity.Valid || s.Latency.ResponseTime != nil || s.Latency.Lateness != nil || s.Histograms.ResponseTime != "" {
				t.Errorf("%+v %+v", s.Validity, s.Latency)
			}
			warnings := strings.Join(s.Validity.Warnings, "\n")
			for _, w := range []string{"coordinated omission", "p50 is one of", noEnvironment, noGenerator} {
				if !strings.Contains(warnings, w) {
					t.Errorf("no warning %q in\n%s", w, warnings)
				}
			}
			id, err := uuid.Parse(r.Metadata.RunID)
			if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || time.Unix(id.Time().UnixTime()).UnixMilli() != s.StartTime.UnixMilli() {
				t.Errorf("id %s, %v", r.Metadata.RunID, err)
			}
			h, err := histogram.Decode([]byte(s.Histograms.ServiceTime))
			if err != nil || h.Count() != s.Latency.ServiceTime.Count {
				t.Errorf("%d in the histogram, %d in the summary, %v", h.Count(), s.Latency.ServiceTime.Count, err)
			}
			if s.Requests.Failed > 0 {
				return // Fortio's percentiles are those of the failed ones, too
			}
			// Those with too few calls behind them are absent.
			own := map[float64]*float64{50: s.Latency.ServiceTime.P50, 75: s.Latency.ServiceTime.P75, 90: s.Latency.ServiceTime.P90}
			for p, v := range percentiles(t, raw) {
				if got := own[p]; got != nil && math.Abs(*got-v) > 0.001*v {
					t.Errorf("p%g is %g ms, and Fortio says %g", p, *got, v)
				}
			}
			if s.Latency.ServiceTime.P99 != nil {
				t.Error("300 calls have a p99")
			}
		})
	}
}

// What failed is taken out of the service times where the file tells it apart.
func TestFailedCallsAreNoServiceTimes(t *testing.T) {
	r := one(t, file(t, "http-1.66.5.json"), Options{})
	l := &r.Status.Latency
	if l.ServiceTime.Count != 760 || l.ErrorTime.Count != 40 || l.ConnectTime == nil {
		t.Errorf("%+v", l)
	}
	if strings.Contains(strings.Join(r.Status.Validity.Warnings, "\n"), "does not tell them apart") {
		t.Error(r.Status.Validity.Warnings)
	}
	r = one(t, file(t, "http-1.11.0.json"), Options{})
	l = &r.Status.Latency
	if l.ServiceTime.Count != 800 || l.ErrorTime != nil || !strings.Contains(strings.Join(r.Status.Validity.Warnings, "\n"), "the times of 51 failed requests are among the service times") {
		t.Errorf("%+v %q", l, r.Status.Validity.Warnings)
	}
	if *l.ServiceTime.P99 < 14.9 || *l.ServiceTime.P99 > 15.1 || l.ServiceTime.Max != 21.227504 || l.ServiceTime.Min != 0.017499 {
		t.Errorf("%+v", l.ServiceTime)
	}
}

func TestSameRunSameID(t *testing.T) {
	raw := file(t, "http-1.66.5.json")
	r := one(t, raw, Options{})
	var dense bytes.Buffer
	if err := json.Compact(&dense, raw); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string][]byte{
		"again": raw, "not indented": dense.Bytes(), "in a list": []byte("[" + string(raw) + "]"), "with a mark of UTF-8": append([]byte("\xef\xbb\xbf"), raw...),
	} {
		if got, want := fits(t, one(t, other, Options{})), fits(t, r); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	changed := bytes.Replace(raw, []byte(`"NumThreads": 4`), []byte(`"NumThreads": 5`), 1)
	if other := one(t, changed, Options{}); other.Metadata.RunID == r.Metadata.RunID || other.Metadata.RunID[:13] != r.Metadata.RunID[:13] {
		t.Errorf("another run of the same time: %s and %s", other.Metadata.RunID, r.Metadata.RunID)
	}
}

func TestOptionsAndLabels(t *testing.T) {
	raw := file(t, "http-1.66.5.json")
	r := one(t, raw, Options{Name: "checkout", Labels: map[string]string{"mesh": "linkerd", "by": "hand"}})
	want := map[string]string{"mesh": "linkerd", "by": "hand", LabelFrom: "fortio", LabelFortioLabels: "checkout-mesh-istio"}
	if r.Metadata.Name != "checkout" || fmt.Sprint(r.Metadata.Labels) != fmt.Sprint(want) {
		t.Errorf("%+v", r.Metadata)
	}
	raw = bytes.Replace(raw, []byte(`"NoCatchUp": false`), []byte(`"NoCatchUp": true`), 1)
	raw = bytes.Replace(raw, []byte(`"RunID": 0`), []byte(`"RunID": 17`), 1)
	r = one(t, raw, Options{Format: Fortio})
	if l := r.Metadata.Labels; l["mesh"] != "istio" || l[LabelFortioOptions] != "nocatchup" || l[LabelFortioRun] != "17" || !strings.Contains(strings.Join(r.Status.Validity.Warnings, "\n"), "-nocatchup") {
		t.Errorf("%v %q", l, r.Status.Validity.Warnings)
	}
	for _, o := range []Options{{Name: "No Name"}, {Labels: map[string]string{"a b": "c"}}, {Labels: map[string]string{"a": "b c"}}} {
		if o.Validate() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if err := (Options{Name: "a", Labels: map[string]string{"a": "b"}}).Validate(); err != nil {
		t.Error(err)
	}
}

// Meshery keeps Fortio's file in a document of its own.
func TestRunInsideMesherysResult(t *testing.T) {
	raw := file(t, "http-1.66.5.json")
	r := one(t, []byte(`{"meshery_id": "x", "name": "y", "mesh": "istio", "runner_results": `+string(raw)+`}`), Options{})
	if r.Metadata.RunID != one(t, raw, Options{}).Metadata.RunID || r.Metadata.Labels["mesh"] != "istio" {
		t.Errorf("%+v", r.Metadata)
	}
}

func TestWhatIsJudged(t *testing.T) {
	raw := string(file(t, "http-1.66.5.json"))
	change := func(pairs ...string) []byte {
		out := raw
		for i := 0; i < len(pairs); i += 2 {
			if next := strings.Replace(out, pairs[i], pairs[i+1], 1); next != out {
				out = next
			} else {
				t.Fatalf("%s is not in the file", pairs[i])
			}
		}
		return []byte(out)
	}
	for name, c := range map[string]struct {
		raw    []byte
		reason string
	}{
		"behind":       {change(`"RequestedQPS": "400"`, `"RequestedQPS": "1000"`), "800 of 2,000 requests were sent (40.0 %), and 99.0 % is the least"},
		"an exact one": {change(`"Exactly": 0`, `"Exactly": 900`), "800 of 900 requests were sent"},
		"an error":     {change(`"RunType"`, `"error": true, "message": "aborted", "RunType"`), "Fortio reports an error: aborted"},
	} {
		r := one(t, c.raw, Options{})
		if v := r.Status.Validity; v.Valid || !strings.Contains(strings.Join(v.Reasons, "\n"), c.reason) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	secrets := change(`"UserCredentials": ""`, `"UserCredentials": "me:s3cret"`, `"Payload": ""`, `"Payload": "czNjcmV0"`, `"URL": "http://`, `"URL": "http://me:s3cret@`, `/echo?`, `/echo?token=s3cret&`)
	r := one(t, secrets, Options{})
	if kept := string(fits(t, r)); strings.Contains(kept, "s3cret") || strings.Contains(kept, "czNjcmV0") || !strings.Contains(r.Spec.Target.URL, "token=<redacted>") || r.Spec.Target.Method != "POST" {
		t.Errorf("a secret is kept:\n%s", kept)
	}
}
