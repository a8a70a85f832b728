package echo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// expectCounted compares the lines of /metrics that start with echo_requests.
func (w workload) expectCounted(t *testing.T, want ...string) {
	t.Helper()
	_, page := call(t, http.MethodGet, w.metricsURL, nil)
	var got []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "echo_requests") {
			got = append(got, strings.TrimSpace(strings.TrimPrefix(line, "echo_requests_")))
		}
	}
	if strings.Join(got, ", ") != "in_flight 0, "+strings.Join(want, ", ") {
		t.Errorf("counted %q, want %q", got, want)
	}
}

func TestAnswers(t *testing.T) {
	w := start(t, 128)
	w.expectCounted(t, `total{code="200"} 0`)
	for _, c := range []struct {
		method, path, body string
		status, size       int
	}{
		{"GET", "/", "", 200, 128},
		{"GET", "/any/path", "", 200, 128},
		{"POST", "/", strings.Repeat("x", 1<<20), 200, 128},
		{"DELETE", "/", "", 200, 128},
		{"GET", "/?size=0", "", 200, 0},
		{"GET", "/?size=200000", "", 200, 200000},
		{"GET", "/?delay=1ms", "", 200, 128},
		{"GET", "/?status=404", "", 404, 128},
		{"GET", "/?error=1", "", 503, 128},
		{"GET", "/?error=100%25&status=500&size=5&delay=0s", "", 500, 5},
		{"GET", "/?error=0&status=500", "", 200, 128},
		{"GET", "/healthz", "", 200, 0},
	} {
		resp, body := call(t, c.method, w.url+c.path, strings.NewReader(c.body))
		if resp.StatusCode != c.status || len(body) != c.size || resp.ContentLength != int64(c.size) || resp.Proto != "HTTP/1.1" {
			t.Errorf("%s %s: %s %s with %d bytes (announced %d), want %d with %d", c.method, c.path,
				resp.Proto, resp.Status, len(body), resp.ContentLength, c.status, c.size)
		}
	}
	w.expectCounted(t, `total{code="200"} 8`, `total{code="404"} 1`, `total{code="500"} 1`, `total{code="503"} 1`)
	if resp, body := call(t, http.MethodHead, w.url, nil); resp.StatusCode != 200 || body != "" || resp.ContentLength != 128 {
		t.Errorf("HEAD: %s, %d bytes announced", resp.Status, resp.ContentLength)
	}
}

func TestBodyIsTheSameEachTime(t *testing.T) {
	for _, size := range []int{0, 1, 128, 100_000} {
		w := start(t, size)
		_, first := call(t, http.MethodGet, w.url, nil)
		_, second := call(t, http.MethodGet, w.url+fmt.Sprintf("?size=%d", size), nil)
		if len(first) != size || first != second {
			t.Errorf("size %d: %d bytes, then %d", size, len(first), len(second))
		}
	}
}

func TestRefuses(t *testing.T) {
	w := start(t, 128)
	for query, want := range map[string]string{
		"delay=5":            `delay "5" is not a time between 0s and 1m such as "5ms", nor "lognormal(2ms,0.5)" or "bimodal(1ms,20ms,0.05)"`,
		"delay=61s":          `delay "61s" is not a time`,
		"delay=-1s":          `delay "-1s" is not a time`,
		"error=2":            `error "2" is not a share`,
		"error=101%25":       `error "101%" is not a share`,
		"error=-0.1":         `error "-0.1" is not a share`,
		"error=NaN":          `error "NaN" is not a share`,
		"error=0.0000001":    "at most 6 decimals",
		"error=some":         `error "some" is not a share`,
		"status=200":         `status "200" is not a number between 400 and 599`,
		"status=600":         `status "600" is not a number`,
		"size=-1":            `size "-1" is not a number between 0 and 16777216`,
		"size=16777217":      `size "16777217" is not a number`,
		"sise=5":             `parameter "sise" is not known: use delay, error, status or size`,
		"size=5&size=6":      `parameter "size" stands 2 times`,
		"error=1%":           "cannot be read",
		"delay=1s;size=1":    "cannot be read",
		"%0Ainjected=1&x=%0": "cannot be read",
	} {
		resp, body := call(t, http.MethodGet, w.url+"/?"+query, nil)
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, want) || strings.Count(body, "\n") != 1 {
			t.Errorf("%s: %s %q, want one line with %q", query, resp.Status, body, want)
		}
	}
	resp, body := call(t, http.MethodPost, w.url, bytes.NewReader(make([]byte, maxBody+1)))
	if resp.StatusCode != http.StatusRequestEntityTooLarge || body != "the body is larger than 16 MiB: send a smaller one\n" {
		t.Errorf("%s %q", resp.Status, body)
	}
	w.expectCounted(t, `total{code="200"} 0`, `total{code="400"} 18`, `total{code="413"} 1`)
}

