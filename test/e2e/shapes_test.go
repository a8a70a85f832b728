//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"testing"
)

// Stages are followed within 1 %, steps and straight lines, by what was sent in
// every second and in all of them.
func TestStagesAreFollowed(t *testing.T) {
	at := alone(t)
	r := at.quick(t, `target: {url: "`+at.target+`"}
  load: {warmup: 1s, stages: [{duration: 3s, rate: 400}, {duration: 4s, rate: 1200}, {duration: 3s, rate: 600, step: true}]}`)
	s := &r.Status
	rate := func(at float64) float64 {
		switch {
		case at < 3:
			return 400
		case at < 7:
			return 400 + 800*(at-3)/4
		}
		return 600
	}
	if whole := int64(3*400 + 4*800 + 3*600); math.Abs(float64(s.Requests.Planned-whole)) > 1 || s.Requests.Succeeded != s.Requests.Planned {
		t.Errorf("%+v, want %d", s.Requests, whole)
	}
	stages := []struct{ from, to int }{{0, 3}, {3, 7}, {7, 10}}
	for _, stage := range stages {
		var got, want float64
		for second := stage.from; second < stage.to; second++ {
			n, planned := float64(sentIn(r, second+1)), rate(float64(second)+0.5) // the mean of a straight line
			if math.Abs(n-planned) > 0.1*planned {
				t.Errorf("second %d: %v sent, want %v", second, n, planned)
			}
			got, want = got+n, want+planned
		}
		t.Logf("seconds %d to %d: %v sent, want %v", stage.from, stage.to, got, want)
		if math.Abs(got-want) > 0.01*want {
			t.Errorf("seconds %d to %d: %v sent, want %v within 1 %%", stage.from, stage.to, got, want)
		}
	}
}

// sentIn is what was sent in a second of the load that is not of the warm-up.
func sentIn(r *resultDoc, second int) (n int64) {
	for _, p := range r.Status.Timeline {
		if p.Second == second && !p.Warmup {
			n += p.Sent
		}
	}
	return n
}

// Random arrivals are as many as the rate wants, to within chance, and the same
// ones for the same seed.
func TestRandomArrivals(t *testing.T) {
	at := beside(t)
	for _, c := range []struct {
		arrivals  string
		deviation float64
	}{
		{"uniform", 1},
		{"poisson", 4 * math.Sqrt(600)}, // four standard deviations
	} {
		t.Run(c.arrivals, func(t *testing.T) {
			run := func() int64 {
				r := at.quick(t, fmt.Sprintf("target: {url: %q}\n  load: {rate: 300, duration: 2s, arrivals: %s, seed: 7}", at.target, c.arrivals))
				if s := r.Status.Requests; s.Failed != 0 || s.Succeeded != s.Planned {
					t.Errorf("%+v, want no errors, and all that was planned", s)
				}
				return r.Status.Requests.Planned
			}
			first := run()
			if math.Abs(float64(first)-600) > c.deviation {
				t.Errorf("%d arrivals, want 600 within %v", first, c.deviation)
			}
			if c.arrivals == "poisson" {
				if second := run(); second != first {
					t.Errorf("%d and %d arrivals with one seed", first, second)
				}
			}
		})
	}
}

// A number of requests is what two agents send together, and neither more nor
// less, whether they keep a rate or not.
func TestANumberOfRequestsIsExact(t *testing.T) {
	at := beside(t)
	for _, c := range []struct {
		name, load string
		n          int64
	}{
		{"constant", "{rate: 500, requests: 1001}", 1001},
		{"poisson", "{rate: 500, requests: 777, arrivals: poisson}", 777},
		{"closed loop", "{rate: max, connections: 4, requests: 3333}", 3333},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := at.served(t)
			r := at.quick(t, fmt.Sprintf("target: {url: %q}\n  load: %s", at.target, c.load))
			if s := r.Status.Requests; s.Sent != c.n || s.Succeeded != c.n {
				t.Errorf("%+v, want %d", s, c.n)
			}
			if got := at.served(t) - before; got != sent(r) {
				t.Errorf("agents sent %d requests, the workload counted %d", sent(r), got)
			}
			for _, a := range r.Status.Agents {
				if half := c.n / 2; a.Requests.Sent < half || a.Requests.Sent > half+1 {
					t.Errorf("agent on %s sent %d, want half of %d", a.Node, a.Requests.Sent, c.n)
				}
			}
		})
	}
}
