package scrape

import (
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

func newScraper(t *testing.T, c Config) *Scraper {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return s
}

// serve answers every request with handler.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// runUntil runs the scraper until enough says so of what came, and answers all
// that came.
func runUntil(t *testing.T, s *Scraper, enough func([]*agentv1.Samples) bool) []*agentv1.Samples {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all []*agentv1.Samples
	s.Run(ctx, func(one *agentv1.Samples) {
		all = append(all, one)
		if enough(all) {
			cancel()
		}
	})
	if !enough(all) {
		t.Fatalf("the wait ended with %d readings: %v", len(all), all)
	}
	return all
}

func values(n int) func([]*agentv1.Samples) bool {
	return func(all []*agentv1.Samples) bool {
		good := 0
		for _, one := range all {
			if one.GetError() == "" {
				good++
			}
		}
		return good >= n
	}
}

func TestRunNumbersSeriesOnce(t *testing.T) {
	var readings atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n := readings.Add(1)
		fmt.Fprintf(w, "node_load1 %d\nnode_netstat_Tcp_OutSegs %d\n", n, 10*n)
		if n > 2 {
			fmt.Fprintf(w, "node_load5 %d\n", n)
		}
	})
	s := newScraper(t, Config{Interval: 20 * time.Millisecond, NodeExporterURL: url})
	all := runUntil(t, s, values(4))
	known := map[uint32]*agentv1.Series{}
	last := 0.0
	for i, one := range all {
		if len(one.GetValues()) == 0 || one.GetValues()[0] <= last {
			t.Fatalf("reading %d after that of %v: %v", i, last, one)
		}
		last = one.GetValues()[0]
		if one.GetSource() != agentv1.Source_SOURCE_NODE_EXPORTER || one.GetUnixMilli() == 0 || len(one.GetSampleUnixMilli()) != 0 {
			t.Errorf("reading %d: %v", i, one)
		}
		for _, series := range one.GetNewSeries() {
			if series.GetId() != uint32(len(known)+1) {
				t.Errorf("reading %d: series %v is not number %d", i, series, len(known)+1)
			}
			known[series.GetId()] = series
		}
		if len(one.GetSeriesIds()) != len(one.GetValues()) {
			t.Fatalf("reading %d: %d ids, %d values", i, len(one.GetSeriesIds()), len(one.GetValues()))
		}
		// On a busy machine a reading may be lost on the way: the source counts them.
		for k, id := range one.GetSeriesIds() {
			want := one.GetValues()[0]
			if known[id].GetCounter() {
				want *= 10
			}
			if one.GetValues()[k] != want {
				t.Errorf("reading %d: %v = %v, want %v", i, known[id], one.GetValues()[k], want)
			}
		}
	}
	if len(known) != 3 {
		t.Errorf("series %v, want 3", known)
	}
}

func TestRunReadsAtBothEnds(t *testing.T) {
	var readings atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "node_load1 %d\n", readings.Add(1))
	})
	s := newScraper(t, Config{Interval: time.Hour, NodeExporterURL: url})
	ctx, cancel := context.WithCancel(t.Context())
	var got []float64
	s.Run(ctx, func(one *agentv1.Samples) {
		got = append(got, one.GetValues()...)
		cancel()
	})
	if fmt.Sprint(got) != "[1 2]" {
		t.Errorf("values %v, want [1 2]: at once, and when the context ended", got)
	}
}

func TestRunSkipsWhatASlowReadingMissed(t *testing.T) {
	var readings, atOnce atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if atOnce.Add(1) > 1 {
			t.Error("two readings at the same time")
		}
		defer atOnce.Add(-1)
		if readings.Add(1) == 2 {
			time.Sleep(220 * time.Millisecond)
		}
		fmt.Fprintln(w, "node_load1 1")
	})
	s := newScraper(t, Config{Interval: 50 * time.Millisecond, NodeExporterURL: url})
	all := runUntil(t, s, values(4))
	skipped := 0
	for _, one := range all {
		if strings.Contains(one.GetError(), "reading skipped: the one before was late or took long (") {
			skipped++
		}
	}
	// 220 ms after a tick, four more of 50 ms have gone by.
	if skipped < 4 {
		t.Errorf("%d ticks named as skipped, want at least 4: %v", skipped, all)
	}
}

func TestRunNamesFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	answer := func(status int, page string) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, page)
		})
	}
	for name, c := range map[string]struct{ url, want string }{
		"nobody listens": {"http://" + closed.Addr().String(), "connection refused: nothing listens there: run node-exporter"},
		"forbidden":      {answer(http.StatusForbidden, ""), "answered 403 Forbidden: it does not let the agent in"},
		"unauthorized":   {answer(http.StatusUnauthorized, ""), "answered 401 Unauthorized: it asks for credentials"},
		"not found":      {answer(http.StatusNotFound, ""), "answered 404 Not Found: check that the URL is node-exporter's"},
		"a web page":     {answer(http.StatusOK, "<html></html>"), "none of the wanted series: check that the URL"},
		"redirect": {serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.invalid/", http.StatusFound)
		}), "answered 302 Found"},
		"cut short": {serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "node_load1 1\n")
		}), "unexpected EOF"},
		"silence": {serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "no complete answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScraper(t, Config{Interval: 20 * time.Millisecond, NodeExporterURL: c.url})
			statuses := s.Probe(t.Context())
			if len(statuses) != 1 || statuses[0].GetAvailable() || !strings.Contains(statuses[0].GetDetail(), c.want) {
				t.Errorf("status %v, want %q", statuses, c.want)
			}
			all := runUntil(t, s, func(all []*agentv1.Samples) bool { return len(all) > 1 })
			for _, one := range all {
				if one.GetError() == "" || len(one.GetValues()) > 0 || one.GetUnixMilli() == 0 {
					t.Errorf("reading %v is no failure", one)
				}
			}
			if !strings.Contains(all[0].GetError(), c.want) {
				t.Errorf("error %q, want %q", all[0].GetError(), c.want)
			}
		})
	}
}

func TestRunReadsGzip(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("asks for %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprintln(z, "node_load1 0.5")
		z.Close()
	})
	all := runUntil(t, newScraper(t, Config{NodeExporterURL: url}), values(1))
	if all[0].GetValues()[0] != 0.5 {
		t.Errorf("got %v", all[0])
	}
}

func TestAbsentSourcesAreNamedAndNotRead(t *testing.T) {
	c := FromProto(&agentv1.Scrape{
		Interval:        durationpb.New(20 * time.Millisecond),
		NodeExporterUrl: "http://$(HOST_IP):9100/metrics",
		Kubelet:         true,
		Prometheus:      &agentv1.PrometheusScrape{},
	}, Node{})
	s := newScraper(t, c)
	statuses := s.Probe(t.Context())
	want := []string{"$(HOST_IP) has a meaning inside a pod only", "$(HOST_IP) has a meaning inside a pod only", "no Prometheus was found"}
	for i, st := range statuses {
		if st.GetAvailable() || !strings.Contains(st.GetDetail(), want[i]) {
			t.Errorf("status %v, want %q", st, want[i])
		}
	}
	if len(statuses) != 3 {
		t.Errorf("%d statuses, want 3", len(statuses))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Run(ctx, func(one *agentv1.Samples) { t.Errorf("read: %v", one) })

	none := newScraper(t, FromProto(nil, Node{}))
	if got := none.Probe(t.Context()); len(got) != 0 {
		t.Errorf("nothing is wanted, yet %v", got)
	}
}

func TestNewRefusesURLs(t *testing.T) {
	for name, c := range map[string]Config{
		"no scheme":          {NodeExporterURL: "node:9100"},
		"other scheme":       {NodeExporterURL: "ftp://node/metrics"},
		"no host":            {Prometheus: &Prometheus{URL: "http:///metrics"}},
		"token in the clear": {Kubelet: true, Node: Node{KubeletURL: "http://10.0.0.1:10255/metrics/resource", TokenFile: "config.go"}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestExpand(t *testing.T) {
	four, six := Node{Name: "worker-1", HostIP: "10.0.0.1"}, Node{Name: "worker-1", HostIP: "fd00::1"}
	for _, c := range []struct {
		raw  string
		node Node
		want string
	}{
		{"http://$(HOST_IP):9100/metrics", four, "http://10.0.0.1:9100/metrics"},
		{"http://$(HOST_IP):9100/metrics", six, "http://[fd00::1]:9100/metrics"},
		{"http://[$(HOST_IP)]:9100/metrics", six, "http://[fd00::1]:9100/metrics"},
		{"http://exporter/$(NODE_NAME)", four, "http://exporter/worker-1"},
		{"http://exporter/", Node{}, "http://exporter/"},
	} {
		got, err := Expand(c.raw, c.node)
		if err != nil || got != c.want {
			t.Errorf("Expand(%q, %v) = %q, %v, want %q", c.raw, c.node, got, err, c.want)
		}
	}
	if _, err := Expand("http://$(NODE_NAME)/", Node{HostIP: "10.0.0.1"}); err == nil {
		t.Error("an unknown node name is accepted")
	}
}

// TestSamplesFitAMessage: the largest first reading must pass gRPC's 4 MiB.
func TestSamplesFitAMessage(t *testing.T) {
	var page strings.Builder
	for i := range maxSeries {
		fmt.Fprintf(&page, "container_cpu_usage_seconds_total{container=\"application\",namespace=\"a-rather-long-namespace\",pod=\"checkout-service-7d9c5b8f6d-%05d\"} 1 1700000000000\n", i)
	}
	source := &source{reader: newReader(kubeletTable)}
	if err := source.reader.read(strings.NewReader(page.String())); err != nil {
		t.Fatal(err)
	}
	samples := (&Scraper{}).samples(source, time.Now())
	if size := proto.Size(samples); size > 4<<20-64<<10 {
		t.Errorf("a reading of %d series has %d bytes", maxSeries, size)
	}
}
