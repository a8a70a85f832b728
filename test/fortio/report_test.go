package fortio

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// built builds a program from a module's folder.
func built(t *testing.T, folder, pkg, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	c := exec.CommandContext(t.Context(), "go", "build", "-o", path, pkg)
	c.Dir = folder
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return path
}

// answersWithErrors is a server of which every twentieth answer is an error.
func answersWithErrors(t *testing.T) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%20 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "hello")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// exported measures a server and exports the run; it returns the folder, the
// file's name without .json, and the Result.
func exported(t *testing.T) (folder, id string, result map[string]any) {
	t.Helper()
	plugin := built(t, "../..", "./plugin", "kubectl-meshery")
	home := t.TempDir()
	meshery := func(args ...string) string {
		c := exec.CommandContext(t.Context(), plugin, append(args, "--archive", "file://"+home+"/archive")...)
		c.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+home+"/none")
		var stderr strings.Builder
		c.Stderr = &stderr
		out, err := c.Output()
		var exit *exec.ExitError
		if late := strings.Contains(stderr.String(), "the run is invalid: the generator was late: "); errors.As(err, &exit) && late {
			err = nil // the machine was busy; what was measured is kept all the same
		}
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
		return strings.TrimSpace(string(out))
	}
	run := strings.TrimPrefix(meshery("run", "--local", answersWithErrors(t), "--name", "checkout", "--rate", "500", "--duration", "2s",
		"--connections", "4", "--label", "mesh=none", "-o", "name"), "result/")
	if err := json.Unmarshal([]byte(meshery("results", "get", run)), &result); err != nil {
		t.Fatal(err)
	}
	file := meshery("results", "export", run, "--format", "fortio", "--output-dir", filepath.Join(home, "data"))
	return filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), ".json"), result
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/`)

// report starts 'fortio report' and returns its URL.
func report(t *testing.T, data string) string {
	t.Helper()
	fortio := built(t, ".", "fortio.org/fortio", "fortio")
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, fortio, "report", "-data-dir", data, "-http-port", "127.0.0.1:0", "-redirect-port", "disabled")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = io.Discard
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // killed
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := address.FindString(lines.Text()); url != "" {
			go func() { _, _ = io.Copy(io.Discard, stdout) }() // ends with the process
			ready(t, url)
			return url
		}
	}
	t.Fatal("fortio report named no address")
	return ""
}

// ready waits for the pages: Fortio listens before it has them.
func ready(t *testing.T, url string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := get(t.Context(), url)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// get is what a page holds.
func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	body, err := get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestFortioReport(t *testing.T) {
	data, id, result := exported(t)
	url := report(t, data)
	// The page, its list of files for other servers, and the file as the page's
	// script fetches it.
	for _, page := range []string{"", "browse?sel=" + id, "data/", "data/index.tsv"} {
		if body := fetch(t, url+page); !strings.Contains(string(body), id) {
			t.Errorf("/%s does not list %s:\n%s", page, id, body)
		}
	}
	raw := fetch(t, url+"data/"+id+".json")
	if onDisk, err := os.ReadFile(filepath.Join(data, id+".json")); err != nil || string(raw) != string(onDisk) {
		t.Errorf("served other bytes than were exported: %v", err)
	}
	var served struct {
		Labels, URL, RequestedQPS string
		ActualQPS                 float64
		RetCodes                  map[string]float64
		DurationHistogram         histogram
		ErrorsDurationHistogram   histogram
	}
	if err := json.Unmarshal(raw, &served); err != nil {
		t.Fatal(err)
	}
	status := result["status"].(map[string]any)
	requests, latency := status["requests"].(map[string]any), status["latency"].(map[string]any)["responseTime"].(map[string]any)
	if served.RequestedQPS != "500" || !strings.Contains(served.Labels, "checkout, response time, mesh=none, failed ") || served.RetCodes["503"] != requests["failed"] {
		t.Errorf("%+v, want %v", served, requests)
	}
	if e := served.ErrorsDurationHistogram; e.Count != requests["failed"] || len(e.Data) == 0 {
		t.Errorf("errors %+v, want %v", e, requests["failed"])
	}
	h := served.DurationHistogram
	if h.Count != latency["count"] || len(h.Data) < 20 {
		t.Errorf("%+v, want %v", h, latency)
	}
	// Its script makes milliseconds of what is in seconds.
	for _, p := range h.Percentiles {
		want, ok := map[float64]any{50: latency["p50"], 75: latency["p75"], 90: latency["p90"], 99: latency["p99"]}[p.Percentile]
		ms, _ := want.(float64)
		if !ok || p.Value*1000 < ms*(1-1e-9) || p.Value*1000 > ms*(1+1e-9) {
			t.Errorf("p%g is %g s, want %v ms", p.Percentile, p.Value, want)
		}
	}
	if len(h.Percentiles) != 4 { // 950 requests are too few for p99.9
		t.Errorf("percentiles %v", h.Percentiles)
	}
}

// histogram as Fortio's page reads it.
type histogram struct {
	Count       float64
	Data        []struct{ Start, End, Percent, Count float64 }
	Percentiles []struct{ Percentile, Value float64 }
}
