package imports

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
)

// Whatever is read as a Run can be kept, and is the same when it is read again.
func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		f.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	t := &testing.T{}
	r := measured(t)
	for _, write := range []func() ([]byte, string, error){
		func() ([]byte, string, error) { return export.Fortio(r, export.Response) },
		func() ([]byte, string, error) { return export.SMP(r, export.Response, "") },
	} {
		raw, _, err := write()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`[{"DurationHistogram":{"Count":1,"Max":1,"Data":[{"End":1,"Count":1}]},"StartTime":"2026-01-01T00:00:00Z","ActualDuration":1e9}]`))
	f.Add([]byte(`{"DurationHistogram":{"Count":1000000000000000,"Max":2,"Data":[{"End":1,"Count":0},{"Start":1,"End":2,"Count":1000000000000000}]},"StartTime":"2026-01-01T00:00:00Z","ActualDuration":1e9}`))
	f.Add([]byte("labels: {requests-sent: \"3\", requests-failed: \"-5\"}\nstart_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z\nlatencies_ms: {p50: 2.1}\nactual_qps: 30\n"))
	f.Add([]byte("start_time: 2021-05-04T10:00:00Z\nend_time: 2021-05-04T10:00:10Z\nlatencies_ms: {p50: 2.1}\nactual_qps: 30\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		found, err := Read(raw, Options{})
		if err == nil && len(found) == 0 {
			t.Error("neither a Result nor an error")
		}
		again, _ := Read(raw, Options{})
		for i, r := range found {
			kept, err := document.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			second, err := document.Marshal(again[i])
			if err != nil || !bytes.Equal(kept, second) {
				t.Errorf("not the same when it is read again: %v\n%s\n%s", err, kept, second)
			}
			q, s := r.Status.Requests, r.Status.Latency.ServiceTime
			if q.Sent < 0 || q.Failed < 0 || q.Unsent < 0 || q.Succeeded < 0 || q.Sent != q.Succeeded+q.Failed || q.Planned < q.Sent {
				t.Errorf("requests %+v", q)
			}
			if encoded := r.Status.Histograms.ServiceTime; encoded != "" {
				if h, err := histogram.Decode([]byte(encoded)); err != nil || h.Count() != s.Count {
					t.Errorf("histogram: %v", err)
				}
			}
			if r.Metadata.Name == "" {
				t.Error("no name")
			}
		}
	})
}
