package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// equal tells whether two measurements are the same, bit for bit.
func equal(a, b *Measurement) bool {
	other := b.all()
	for i, h := range a.all() {
		if !h.Equal(other[i]) || h.Mean() != other[i].Mean() {
			return false
		}
	}
	return fmt.Sprintf("%+v", a.Counts) == fmt.Sprintf("%+v", b.Counts) // maps are printed in order
}

// travelled is a measurement as it comes out at the other end of a stream.
func travelled(t *testing.T, m *Measurement) *Measurement {
	t.Helper()
	out := newMeasurement()
	out.Counts.add(&m.Counts)
	to := out.all()
	for i, h := range m.all() {
		b, err := h.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := histogram.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		to[i].Merge(back)
	}
	return out
}

func sum(parts []*Measurement) *Measurement {
	out := newMeasurement()
	for _, m := range parts {
		out.merge(m)
	}
	return out
}

// randomCall is a call with times from nanoseconds to minutes, of any outcome.
func randomCall(r *rand.Rand) *call {
	some := func() time.Duration { return time.Duration(1) << r.IntN(36) * time.Duration(1+r.IntN(1000)) / 1000 }
	c := &call{target: r.IntN(2), intended: some(), late: some()}
	c.start = c.intended + c.late + some()*time.Duration(r.IntN(2))
	c.end = c.start + some() + some()
	switch r.IntN(10) {
	case 0:
		c.Failure = client.FailTimeout
	case 1:
		c.Failure = client.FailConnection
	case 2:
		c.Code, c.Unwanted = 503, true
	default:
		c.Code, c.Bytes = 200, int64(r.IntN(5000))
	}
	if r.IntN(5) == 0 {
		c.Connect = some()
	}
	switch took := c.end - c.start; r.IntN(10) {
	case 0:
		c.Waited = took / 3
	case 1:
		c.Waited = took * 3 / 4
	case 2:
		c.Checked = took / 4
	}
	return c
}

// note adds a call to a plain measurement, by the words of the package's
// sentence.
func note(m *Measurement, c *call) {
	queue := c.start - c.intended - c.late + c.Waited
	service := c.end - c.start - c.Waited - c.Checked
	m.Sent++
	m.BytesReceived += c.Bytes
	good, code := c.Code == 200, c.Failure
	if code == "" {
		code = fmt.Sprint(c.Code)
	}
	m.countCode(code, 1)
	if good {
		m.Succeeded++
	} else {
		m.Failed++
	}
	// A call that had mostly waited when it was given up was hardly sent.
	sent := c.Failure != client.FailTimeout || c.Waited <= service
	switch {
	case !sent:
		m.ErrorTime.Record(c.end - c.start)
	case !good:
		m.ErrorTime.Record(service)
	}
	m.Lateness.Record(c.late)
	if c.Connect > 0 {
		m.ConnectTime.Record(c.Connect)
	}
	if good || c.Failure == client.FailTimeout {
		if sent {
			m.ServiceTime.Record(service)
		}
		m.ResponseTime.Record(queue + service)
	}
}

// What many workers record into the shards of several agents, emptied again and
// again meanwhile and sent in pieces, is what one histogram of every call holds.
func TestAgentsShardsAndSecondsMergeToOneHistogram(t *testing.T) {
	t.Parallel()
	for _, agents := range []int{2, 3, 5} {
		everything := newMeasurements(2)
		byTarget := make([][]*Measurement, 2)
		for agent := range agents {
			const workers, calls, seconds = 8, 400, 4
			rec := newRecorder(3, 2)
			var mu sync.Mutex
			for second := range seconds {
				var wg sync.WaitGroup
				for i := range workers {
					r := rand.New(rand.NewPCG(uint64(100*agents+10*agent+second), uint64(i)))
					wg.Go(func() {
						var w worker
						for range calls {
							c := randomCall(r)
							rec.record(i, &w, c)
							mu.Lock()
							note(everything[c.target], c)
							mu.Unlock()
						}
					})
				}
				if second == seconds-1 {
					wg.Wait()
				}
				// In the midst of it, or at the end.
				drained := newMeasurements(2)
				rec.drain(drained)
				for target, m := range drained {
					byTarget[target] = append(byTarget[target], travelled(t, m))
				}
				wg.Wait()
			}
		}
		for target := range 2 {
			parts := byTarget[target]
			rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			if got := sum(parts); !equal(got, everything[target]) {
				t.Errorf("%d agents, target %d: merged from %d pieces %+v, everything %+v", agents, target, len(parts), got.Counts, everything[target].Counts)
			}
		}
		if whole := sum(everything); !equal(newSnapshot(0, 0, false, everything).whole(), whole) || whole.Sent != int64(agents)*8*400*4 {
			t.Errorf("%d agents: the targets' sum is not the whole", agents)
		}
	}
}

