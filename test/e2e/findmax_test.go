//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Two agents with 20 connections each to a workload that answers after 100 ms can
// send 400 requests per second, whatever the machine: two searches must find
// nearly that. They run at once, each at a site of its own, for they mostly wait.
func TestTheHighestRateIsFoundTwice(t *testing.T) {
	sites := []*site{alone(t), take(t)}
	const capacity = 2 * 20 / 0.1
	found := make([]result, len(sites))
	var searches sync.WaitGroup
	for i, at := range sites {
		// A stall leaves a backlog, which near the capacity is there to stay: the
		// median forgives those of the second half, and minRate their unsent requests.
		test := spec(t, fmt.Sprintf("validity: {maxLateness: 100, maxGeneratorCPU: 1, maxStartSkew: 10s, minRate: 0.95}\n  target: {url: %q}\n  load: {rate: 250, connections: 20, duration: 5s}", at.target+"?delay=100ms"))
		searches.Go(func() {
			found[i] = kubectl(append([]string{"meshery", "run", "-n", at.agents, "-o", "json", "--label", "build=e2e",
				"--find-max", "--slo", "responseTime.p50 < 150ms", "--max-rate", "430"}, test...)...)
		})
	}
	searches.Wait()
	var rates []float64
	for _, r := range found {
		if err := r.err(); err != nil {
			t.Fatal(err)
		}
		t.Log(r.stderr)
		rate := checkSearch(t, r)
		if rate > 1.05*capacity || rate < 0.9*capacity {
			t.Errorf("%v requests per second found, and the connections carry %v", rate, capacity)
		}
		rates = append(rates, rate)
	}
	if math.Abs(rates[0]-rates[1]) > 0.05*max(rates[0], rates[1]) {
		t.Errorf("one search found %v, the other %v: more than 5 %% apart", rates[0], rates[1])
	}
}

var stepLine = regexp.MustCompile(`(?m)^(step \d+|confirm) .* rps .*(kept|not kept: .*|not known: .*)$`)

// checkSearch wants every step of a search in the archive with its labels, and
// the last one printed. It returns the rate found.
func checkSearch(t *testing.T, r result) float64 {
	t.Helper()
	last := parse(t, r.stdout)
	rate, ok := last.Spec.Load.Rate.(float64)
	if !ok {
		t.Fatalf("rate %v", last.Spec.Load.Rate)
	}
	for _, th := range last.Status.Thresholds {
		if !th.Passed {
			t.Errorf("the rate found does not keep %s: %v %s", th.Expression, *th.Actual, th.Unit)
		}
	}
	id := last.Metadata.Labels["find-max"]
	if !strings.Contains(r.stderr, "find-max="+id) || id == "" {
		t.Errorf("the label %q of the search is not said: %s", id, r.stderr)
	}
	names := strings.Fields(must(t, "meshery", "results", "list", "--label", "find-max="+id, "--limit", "0", "-o", "name").stdout)
	if steps := len(stepLine.FindAllString(r.stderr, -1)); len(names) != steps || steps < 3 {
		t.Errorf("%d steps, and %d Results in the archive: %q", steps, len(names), names)
	}
	for i, name := range names { // the newest first
		step := parse(t, must(t, "meshery", "results", "get", strings.TrimPrefix(name, "result/"), "-o", "json").stdout)
		if got := step.Metadata.Labels; got["find-max-step"] != strconv.Itoa(len(names)-i) || got["find-max"] != id || got["build"] != "e2e" {
			t.Errorf("Result %d of the search has the labels %v", len(names)-i, got)
		}
	}
	return rate
}
