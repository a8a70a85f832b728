package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// samplers draw durations of all the shapes that latencies have.
var samplers = map[string]func(r *rand.Rand) float64{ // ns
	"constant":    func(*rand.Rand) float64 { return 1_234_567 },
	"uniform":     func(r *rand.Rand) float64 { return 1e9 * r.Float64() },
	"exponential": func(r *rand.Rand) float64 { return 250e3 * r.ExpFloat64() },
	"lognormal":   func(r *rand.Rand) float64 { return 2e6 * math.Exp(1.2*r.NormFloat64()) },
	"bimodal": func(r *rand.Rand) float64 {
		if r.Float64() < 0.03 {
			return 5e7 * (1 + 0.1*r.NormFloat64())
		}
		return 8e5 * (1 + 0.1*r.NormFloat64())
	},
	// Pareto with shape 1.1: a tail that no mean describes, clipped at an hour.
	"heavy tail": func(r *rand.Rand) float64 { return min(1e5*math.Pow(1-r.Float64(), -1/1.1), 3.6e12) },
	"tiny":       func(r *rand.Rand) float64 { return 5000 * r.Float64() },
	// A stall: one call in twenty waits between nothing and a second.
	"stall": func(r *rand.Rand) float64 {
		if r.Float64() < 0.05 {
			return 1e9 * r.Float64()
		}
		return 3e5 * r.ExpFloat64()
	},
	"all magnitudes": func(r *rand.Rand) float64 { return math.Exp(r.Float64() * math.Log(3.6e12)) },
}

const million = 1_000_000

// draw makes a million samples.
func draw(sample func(*rand.Rand) float64, seed uint64) []time.Duration {
	r := rand.New(rand.NewPCG(seed, 1))
	all := make([]time.Duration, million)
	for i := range all {
		all[i] = time.Duration(sample(r))
	}
	return all
}

// Every percentile of a million samples is that of their full sort, to 0.1 %. q
// times a million is whole for each, so that all definitions of a percentile by
// rank are one.
func TestTruthOfEveryPercentile(t *testing.T) {
	var quantiles []float64
	for i := 1; i < 1000; i++ {
		quantiles = append(quantiles, float64(i)/1000)
	}
	quantiles = append(quantiles, 0.9999, 0.99995)
	for name, sample := range samplers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := draw(sample, 7)
			direct, drained := New(), New()
			var c Counter
			for i, d := range all {
				direct.Record(d)
				c.Record(d)
				if i%300_000 == 0 {
					c.Drain(drained)
				}
			}
			c.Drain(drained)
			slices.Sort(all)
			var worst float64
			for _, q := range quantiles {
				want := all[int(math.Round(q*million))-1]
				for _, h := range []*Histogram{direct, drained} {
					got, ok := h.Quantile(q)
					off := math.Abs(float64(got-want)) / math.Max(1, float64(want))
					worst = max(worst, off)
					if !ok || off > 0.001 {
						t.Errorf("p%g: %v, the full sort says %v (%+.3f %%)", q*100, got, want, 100*off)
					}
				}
			}
			var sum float64
			for _, d := range all {
				sum += float64(d)
			}
			for figure, pair := range map[string][2]time.Duration{
				"min": {drained.Min(), all[0]}, "max": {drained.Max(), all[million-1]}, "mean": {drained.Mean(), time.Duration(sum / million)},
			} {
				if off := math.Abs(float64(pair[0] - pair[1])); off > 1+0.001*float64(pair[1]) {
					t.Errorf("%s: %v, the samples say %v", figure, pair[0], pair[1])
				}
			}
			t.Logf("%s: no percentile is off by more than %.4f %%", name, 100*worst)
		})
	}
}

// A million samples, dealt out at random to agents, shards and seconds, counted,
// sent, and merged in any order, are one histogram of all of them, bit for bit.
func TestTruthOfRandomSplits(t *testing.T) {
	for name, sample := range samplers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := draw(sample, 11)
			one := New()
			for _, d := range all {
				one.Record(d)
			}
			r := rand.New(rand.NewPCG(5, 5))
			const agents, shards, seconds = 5, 4, 8
			parts := make([]Counter, agents*seconds*shards)
			for _, d := range all {
				// Unequal parts: some of them have few samples, or none.
				parts[int(math.Pow(r.Float64(), 50)*float64(len(parts)))].Record(d)
			}
			var sent [][]byte // one of each agent and second, of all its shards
			for i := 0; i < len(parts); i += shards {
				second := New()
				for s := range shards {
					parts[i+s].Drain(second)
				}
				b, err := second.Encode()
				if err != nil {
					t.Fatal(err)
				}
				sent = append(sent, b)
			}
			r.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			// Once one after the other, and once in two halves, each sent on.
			merged, halves := New(), []*Histogram{New(), New()}
			for i, b := range sent {
				h, err := Decode(b)
				if err != nil {
					t.Fatal(err)
				}
				merged.Merge(h)
				halves[i%2].Merge(h)
			}
			whole := New()
			for _, h := range halves {
				b, err := h.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if h, err = Decode(b); err != nil {
					t.Fatal(err)
				}
				whole.Merge(h)
			}
			want, err := one.Encode()
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range []*Histogram{merged, whole} {
				got, err := h.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if !h.Equal(one) || !slices.Equal(got, want) || h.Count() != million {
					t.Errorf("%d agents, %d shards, %d seconds: %d merged are not the %d of one histogram", agents, shards, seconds, h.Count(), one.Count())
				}
			}
		})
	}
}
