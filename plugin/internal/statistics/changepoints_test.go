package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noises have the median 0 and about the spread 1.
var noises = map[string]func(r *rand.Rand) float64{
	"normal":     func(r *rand.Rand) float64 { return r.NormFloat64() },
	"lognormal":  func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) - 1 },
	"heavy tail": student3,
	"contaminated": func(r *rand.Rand) float64 {
		v := r.NormFloat64()
		if r.Float64() < 0.1 {
			v += 10 * r.ExpFloat64()
		}
		return v
	},
}

// student3 is Student's t with 3 degrees of freedom.
func student3(r *rand.Rand) float64 {
	var squares float64
	for range 3 {
		v := r.NormFloat64()
		squares += v * v
	}
	return r.NormFloat64() / math.Sqrt(squares/3)
}

// In noise, one series in twenty has a change: 400 series, 20 expected, and 36 or more
// of them have a chance below 0.001.
func TestNoiseHasNoChanges(t *testing.T) {
	for name, noise := range noises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(31, 1))
			wrong := 0
			for i := range 400 {
				series := make([]float64, 10+r.IntN(30))
				for k := range series {
					series[k] = noise(r)
				}
				if len(ChangePoints(series, ChangeOptions{Seed: uint64(i)})) > 0 {
					wrong++
				}
			}
			if t.Logf("%d of 400", wrong); wrong >= 36 {
				t.Errorf("%d of 400 series of noise have a change", wrong)
			}
		})
	}
}

// Steps are found where they are, to two points, and nothing else is but for the one
// in twenty.
func TestStepsAreFound(t *testing.T) {
	for name, noise := range noises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(31, 2))
			steps, right, more := []int{25, 40, 60}, 0, 0
			levels := []float64{10, 16, 10, 15}
			for i := range 10 {
				var series []float64
				for k := range 80 {
					level := 0
					for _, s := range steps {
						if k >= s {
							level++
						}
					}
					series = append(series, levels[level]+noise(r))
				}
				found := ChangePoints(series, ChangeOptions{Seed: uint64(i)})
				for at, s := range steps {
					j := slices.IndexFunc(found, func(c ChangePoint) bool { return c.Index >= s-2 && c.Index <= s+2 })
					if j < 0 {
						continue
					}
					right++
					if c := found[j]; c.P > 0.05 {
						t.Errorf("%+v at the step from %v to %v", c, levels[at], levels[at+1])
					}
				}
				more += max(0, len(found)-3)
			}
			if t.Logf("%d of 30 steps, %d others", right, more); right < 28 || more > 3 {
				t.Errorf("%d of 30 steps found, and %d others", right, more)
			}
		})
	}
}

func TestChangesOfSimpleSeries(t *testing.T) {
	step := func(n, at int, from, to float64) []float64 {
		return append(slices.Repeat([]float64{from}, at), slices.Repeat([]float64{to}, n-at)...)
	}
	for name, c := range map[string]struct {
		series []float64
		at     []int
	}{
		"empty":          {nil, nil},
		"few":            {[]float64{1, 1, 1, 1, 9, 9, 9, 9, 9}, nil},
		"constant":       {step(50, 50, 3, 3), nil},
		"step":           {step(12, 6, 2, 3), []int{6}},
		"there and back": {append(step(40, 20, 5, 7), step(20, 20, 5, 5)...), []int{20, 40}},
		"a trip":         {append(step(30, 30, 5, 5), append([]float64{90}, step(30, 30, 5, 5)...)...), nil},
	} {
		var at []int
		found := ChangePoints(c.series, ChangeOptions{})
		for _, f := range found {
			at = append(at, f.Index)
		}
		if !slices.Equal(at, c.at) {
			t.Errorf("%s: changes at %v, want %v", name, at, c.at)
		}
	}
}

// The clearest split is the one that the definition gives, term by term.
func TestTheClearestSplitIsThatOfTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 3))
	for range 50 {
		x := make([]float64, 4+r.IntN(12))
		for i := range x {
			x[i] = student3(r)
		}
		mean := func(a, b []float64, pairs float64) (sum float64) {
			for _, v := range a {
				for _, w := range b {
					sum += math.Abs(v - w)
				}
			}
			return sum / pairs
		}
		var want split
		for n := 2; n <= len(x)-2; n++ {
			for m := 2; n+m <= len(x); m++ {
				a, b, fn, fm := x[:n], x[n:n+m], float64(n), float64(m)
				q := fn * fm / (fn + fm) * (2*mean(a, b, fn*fm) - mean(a, a, fn*(fn-1)) - mean(b, b, fm*(fm-1)))
				if q > want.q+1e-12 {
					want = split{at: n, q: q}
				}
			}
		}
		s := &search{o: ChangeOptions{MinSegment: 2}}
		if got := s.clearest(x); got.at != want.at || math.Abs(got.q-want.q) > 1e-9 {
			t.Fatalf("%v: %+v, want %+v", x, got, want)
		}
	}
}
