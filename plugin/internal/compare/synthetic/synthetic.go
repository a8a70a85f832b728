// Package synthetic makes Results of runs that never were, whose noise and true
// difference are known, so that a comparison can be held against the truth. It is for
// tests and for the study behind docs/compare.md.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Noise is by how much a run is off, in its usual spread.
type Noise struct {
	Name string
	Draw func(r *rand.Rand) float64
}

// Noises are those that runs have: the well-behaved, the one with a long side, the one
// with wild runs (Student's t, 3 degrees of freedom), and the one where something
// disturbs every tenth run.
var Noises = []Noise{
	{"normal", (*rand.Rand).NormFloat64},
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) }},
	{"heavy tail", func(r *rand.Rand) float64 {
		var squares float64
		for range 3 {
			v := r.NormFloat64()
			squares += v * v
		}
		return r.NormFloat64() / math.Sqrt(squares/3)
	}},
	{"contaminated", func(r *rand.Rand) float64 {
		v := r.NormFloat64()
		if r.Float64() < 0.1 {
			v += 10 * r.ExpFloat64()
		}
		return v
	}},
}

// Spread of a run's figures where the noise is 1, by the metric: 2 % of what they are
// about, and 1 % of the latencies.
var Spread = map[string]float64{
	"responseTime": 0.4, "serviceTime": 0.4, "rate": 20, "errors": 0.2, "cpu": 0.02, "memory": 2 << 20,
}

// Runs makes Results.
type Runs struct {
	Noise  Noise
	Random *rand.Rand
	// Shift is by how much every figure is above that without, in its Spread; only
	// those of the metrics that begin with Only, where that is not empty.
	Shift float64
	Only  string
	// Bare runs have no histograms, only their percentiles.
	Bare bool
	// Labels of every run.
	Labels map[string]string
	made   int
}

// shape is how long the requests of a run take beyond its fastest, in ms, by rank.
var shape = func() []float64 {
	s := make([]float64, 500)
	for i := range s {
		s[i] = 10 * math.Exp(-0.5*math.Sqrt2*math.Erfcinv((2*float64(i)+1)/float64(len(s))))
	}
	return s
}()

// repeated is how many requests there are of each rank.
const repeated = 10

// Result makes one. Beside is what is shared with the run beside it, in Spread.
func (g *Runs) Result(beside float64) *document.Result {
	g.made++
	off := func(metric string) float64 {
		v := beside + g.Noise.Draw(g.Random)
		if strings.HasPrefix(metric, g.Only) {
			v += g.Shift
		}
		return Spread[metric] * v
	}
	r := &document.Result{APIVersion: document.APIVersion, Kind: document.KindResult}
	r.Metadata = document.ResultMetadata{Name: "checkout", RunID: fmt.Sprintf("%08x-0000-7000-8000-%012x", g.Random.Uint32(), g.made), Labels: map[string]string{"block": strconv.Itoa(g.made)}}
	for name, value := range g.Labels {
		r.Metadata.Labels[name] = value
	}
	r.Spec = document.Spec{Target: document.Target{URL: "http://checkout.shop:8080/", Protocol: document.HTTP1, Method: "GET"},
		Load: document.Load{Rate: 1000, Connections: 16, Duration: document.Duration(5 * time.Second)}}
	s := &r.Status
	s.Phase, s.Validity.Valid = document.Succeeded, true
	s.StartTime = time.Date(2026, 11, 23, 14, g.made, 0, 0, time.UTC)
	latency := 30 + off("responseTime")
	s.Latency.ResponseTime, s.Histograms.ResponseTime = distribution(latency)
	s.Latency.ServiceTime, s.Histograms.ServiceTime = distribution(latency - 1)
	if g.Bare {
		s.Histograms = document.Histograms{}
	}
	s.Rate.Achieved = 1000 + off("rate")
	sent := int64(100_000)
	failed := min(max(0, int64(math.Round(float64(sent)/100*(5+off("errors"))))), sent)
	s.Requests = document.Requests{Planned: sent, Sent: sent, Succeeded: sent - failed, Failed: failed}
	s.Agents = []document.AgentResult{{Node: "worker-1", Pod: "meshery-agent-abcde", Phase: document.AgentSucceeded}}
	s.Environment = document.Environment{Kubernetes: "v1.34.1", Namespace: "perf", Nodes: []document.NodeInfo{{Name: "worker-1", Kernel: "6.1.0", CPU: "4", Memory: "16393244Ki"}},
		TargetPods: []string{"shop/checkout-1"}, TargetImages: []string{"shop/checkout:1"}, Plugin: "v0.1.0"}
	s.Resources.Nodes = []document.NodeResources{{Node: "worker-1", Cost: document.Cost{CoreSecondsPer1000Requests: new(1 + off("cpu"))}}}
	for _, c := range []document.ContainerResource{
		{Namespace: "shop", Pod: "checkout-1", Container: "checkout"}, {Namespace: "shop", Pod: "checkout-1", Container: "istio-proxy"},
		{Namespace: "istio-system", Pod: "istiod-1", Container: "discovery"}, {Namespace: "perf", Pod: "meshery-agent-abcde", Container: "agent"},
	} {
		c.Node = "worker-1"
		c.CoreSecondsPer1000Requests = new(1 + off("cpu"))
		c.MemoryMeanBytes = new(100<<20 + off("memory"))
		s.Resources.Containers = append(s.Resources.Containers, c)
	}
	return r
}

// step is what latencies are rounded to, in ms, so that encoding one takes no more
// time than it must: what was made once is taken again.
const step = 0.02

var (
	mutex sync.Mutex
	known = map[float64]encoded{}
)

type encoded struct {
	summary   document.Summary
	histogram string
}

// distribution is that of a run's requests: the same for every run, but for where it
// is, in ms.
func distribution(at float64) (*document.Summary, string) {
	at = math.Round(at/step) * step
	mutex.Lock()
	defer mutex.Unlock()
	e, ok := known[at]
	if !ok {
		e = encode(at)
		known[at] = e
	}
	return &e.summary, e.histogram
}

func encode(at float64) encoded {
	h := histogram.New()
	for _, v := range shape {
		h.RecordMany(time.Duration((at+v)*1e6), repeated)
	}
	raw, err := h.Encode()
	if err != nil {
		panic(err) // cannot be: what was recorded is inside the range
	}
	q := func(q float64) *float64 {
		d, _ := h.Quantile(q)
		return new(float64(d) / 1e6)
	}
	return encoded{document.Summary{Count: h.Count(), Min: float64(h.Min()) / 1e6, Mean: float64(h.Mean()) / 1e6, Max: float64(h.Max()) / 1e6,
		P50: q(0.5), P75: q(0.75), P90: q(0.9), P95: q(0.95), P99: q(0.99), P999: q(0.999)}, string(raw)}
}
