package echo

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// workload is a running server.
type workload struct {
	*Server
	url, metricsURL string
	stop            func() error
}

const anyPort = "127.0.0.1:0"

func start(t *testing.T, bodyBytes int) workload {
	t.Helper()
	return startWith(t, Config{Listen: anyPort, BodyBytes: bodyBytes})
}

// startWith serves /metrics as well.
func startWith(t *testing.T, c Config) workload {
	t.Helper()
	c.MetricsListen = anyPort
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	w := workload{Server: s, metricsURL: "http://" + s.MetricsAddr().String() + "/metrics"}
	if s.Addr() != nil {
		w.url = "http://" + s.Addr().String()
	}
	w.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := w.stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return w
}

// roots holds the certificate that the server made for itself.
func (w workload) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(w.tls.Certificates[0].Leaf)
	return pool
}

func call(t *testing.T, method, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	return callWith(t, http.DefaultClient, method, url, body)
}

func callWith(t *testing.T, client *http.Client, method, url string, body io.Reader) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

// series are those of /metrics whose name starts with prefix and that are not 0,
// as `name{labels} value`.
func (w workload) series(t *testing.T, prefix string) []string {
	t.Helper()
	_, page := call(t, http.MethodGet, w.metricsURL, nil)
	var got []string
	for line := range strings.Lines(page) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, prefix) && !strings.HasSuffix(line, " 0") {
			got = append(got, line)
		}
	}
	return got
}

func (w workload) expectSeries(t *testing.T, prefix string, want ...string) {
	t.Helper()
	if got := w.series(t, prefix); !slices.Equal(got, want) {
		t.Errorf("counted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
