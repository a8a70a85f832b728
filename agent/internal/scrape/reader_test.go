package scrape

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// readPage takes in one page and answers the fresh series by their text form.
func readPage(t *testing.T, r *reader, page string) map[string]float64 {
	t.Helper()
	if err := r.read(strings.NewReader(page)); err != nil {
		t.Fatalf("read: %v", err)
	}
	return freshValues(r)
}

func freshValues(r *reader) map[string]float64 {
	got := map[string]float64{}
	for s := range r.fresh {
		got[strings.ReplaceAll(seriesKey(s.name, s.labels), "\xff", " ")] = s.value
	}
	return got
}

func expect(t *testing.T, got, want map[string]float64) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestReaderKeepsWantedSeries(t *testing.T) {
	r := newReader(nodeExporterTable)
	got := readPage(t, r, `# HELP node_load1 1m load average.
# TYPE node_load1 gauge
node_load1 0.38
node_load1_not 3

  node_load5	1.13e0
node_load15 NaN
go_goroutines 8
node_network_receive_bytes_total{device="eth0"} 1000
node_network_receive_bytes_total{device="veth1a2b"} 5
node_network_receive_bytes_total{device="cali77"} 5
node_network_receive_bytes_total{device="lo"} 5
node_filesystem_avail_bytes{device="/dev/vda",fstype="ext4",mountpoint="/a \"b}\" \\"} 7e+10
node_filesystem_avail_bytes{device="tmpfs",fstype="tmpfs",mountpoint="/run"} 7
node_filesystem_avail_bytes{device="x",fstype="ext4",mountpoint="/var/lib/kubelet/pods/1/volumes/x"} 7
node_netstat_Tcp_RetransSegs 12`)
	expect(t, got, map[string]float64{
		"node_load1": 0.38,
		"node_load5": 1.13,
		"node_network_receive_bytes_total device eth0":                                 1000,
		`node_filesystem_avail_bytes device /dev/vda fstype ext4 mountpoint /a "b}" \`: 7e10,
		"node_netstat_Tcp_RetransSegs":                                                 12,
	})
}

func cpuPage(idle ...float64) string {
	var b strings.Builder
	for cpu, v := range idle {
		if v >= 0 {
			fmt.Fprintf(&b, "node_cpu_seconds_total{cpu=%q,mode=\"idle\"} %v\n", fmt.Sprint(cpu), v)
			fmt.Fprintf(&b, "node_cpu_seconds_total{cpu=%q,mode=\"user\"} 1\n", fmt.Sprint(cpu))
		}
	}
	return b.String()
}

func TestReaderSumsCPUsWithoutFallsAndLeaps(t *testing.T) {
	r := newReader(nodeExporterTable)
	for _, step := range []struct {
		what        string
		idle        []float64
		total, core float64
	}{
		{"first reading", []float64{100, 200}, 300, 2},
		{"both go on", []float64{101, 202}, 303, 2},
		{"idle drifts back a little", []float64{100.5, 203}, 304, 2},
		{"and goes on from there", []float64{101.5, 203}, 305, 2},
		{"one CPU goes offline", []float64{102.5, -1}, 306, 1},
		{"comes back", []float64{102.5, 204}, 307, 2},
		{"a third one appears with a past", []float64{102.5, 204, 5000}, 307, 3},
		{"and counts from then on", []float64{102.5, 204, 5001}, 308, 3},
		{"node-exporter's counters start anew", []float64{0, 0, 0}, 308, 3},
		{"and go on", []float64{1, 1, 1}, 311, 3},
	} {
		got := readPage(t, r, cpuPage(step.idle...))
		if got["node_cpu_seconds_total mode idle"] != step.total || got[CoresSeries] != step.core {
			t.Errorf("%s: idle %v of %v cores, want %v of %v", step.what,
				got["node_cpu_seconds_total mode idle"], got[CoresSeries], step.total, step.core)
		}
	}
}

func TestReaderAveragesFrequencies(t *testing.T) {
	r := newReader(nodeExporterTable)
	for _, want := range []float64{2e9, 3e9} {
		got := readPage(t, r, fmt.Sprintf("node_cpu_scaling_frequency_hertz{cpu=\"0\"} %v\nnode_cpu_scaling_frequency_hertz{cpu=\"1\"} %v\n", want-5e8, want+5e8))
		expect(t, got, map[string]float64{"node_cpu_scaling_frequency_hertz": want})
	}
}

func TestReaderHandsOnATimestampOnce(t *testing.T) {
	const started = `container_start_time_seconds{container="c",namespace="n",pod="p"} 1.7e+09 1700000000000`
	const cpu = `container_cpu_usage_seconds_total{container="c",namespace="n",pod="p"} %v %d`
	r := newReader(kubeletTable)
	const key = "container_cpu_usage_seconds_total container c namespace n pod p"
	const startKey = "container_start_time_seconds container c namespace n pod p"
	page := func(value float64, milli int64) string { return started + "\n" + fmt.Sprintf(cpu, value, milli) + "\n" }
	expect(t, readPage(t, r, page(1, 1000)), map[string]float64{key: 1, startKey: 1.7e9})
	expect(t, readPage(t, r, page(1, 1000)), map[string]float64{startKey: 1.7e9})
	// The same value at a new time is a new sample.
	expect(t, readPage(t, r, page(1, 2000)), map[string]float64{key: 1, startKey: 1.7e9})
	// A page that fails half-way says nothing, and loses nothing.
	if err := r.read(strings.NewReader(fmt.Sprintf(cpu, 2, 3000) + "\ncontainer_memory_working_set_bytes x\n")); err == nil {
		t.Error("a malformed value is accepted")
	}
	expect(t, readPage(t, r, page(2, 3000)), map[string]float64{key: 2, startKey: 1.7e9})
	for s := range r.fresh {
		if s.rule.timeless && s.unixMilli != 0 {
			t.Errorf("%s has the timestamp %d", s.name, s.unixMilli)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	var many strings.Builder
	for i := range maxSeries + 1 {
		fmt.Fprintf(&many, "node_tcp_connection_states{state=\"%d\"} 1\n", i)
	}
	for name, c := range map[string]struct{ page, want string }{
		"empty":            {"", "none of the wanted series"},
		"another exporter": {"go_goroutines 8\n", "none of the wanted series"},
		"a web page":       {"<html>\n<body>hello</body>\n", "none of the wanted series"},
		"no value":         {"# x\nnode_load1\n", "line 2: not a line"},
		"bad value":        {"node_load1 one\n", "line 1: not a line"},
		"bad timestamp":    {"node_load1 1 1.5\n", "line 1: not a line"},
		"too many fields":  {"node_load1 1 1 1\n", "line 1: not a line"},
		"open labels":      {"node_load1{a=\"} 1\n", "line 1: not a line"},
		"bad labels":       {"node_load1{a=b} 1\n", "not a line"},
		"long line":        {"# " + strings.Repeat("x", maxLine) + "\n", "line 1 is longer than 64 KiB"},
		"huge":             {strings.Repeat("# nothing\n", maxBody/10+2), "larger than 16 MiB"},
		"too many series":  {many.String(), "more than 16384 wanted series"},
	} {
		t.Run(name, func(t *testing.T) {
			err := newReader(nodeExporterTable).read(strings.NewReader(c.page))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}
