package scrape

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// FuzzReader holds the reader against the parser of Prometheus: on every page
// that one accepts, both find the same values and timestamps.
func FuzzReader(f *testing.F) {
	for _, page := range []string{
		"a 1\n", "a{} 1\na 2\n", "a{x=\"1\"} 1 1000\n", "a { x = \"}\" , } -Inf\n", "\ta\t1\t2\n",
		"a{x=\"\\\"}\"} 0x1\n", "# TYPE a counter\na 1e3\nab 1\n", "a{x=\"\\\\\"} 1\n", "a NaN\n", "a 1_0\n", "a 1 \n",
	} {
		f.Add([]byte(page))
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		r := newReader(map[string]rule{"a": gauge})
		err := r.read(bytes.NewReader(page))
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, parserErr := parser.TextToMetricFamilies(bytes.NewReader(page))
		if parserErr != nil || nameInBraces(page) {
			return
		}
		want := map[string]string{}
		wanted := false
		for _, m := range families["a"].GetMetric() {
			labels := map[string]string{}
			for _, pair := range m.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if m.GetHistogram() != nil || m.GetSummary() != nil {
				return // merged from several lines
			}
			wanted = true
			v := m.GetUntyped().GetValue() + m.GetCounter().GetValue() + m.GetGauge().GetValue()
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				want[seriesKey("a", labels)] = fmt.Sprint(v, m.GetTimestampMs())
			}
		}
		if !wanted {
			return
		}
		if err != nil {
			t.Fatalf("%q: refused: %v", page, err)
		}
		got := map[string]string{}
		for _, s := range r.order {
			if s.reading == r.reading {
				got[seriesKey(s.name, s.labels)] = fmt.Sprint(s.value, s.unixMilli)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", page, got, want)
		}
	})
}

// nameInBraces tells of {"name"}, the form for names that no wanted metric has.
func nameInBraces(page []byte) bool {
	for line := range bytes.Lines(page) {
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
			return true
		}
	}
	return false
}

// benchmarkPage is a node of 64 CPUs and 110 pods as node-exporter shows it.
func benchmarkPage() string {
	var b strings.Builder
	for cpu := range 64 {
		for _, mode := range []string{"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"} {
			fmt.Fprintf(&b, "node_cpu_seconds_total{cpu=\"%d\",mode=%q} 1234.56\n", cpu, mode)
		}
		fmt.Fprintf(&b, "node_softnet_processed_total{cpu=\"%d\"} 123456\n", cpu)
	}
	for device := range 112 {
		name := fmt.Sprintf("veth%08x", device)
		if device < 2 {
			name = fmt.Sprintf("eth%d", device)
		}
		for _, metric := range []string{"receive_bytes", "receive_packets", "receive_drop", "receive_errs", "transmit_bytes", "transmit_packets", "transmit_drop", "transmit_errs", "receive_fifo", "transmit_carrier"} {
			fmt.Fprintf(&b, "node_network_%s_total{device=%q} 1.23456789e+08\n", metric, name)
		}
	}
	for metric := range nodeExporterTable {
		if !strings.HasPrefix(metric, "node_cpu") && !strings.HasPrefix(metric, "node_network") && !strings.HasPrefix(metric, "node_softnet") {
			fmt.Fprintf(&b, "# HELP %s Something.\n# TYPE %s untyped\n%s 42\n", metric, metric, metric)
		}
	}
	for i := range 800 {
		fmt.Fprintf(&b, "# HELP node_other_%d Something else.\n# TYPE node_other_%d gauge\nnode_other_%d 1\n", i, i, i)
	}
	return b.String()
}

func BenchmarkReader(b *testing.B) {
	page := benchmarkPage()
	r := newReader(nodeExporterTable)
	body := strings.NewReader(page)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(page)
		if err := r.read(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrometheusParser(b *testing.B) {
	page := benchmarkPage()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		if _, err := parser.TextToMetricFamilies(strings.NewReader(page)); err != nil {
			b.Fatal(err)
		}
	}
}

// TestReaderAllocatesLittle guards what makes a reading per second cheap.
func TestReaderAllocatesLittle(t *testing.T) {
	page := benchmarkPage()
	r := newReader(nodeExporterTable)
	body := strings.NewReader(page)
	allocations := testing.AllocsPerRun(10, func() {
		body.Reset(page)
		if err := r.read(body); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 10 {
		t.Errorf("%v allocations a reading, want at most 10", allocations)
	}
}