func (s *Snapshot) whole() *Measurement { return &s.Measurement }

// Agents of one run whose targets answer differently: agent i's takes (i+1) times
// 10 to 20 ms. What is merged from them, in whatever order, is one distribution,
// that of the server's log of all; an average of their percentiles would be another.
func TestTruthOfManyAgents(t *testing.T) {
	w := newWitness(t, func(path string, n int) int {
		agent := path[len(path)-1] - '0'
		_, spread := math.Modf(float64(n) * golden)
		time.Sleep(time.Duration(float64(agent+1) * (1 + spread) * float64(10*time.Millisecond)))
		return http.StatusOK
	})
	for _, agents := range []int{2, 3, 5} {
		steadily(t, func(tr *trial) {
			beside := newReference(t, w, client.Target{}, "/reference", 4)
			agent := -1
			plan := Plan{Rate: 480, Connections: 60, Duration: 1500 * time.Millisecond}
			all := together(t, agents, plan, func() []Target {
				agent++
				return []Target{w.target(t, client.Target{}, fmt.Sprint("/agent", agent), 1)}
			}, func(t0 time.Time) {
				w.forget()
				beside.start(t, t0)
			})
			exchange := beside.exchange(t)
			var bySecond, byAgent []*Measurement
			for _, m := range all {
				tr.lateness(m.whole.Lateness)
				byAgent = append(byAgent, travelled(t, m.whole))
				for _, s := range m.snapshots {
					if !s.Warmup {
						bySecond = append(bySecond, travelled(t, &s.Measurement))
					}
				}
			}
			slices.Reverse(bySecond)
			merged := sum(byAgent)
			if !equal(merged, sum(bySecond)) {
				t.Errorf("%d agents: merged by agent %+v, by second %+v", agents, merged.Counts, sum(bySecond).Counts)
			}
			if merged.Planned() != 720 || merged.Failed != 0 {
				t.Errorf("%d agents: %+v, want 720 calls planned", agents, merged.Counts)
			}
			var own list
			for i := range agents {
				for _, e := range w.entries(fmt.Sprint("/agent", i)) {
					own = append(own, e.took())
				}
			}
			slices.Sort(own)
			tr.compare(t, fmt.Sprintf("%d agents' service time", agents), 0.95, merged.ServiceTime, own, own, exchange)
		})
	}
}

// Each target's calls are counted by the server as by the engine, and all targets
// together are the whole, bit for bit, in every second.
func TestTruthOfWeightedTargets(t *testing.T) {
	t.Parallel()
	paths, weights := []string{"/five", "/three", "/two"}, []float64{5, 3, 2}
	w := newWitness(t, func(path string, n int) int {
		switch {
		case path == "/three":
			time.Sleep(20 * time.Millisecond)
		case path == "/two" && n%5 == 0:
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})
	all := together(t, 2, Plan{Rate: 400, Connections: 16, Duration: 2500 * time.Millisecond}, func() (targets []Target) {
		for i, path := range paths {
			targets = append(targets, w.target(t, client.Target{}, path, weights[i]))
		}
		return targets
	}, nil)
	var whole, whatever []*Measurement
	for _, m := range all {
		whole = append(whole, m.whole)
		whatever = append(whatever, m.targets...)
		for _, s := range m.snapshots {
			if !equal(sum(s.Targets), &s.Measurement) {
				t.Errorf("from %v to %v: targets %+v, whole %+v", s.From, s.To, sum(s.Targets).Counts, s.Counts)
			}
		}
	}
	if !equal(sum(whole), sum(whatever)) {
		t.Error("the sum of the targets is not the whole")
	}
	planned := sum(whole).Planned()
	if planned != 1000 {
		t.Errorf("%d planned, want 1000", planned)
	}
	for i, path := range paths {
		of := sum([]*Measurement{all[0].targets[i], all[1].targets[i]})
		log := w.entries(path)
		failed := 0
		for _, e := range log {
			if e.status != http.StatusOK {
				failed++
			}
		}
		const probes = 2
		if int(of.Sent)+probes != len(log) {
			t.Errorf("%s: %d sent, the server got %d with the %d that chose the clients", path, of.Sent, len(log), probes)
		}
		if int(of.Failed) != failed || of.Codes["503"] != of.Failed {
			t.Errorf("%s: %+v, the server answered %d with 503", path, of.Counts, failed)
		}
		if want := weights[i] * 100; float64(of.Planned()) < want-4 || float64(of.Planned()) > want+4 {
			t.Errorf("%s: %d of 1000 calls, want %g", path, of.Planned(), want)
		}
	}
}
