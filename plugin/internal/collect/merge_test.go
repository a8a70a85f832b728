package collect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// latencies are the five histograms of one stretch of an agent's calls.
type latencies [5]*histogram.Histogram

func newLatencies() *latencies {
	l := &latencies{}
	for i := range l {
		l[i] = histogram.New()
	}
	return l
}

func (l *latencies) encode(t *testing.T) *agentv1.Latencies {
	t.Helper()
	var b [5][]byte
	for i, h := range l {
		var err error
		if b[i], err = h.Encode(); err != nil {
			t.Fatal(err)
		}
	}
	return &agentv1.Latencies{ResponseTime: b[0], ServiceTime: b[1], Lateness: b[2], ConnectTime: b[3], ErrorTime: b[4]}
}

// equal holds the histograms of a Result against them, bit for bit.
func (l *latencies) equal(t *testing.T, whose string, got document.Histograms) {
	t.Helper()
	for i, text := range []string{got.ResponseTime, got.ServiceTime, got.Lateness, got.ConnectTime, got.ErrorTime} {
		want, err := l[i].Encode()
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s: histogram %d is not that of all its calls", whose, i)
		}
	}
}

// Whatever agents, seconds and targets calls are dealt out to, the Result's
// histograms are those of all the calls, of the agents' and of the targets'; and
// its percentiles are those of the calls' full sort, and not averages.
func TestTruthOfAResult(t *testing.T) {
	for _, agents := range []int{2, 3, 5} {
		r := rand.New(rand.NewPCG(uint64(agents), 3))
		spec := test()
		spec.Spec.Target = document.Target{}
		for _, name := range []string{"cart", "search"} {
			spec.Spec.Targets = append(spec.Spec.Targets, document.Target{Name: name, URL: "http://" + name + ".shop/"})
		}
		spec.Default()
		offsets := make([]time.Duration, agents)
		for i := range offsets {
			offsets[i] = time.Duration(r.Int64N(int64(time.Minute)))
		}
		run := started(t, spec, offsets...)
		all, byTarget := newLatencies(), []*latencies{newLatencies(), newLatencies()}
		byAgent := make([]*latencies, agents)
		var response []time.Duration
		for agent := range agents {
			byAgent[agent] = newLatencies()
			run.firstSend(agent, 0)
			for second := range int64(5) {
				whole, targets := newLatencies(), []*latencies{newLatencies(), newLatencies()}
				counts := []*agentv1.Counts{{}, {}}
				for range 500 + r.IntN(500) {
					target := r.IntN(2)
					// The agents are of different speed: averages would be wrong.
					base := float64(1+10*agent) * 1e6 * math.Exp(r.NormFloat64())
					counts[target].Planned++
					counts[target].Sent++
					counts[target].Succeeded++
					for i := range whole {
						d := time.Duration(base * (1 + float64(i)))
						into := []*latencies{whole, targets[target]}
						if second >= 2 { // measured
							into = append(into, all, byAgent[agent], byTarget[target])
							if i == 0 {
								response = append(response, d)
							}
						}
						for _, l := range into {
							l[i].Record(d)
						}
					}
				}
				s := &agentv1.Snapshot{FromNanos: second * 1e9, ToNanos: (second + 1) * 1e9, Warmup: second < 2, Latencies: whole.encode(t)}
				n := counts[0].Sent + counts[1].Sent
				s.Counts = &agentv1.Counts{Planned: n, Sent: n, Succeeded: n}
				for i := range targets {
					s.Targets = append(s.Targets, &agentv1.TargetSnapshot{Counts: counts[i], Latencies: targets[i].encode(t)})
				}
				run.Chunk(agent, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: s}})
			}
			run.final(agent, succeeded, "", 12*time.Second)
		}
		status := run.result().Status
		all.equal(t, "the Result", status.Histograms)
		for i, a := range status.Agents {
			byAgent[i].equal(t, a.Node, a.Histograms)
		}
		var targets int64
		for i, of := range status.Targets {
			byTarget[i].equal(t, of.Name, of.Histograms)
			targets += of.Requests.Sent
		}
		if n := int64(len(response)); status.Requests.Sent != n || targets != n || status.Latency.ResponseTime.Count != n {
			t.Errorf("%d agents: %d requests, %d of the targets, %d response times; want %d", agents, status.Requests.Sent, targets,
				status.Latency.ResponseTime.Count, n)
		}
		slices.Sort(response)
		l := status.Latency.ResponseTime
		for q, got := range map[float64]*float64{0.5: l.P50, 0.75: l.P75, 0.9: l.P90, 0.95: l.P95, 0.99: l.P99, 0.999: l.P999} {
			// Definitions of a percentile by rank differ by one sample at most.
			rank := q * float64(len(response))
			low := float64(response[int(math.Floor(rank))-1]) / 1e6
			high := float64(response[int(math.Ceil(rank))]) / 1e6
			if *got < low*0.999 || *got > high*1.001 {
				t.Errorf("%d agents: p%g is %g ms, the full sort says %g to %g", agents, q*100, *got, low, high)
			}
		}
	}
}