func TestErrorShareIsExact(t *testing.T) {
	w := start(t, 0)
	var wg sync.WaitGroup
	const workers, each = 8, 125
	for range workers {
		wg.Go(func() {
			for range each {
				call(t, http.MethodGet, w.url+"/?error=1%25&status=500", nil)
				call(t, http.MethodGet, w.url+"/?error=0.3&status=429", nil)
			}
		})
	}
	wg.Wait()
	w.expectCounted(t, `total{code="200"} 1690`, `total{code="429"} 300`, `total{code="500"} 10`)
}

func TestSharesAreEvenlySpread(t *testing.T) {
	for _, share := range []int{0, 1, 10_000, 333_333, 500_000, 999_999, whole} {
		var s shares
		failed := 0
		for n := 1; n <= 10_000; n++ {
			if s.fails(share) {
				failed++
			}
			if want := n * share / whole; failed != want {
				t.Fatalf("share %d: %d of the first %d failed, want %d", share, failed, n, want)
			}
		}
	}
}

func TestSharesAreBounded(t *testing.T) {
	var s shares
	for share := 1; share <= 3*maxTallies; share++ {
		s.fails(share)
	}
	if n := s.known.Load(); n > maxTallies {
		t.Errorf("%d counters are kept, want at most %d", n, maxTallies)
	}
	// Two that run side by side are still exact.
	failed := map[int]int{}
	for range 10_000 {
		for _, share := range []int{whole / 10, whole / 2} {
			if s.fails(share) {
				failed[share]++
			}
		}
	}
	if a, b := failed[whole/10], failed[whole/2]; a < 999 || a > 1000 || b < 4999 || b > 5000 {
		t.Errorf("%d and %d of 10,000 failed, want 1,000 and 5,000", a, b)
	}
}

func TestClientThatLeavesIsCounted(t *testing.T) {
	w := start(t, 128)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/?delay=1m", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = http.DefaultClient.Do(req); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	for { // the server learns of it a little later
		_, page := call(t, http.MethodGet, w.metricsURL, nil)
		if strings.Contains(page, `echo_requests_total{code="499"} 1`+"\n") {
			break
		}
	}
	w.expectCounted(t, `total{code="200"} 0`, `total{code="499"} 1`)
}

func TestStopLetsAnswersLeave(t *testing.T) {
	w := start(t, 128)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	// The first answer shows that the connection has been accepted.
	for _, path := range []string{"/", "/?delay=300ms"} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: workload\r\n\r\n", path)
		if path != "/" {
			waitInFlight(t, w)
			go w.stop()
		}
		resp, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || len(body) != 128 {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
	}
}

func waitInFlight(t *testing.T, w workload) {
	t.Helper()
	for {
		if _, page := call(t, http.MethodGet, w.metricsURL, nil); strings.Contains(page, "echo_requests_in_flight 1\n") {
			return
		}
	}
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free := "127.0.0.1:0"
	for name, c := range map[string]Config{
		"workload: listen tcp":             {Listen: taken.Addr().String(), MetricsListen: free},
		"metrics: listen tcp":              {Listen: free, MetricsListen: taken.Addr().String()},
		"body size -1 is not between 0":    {Listen: free, MetricsListen: free, BodyBytes: -1},
		"body size 16777217 is not betwee": {Listen: free, MetricsListen: free, BodyBytes: maxBody + 1},
	} {
		if err := Run(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

func TestMetricsLint(t *testing.T) {
	w := startWith(t, Config{Listen: anyPort, GRPCListen: anyPort, TCPListen: anyPort, UDPListen: anyPort})
	_, page := call(t, http.MethodGet, w.metricsURL, nil)
	problems, err := promlint.New(strings.NewReader(page)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
	if !strings.Contains(page, "echo_build_info{") {
		t.Errorf("no build info in\n%s", page)
	}
}

func FuzzParseAsk(f *testing.F) {
	for _, query := range []string{"", "delay=5ms&error=1%25&status=503&size=7", "delay=lognormal(2ms,0.5)", "delay=bimodal(1ms,20ms,5%25)", "error=1e-6", "size=+5", "delay=1m"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a, err := parseAsk(query)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: the error has several lines: %v", query, err)
			}
			return
		}
		if a.delay.at(1) < 0 || a.delay.at(1) > maxDelay || a.share < 0 || a.share > whole || a.size < -1 || a.size > maxBody {
			t.Errorf("%q: out of bounds: %+v", query, a)
		}
		if query != "" && (a.status < 400 || a.status > 599) {
			t.Errorf("%q: status %d", query, a.status)
		}
	})
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func TestHotPathAllocatesNothing(t *testing.T) {
	h := newHandler(128, newCounts())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://workload/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	w := discard{http.Header{}}
	if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, req) }); n != 0 {
		t.Errorf("%v allocations a request, want none", n)
	}
}

func BenchmarkHandler(b *testing.B) {
	h := newHandler(128, newCounts())
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://workload/", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		w := discard{http.Header{}}
		for pb.Next() {
			h.ServeHTTP(w, req)
		}
	})
}
