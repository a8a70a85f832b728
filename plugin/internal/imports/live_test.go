package imports

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/periodic"
	"fortio.org/log"
)

// A run of the Fortio that is linked here, as it saves it.
func TestRunOfThisVersion(t *testing.T) {
	log.SetLogLevelQuiet(log.Error)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	defer s.Close()
	results, err := fhttp.RunHTTPTest(&fhttp.HTTPRunnerOptions{
		RunnerOptions: periodic.RunnerOptions{QPS: 400, Exactly: 400, NumThreads: 2, Out: io.Discard, Stop: periodic.NewAborter(), Percentiles: []float64{50, 75, 90}, Resolution: 0.0001},
		HTTPOptions:   fhttp.HTTPOptions{URL: s.URL, HTTPReqTimeOut: 3 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	r := one(t, raw, Options{})
	q := r.Status.Requests
	failed := results.RetCodes[http.StatusServiceUnavailable]
	if q.Sent != 400 || q.Failed != failed || q.Codes["200"] != results.RetCodes[200] || failed == 0 || r.Spec.Load.Requests != 400 || q.Planned != 400 {
		t.Errorf("%+v, want %v", q, results.RetCodes)
	}
	if l := r.Status.Latency; l.ServiceTime.Count != 400-failed || l.ErrorTime.Count != failed || l.ConnectTime == nil {
		t.Errorf("%+v", l)
	}
	if got, want := r.Status.Rate.Achieved, results.ActualQPS; got != want || !r.Status.EndTime.Equal(results.StartTime.Add(results.ActualDuration)) {
		t.Errorf("%g, %v", got, r.Status.EndTime)
	}
}
