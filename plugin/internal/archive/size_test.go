//go:build e2e && size

package archive

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// TestSize fills an archive on a real S3 server with RUNS runs (100,000) from 32
// writers, and measures the plugin's own commands (PLUGIN) on it: time, requests and
// memory, as the table of docs/benchmarks.md (make bench-archive). What it holds them
// to does not depend on time.
func TestSize(t *testing.T) {
	runs := 100_000
	if s := os.Getenv("RUNS"); s != "" {
		var err error
		if runs, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	plugin := os.Getenv("PLUGIN")
	if plugin == "" {
		t.Fatal("PLUGIN does not name the plugin's binary")
	}
	keysInEnv(t, accessKey, secretKey)
	proxy, requests := counting(t)
	options := s3Options(t)
	options.Endpoint = proxy
	a, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	fill(t, a, runs)
	fmt.Printf("\n%d runs of 20 tests and 3 meshes over 24 months, archived by 32 writers in %s: %.1f requests a run.\n\n",
		runs, time.Since(began).Round(time.Second), float64(requests.Load())/float64(runs))

	fmt.Print("| command | time | requests | memory |\n|---|---:|---:|---:|\n")
	for _, c := range []struct {
		args  []string
		times int
		// most requests; 0: no bound
		most int64
	}{
		{[]string{"results", "list"}, 5, 200},
		{[]string{"results", "list", "--name", "test-7", "--limit", "0", "-o", "name"}, 5, 200},
		{[]string{"results", "list", "--label", "team=payments", "--mesh", "istio", "--valid", "--limit", "0", "-o", "name"}, 5, 200},
		{[]string{"results", "list", "--since", "2026-03-01", "--until", "2026-03-31", "--limit", "0", "-o", "name"}, 5, 200},
		{[]string{"results", "list", "--target", "cart", "--sort", "-p99", "--limit", "20"}, 5, 200},
		{[]string{"results", "list", "--limit", "0", "-o", "name"}, 5, 200},
		{[]string{"results", "list", "--limit", "0", "-o", "json"}, 3, 200},
		{[]string{"compare", "mesh=none", "mesh=istio", "--where", "bench=1000"}, 5, 300},
		{[]string{"history", "name=test-7,mesh=istio", "--last", "1000"}, 3, 200},
		{[]string{"archive", "compact"}, 1, 0},
		{[]string{"archive", "verify"}, 1, 0},
	} {
		took, sent, memory := measure(t, plugin, options, requests, c.args, c.times)
		fmt.Printf("| `%s` | %s s | %d | %d MiB |\n", strings.Join(c.args, " "), strconv.FormatFloat(took.Seconds(), 'f', 2, 64), sent, memory>>20)
		if c.most > 0 && sent > c.most {
			t.Errorf("%v: %d requests, at most %d wanted", c.args, sent, c.most)
		}
		if memory >= 300<<20 {
			t.Errorf("%v: %d MiB, less than 300 wanted", c.args, memory>>20)
		}
	}
}

// counting is a way to the S3 server that counts requests.
func counting(t *testing.T) (endpoint string, requests *atomic.Int64) {
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	requests = &atomic.Int64{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// measure runs a command several times; the median of the times, the requests of
// one, the greatest memory.
func measure(t *testing.T, plugin string, o Options, requests *atomic.Int64, args []string, times int) (took time.Duration, sent, memory int64) {
	var all []time.Duration
	for range times {
		c := exec.CommandContext(t.Context(), plugin, append(args, "--archive", o.URL())...)
		var stderr strings.Builder
		c.Stderr = &stderr
		before, began := requests.Load(), time.Now()
		if err := c.Run(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
		all = append(all, time.Since(began))
		sent = requests.Load() - before
		memory = max(memory, c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)
	}
	slices.Sort(all)
	return all[len(all)/2], sent, memory
}

// fill archives runs as a team would leave them in two years.
func fill(t *testing.T, a *Archive, runs int) {
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	apart := first.AddDate(2, 0, 0).Sub(first) / time.Duration(runs)
	var summaries []*document.Summary
	var histograms []string
	for seed := range 64 {
		s, h := distribution(t, uint64(seed))
		summaries, histograms = append(summaries, s), append(histograms, h)
	}
	var done atomic.Int64
	err := each(t.Context(), 32, func(ctx context.Context, w int) error {
		// Each writer has its own stretches of time, as machines have.
		for i := w; i < runs; i += 32 {
			of := i % len(summaries)
			_, raw := resultAt(t, first.Add(time.Duration(i)*apart), func(r *document.Result) {
				r.Metadata.Name = fmt.Sprintf("test-%d", i%20)
				r.Metadata.Labels = map[string]string{
					"mesh": []string{"none", "istio", "linkerd"}[i%3], "team": []string{"payments", "search"}[i/3%2],
					"bench": fmt.Sprint(i / 60), "block": fmt.Sprint(i / 6 % 10),
				}
				r.Spec.Target.URL = fmt.Sprintf("http://%s.shop:8080/", []string{"cart", "checkout", "pay"}[i%3])
				r.Status.Validity.Valid = i%25 != 0
				r.Status.Latency.ResponseTime, r.Status.Latency.ServiceTime = summaries[of], summaries[of]
				r.Status.Histograms.ResponseTime, r.Status.Histograms.ServiceTime = histograms[of], histograms[of]
			})
			if _, err := a.Put(ctx, raw); err != nil {
				return err
			}
			if n := done.Add(1); n%5000 == 0 {
				fmt.Fprintf(os.Stderr, "%d of %d runs are archived\n", n, runs)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// distribution is that of 60,000 calls.
func distribution(t *testing.T, seed uint64) (*document.Summary, string) {
	random := rand.New(rand.NewPCG(seed, 1))
	h := histogram.New()
	for range 60_000 {
		h.Record(time.Duration((2 + float64(seed)/32) * 1e6 * math.Exp(0.5*random.NormFloat64())))
	}
	encoded, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	ms := func(q float64) *float64 {
		d, _ := h.Quantile(q)
		v := float64(d) / 1e6
		return &v
	}
	return &document.Summary{
		Count: h.Count(), Min: float64(h.Min()) / 1e6, Mean: float64(h.Mean()) / 1e6, Max: float64(h.Max()) / 1e6,
		P50: ms(.5), P75: ms(.75), P90: ms(.9), P95: ms(.95), P99: ms(.99), P999: ms(.999),
	}, string(encoded)
}
