package export

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// rows exports runs and reads the table back, each row by its headers.
func rows(t *testing.T, write func(io.Writer, []*document.Result) error, runs ...*document.Result) (out []map[string]string) {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, runs); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "s3cret") {
		t.Errorf("a secret is in the table:\n%s", b.String())
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		if len(row) != len(lines[0]) {
			t.Errorf("a column is there twice: %q", lines[0])
		}
		out = append(out, row)
	}
	return out
}

func TestCSV(t *testing.T) {
	a, b := rich(t), fixture(t)
	b.Status.Validity = document.Validity{Reasons: []string{"late, \"very\"", "lost"}}
	b.Status.Rate.Target, b.Status.Latency.ResponseTime = nil, nil
	got := rows(t, CSV, a, b)
	if len(got) != 2 {
		t.Fatalf("%d rows", len(got))
	}
	s := a.Status.Latency.ResponseTime
	for name, want := range map[string]string{
		"run": a.Metadata.RunID, "name": "checkout", "labels": "mesh=istio;name=other;team.cost.center=8;team/cost-center=7", "target": "http://checkout.shop:8080/?token=<redacted>",
		"start": "2026-11-23T12:00:00.25Z", "end": "2026-11-23T12:00:20.25Z", "phase": "Succeeded", "valid": "true", "reasons": "", "rate_target": "500", "rate_achieved": "499.9",
		"requests_sent": "10000", "requests_failed": "20", "bytes_received": "12345", "response_time_count": "9983", "response_time_p99_ms": number(*s.P99), "response_time_max_ms": number(s.Max),
		"response_time_p9999_ms": "", "lateness_count": "", "connect_time_count": "16", "agents": "2", "local": "false", "kubernetes": "v1.35.0", "plugin": "v1.2.3",
	} {
		if v, ok := got[0][name]; !ok || v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	for name, want := range map[string]string{"valid": "false", "reasons": `late, "very"; lost`, "rate_target": "", "response_time_count": "", "response_time_p50_ms": "", "service_time_count": "9983"} {
		if v := got[1][name]; v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if got := rows(t, CSV); len(got) != 0 {
		t.Errorf("%d rows of no runs", len(got))
	}
}

func TestCSVTimeline(t *testing.T) {
	got := rows(t, CSVTimeline, rich(t), fixture(t))
	if len(got) != 4 {
		t.Fatalf("%d rows", len(got))
	}
	for i, want := range []map[string]string{
		{"time": "2026-11-23T11:59:58.25Z", "second": "0", "warmup": "true", "sent": "100", "failed": "0"},
		{"time": "2026-11-23T11:59:59.25Z", "second": "1", "warmup": "true", "sent": "200"},
		{"time": "2026-11-23T12:00:00.25Z", "second": "2", "warmup": "false", "sent": "300", "failed": "2", "p50_ms": "2", "p99_ms": "9.5", "max_ms": "12", "node_cpu_ratio": "0.5", "name": "checkout", "seconds": "1"},
		{"time": "2026-11-23T12:00:01.25Z", "second": "3", "sent": "400"},
	} {
		for name, v := range want {
			if got[i][name] != v {
				t.Errorf("second %d: %s is %q, want %q", i, name, got[i][name], v)
			}
		}
	}
}

// Every column is in the documentation, by its name or by that of its latency.
func TestColumnsAreDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range runColumns {
		names = append(names, c.name)
	}
	for _, c := range pointColumns {
		names = append(names, c.name)
	}
	for _, name := range names {
		for _, latency := range []string{"service_time", "lateness", "connect_time", "error_time"} {
			if rest, found := strings.CutPrefix(name, latency+"_"); found {
				name = "response_time_" + rest
			}
		}
		if !strings.Contains(string(raw), "`"+name+"`") {
			t.Errorf("docs/export.md lacks `%s`", name)
		}
	}
}
