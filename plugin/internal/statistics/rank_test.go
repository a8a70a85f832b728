package statistics

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12+1e-9*math.Abs(b) }

// From R 4.2.2, wilcox.test(a, b, exact = TRUE), conf.int = TRUE with its signs
// turned, for R reckons a - b; the first p is that of SciPy 1.10.1 too,
// mannwhitneyu(a, b, method = "exact").
var untied = []struct {
	a, b                   []float64
	p, estimate, low, high float64
}{
	{[]float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}, []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06001, 3.14, 1.29001},
		0.13591114767585355, -0.56, -1.183, 0.37},
	{[]float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21},
		0.2544122544122544, -0.305, -0.76, 0.15},
	{[]float64{1, 2, 3, 4, 5, 6}, []float64{7, 8, 9, 10, 11, 12}, 0.0021645021645021645, 6, 3, 9},
	{[]float64{2.1, 2.4, 2.2, 2.9, 2.05}, []float64{2.6, 2.15, 3.1, 3.3, 2.95, 2.7, 3.0}, 0.047979797979797983, 0.55, 0.05, 0.95},
}

func TestMannWhitneyIsThatOfR(t *testing.T) {
	for _, c := range untied {
		if p := MannWhitney(c.a, c.b); !near(p, c.p) {
			t.Errorf("%v, %v: p = %v, R says %v", c.a, c.b, p, c.p)
		}
		if p := MannWhitney(c.b, c.a); !near(p, c.p) {
			t.Errorf("%v, %v turned: p = %v, R says %v", c.b, c.a, p, c.p)
		}
		if e := HodgesLehmann(c.a, c.b); !near(e, c.estimate) {
			t.Errorf("%v, %v: shift %v, R says %v", c.a, c.b, e, c.estimate)
		}
		if i, ok := HodgesLehmannInterval(c.a, c.b, 0.95); !ok || !near(i.Low, c.low) || !near(i.High, c.high) {
			t.Errorf("%v, %v: interval %v, R says %v to %v", c.a, c.b, i, c.low, c.high)
		}
	}
}

// From R 4.2.2 with coin 1.4.2:
// pvalue(wilcox_test(v ~ g, distribution = "exact")).
func TestMannWhitneyWithTiesIsThatOfCoin(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		p    float64
	}{
		{[]float64{1, 2, 2, 3, 3, 3}, []float64{3, 4, 4, 5, 2, 6}, 0.05627705627705628},
		{make([]float64, 8), []float64{0, 0, 0, 0.5, 0, 0.2, 0.2, 0}, 0.2},
		{[]float64{2.1, 2.1, 2.2, 2.3}, []float64{2.1, 2.4, 2.4, 2.5, 2.6, 2.3, 2.2}, 0.10606060606060605},
		{[]float64{10, 10, 10}, []float64{10, 10, 11, 12, 12}, 0.2857142857142857},
		{[]float64{5, 5, 7, 9, 9, 9, 12, 14, 14, 15}, []float64{9, 9, 12, 12, 14, 15, 15, 16, 18, 20}, 0.027528199354824742},
	} {
		if p, turned := MannWhitney(c.a, c.b), MannWhitney(c.b, c.a); !near(p, c.p) || !near(turned, c.p) {
			t.Errorf("%v, %v: p = %v and %v, coin says %v", c.a, c.b, p, turned, c.p)
		}
	}
}

// From R 4.2.2, wilcox.test(d, exact = TRUE, conf.int = TRUE); the second p is that of
// SciPy 1.10.1 too, wilcoxon(d, mode = "exact").
func TestWilcoxonIsThatOfR(t *testing.T) {
	for _, c := range []struct {
		d            []float64
		p, low, high float64
	}{
		{[]float64{0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, 0.01}, 0.0390625, 0.01, 0.786},
		{[]float64{0.3, -0.1, 0.25, 0.7, 0.81, 0.15}, 0.0625, -0.1, 0.81},
		{[]float64{1, 2, 3, 4, 5, 6, 7}, 0.015625, 2, 6},
		{[]float64{-3, 4, -5, 6, 7.5, 8.5, -1.25, 9, 10.5, 2.25}, 0.064453125, -0.375, 8.25},
	} {
		if p := WilcoxonSignedRank(c.d); !near(p, c.p) {
			t.Errorf("%v: p = %v, R says %v", c.d, p, c.p)
		}
		if i, ok := SignedRankInterval(c.d, 0.95); !ok || !near(i.Low, c.low) || !near(i.High, c.high) {
			t.Errorf("%v: interval %v, R says %v to %v", c.d, i, c.low, c.high)
		}
	}
}

// From R 4.2.2 with coin 1.4.2: pvalue(wilcoxsign_test(d ~ rep(0, length(d)),
// zero.method = "Pratt", distribution = "exact")).
func TestWilcoxonWithTiesAndZerosIsThatOfCoin(t *testing.T) {
	for _, c := range []struct {
		d []float64
		p float64
	}{
		{[]float64{0, 0, 1, 1, 2, -1, 3, 3}, 0.125},
		{[]float64{0.5, 0.5, 0.5, -0.5, 1, 1, 2}, 0.078125},
		{[]float64{0, 0, 0, 0, 0, 1}, 1},
		{[]float64{0, 1, -1, 2, 2, 2, -3, 4, 4, 0, 5, 5}, 0.0390625},
		{[]float64{0, 0, 0, 1, 2, 3, 4, 5, 6}, 0.03125},
	} {
		if p := WilcoxonSignedRank(c.d); !near(p, c.p) {
			t.Errorf("%v: p = %v, coin says %v", c.d, p, c.p)
		}
	}
}

// From R 4.2.2 with exact = FALSE, correct = TRUE: a = ((1:130)*37) %% 101,
// b = ((1:90)*53) %% 97 + 8; d = ((1:400)*37) %% 101 - 45 without its zeros.
func TestManyValuesAreThoseOfR(t *testing.T) {
	var a, b, d []float64
	for i := 1; i <= 400; i++ {
		if i <= 130 {
			a = append(a, float64(i*37%101))
		}
		if i <= 90 {
			b = append(b, float64(i*53%97+8))
		}
		if v := float64(i*37%101 - 45); v != 0 {
			d = append(d, v)
		}
	}
	if p := MannWhitney(a, b); !near(p, 0.1435160574468857) {
		t.Errorf("Mann-Whitney: %v", p)
	}
	if p := WilcoxonSignedRank(d); !near(p, 0.00096137204641655338) {
		t.Errorf("Wilcoxon: %v", p)
	}
}

// few are small sets with many ties, none, and zeros.
func few(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	kinds := 1 + r.IntN(12)
	for i := range x {
		x[i] = float64(r.IntN(kinds) - kinds/3)
	}
	return x
}

// Every way to choose is tried, and its rank sum held against the one there is.
func TestMannWhitneyIsTheShareOfAllChoices(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 300 {
		n, m := 1+r.IntN(7), 1+r.IntN(7)
		a, b := few(r, n), few(r, m)
		all := slices.Concat(a, b)
		ranks := make([]float64, n+m)
		for i, x := range all {
			for _, y := range all {
				if y < x {
					ranks[i]++
				} else if y == x {
					ranks[i] += 0.5
				}
			}
			ranks[i] += 0.5
		}
		sum := func(set uint) (s float64) {
			for i, rank := range ranks {
				if set>>i&1 == 1 {
					s += rank
				}
			}
			return s
		}
		expected := float64(n) * float64(n+m+1) / 2
		observed := math.Abs(sum(1<<n-1) - expected)
		ways, far := 0, 0
		for set := range uint(1) << (n + m) {
			if bits.OnesCount(set) == n {
				ways++
				if math.Abs(sum(set)-expected) >= observed-1e-9 {
					far++
				}
			}
		}
		if p, want := MannWhitney(a, b), float64(far)/float64(ways); !near(p, want) {
			t.Fatalf("%v, %v: p = %v, %d of %d choices say %v", a, b, p, far, ways, want)
		}
	}
}

// Every set of signs is tried.
func TestWilcoxonIsTheShareOfAllSigns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for range 300 {
		d := few(r, 1+r.IntN(10))
		ranks := make([]float64, len(d))
		for i, x := range d {
			for _, y := range d {
				if math.Abs(y) < math.Abs(x) {
					ranks[i]++
				} else if math.Abs(y) == math.Abs(x) {
					ranks[i] += 0.5
				}
			}
			ranks[i] += 0.5
		}
		distance := func(positive func(i int) bool) (s float64) {
			for i, x := range d {
				if x == 0 {
					continue
				}
				if positive(i) {
					s += ranks[i]
				} else {
					s -= ranks[i]
				}
			}
			return math.Abs(s)
		}
		observed := distance(func(i int) bool { return d[i] > 0 })
		far := 0
		for set := range uint(1) << len(d) {
			if distance(func(i int) bool { return set>>i&1 == 1 }) >= observed-1e-9 {
				far++
			}
		}
		if p, want := WilcoxonSignedRank(d), math.Ldexp(float64(far), -len(d)); !near(p, want) {
			t.Fatalf("%v: p = %v, all signs say %v", d, p, want)
		}
	}
}

// The exact distribution and its normal approximation meet where the one ends.
func TestTheApproximationTakesOver(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	var a, b, d []float64
	for range MaxExactMannWhitney / 2 {
		a, b = append(a, r.NormFloat64()), append(b, r.NormFloat64()+0.3)
	}
	exact, approximate := MannWhitney(a, b), MannWhitney(append(a, 0.1), b)
	if math.Abs(exact-approximate) > 0.01 || exact > 0.2 {
		t.Errorf("Mann-Whitney: %v exactly, %v with one more", exact, approximate)
	}
	within, _ := HodgesLehmannInterval(a, b, 0.95)
	beyond, ok := HodgesLehmannInterval(append(a, 0.1), b, 0.95)
	if math.Abs(within.Low-beyond.Low) > 0.02 || math.Abs(within.High-beyond.High) > 0.02 || !ok {
		t.Errorf("interval: %v exactly, %v with one more", within, beyond)
	}
	for range MaxExactWilcoxon {
		d = append(d, r.NormFloat64()+0.1)
	}
	if exact, approximate := WilcoxonSignedRank(d), WilcoxonSignedRank(append(d, 0.01)); math.Abs(exact-approximate) > 0.01 || exact > 0.5 {
		t.Errorf("Wilcoxon: %v exactly, %v with one more", exact, approximate)
	}
}

// Few values beside many: the approximation would say 0.015 of 2 and 199 without
// overlap, where 2 of choose(201, 2) ways are as far apart.
func TestFewBesideManyAreExact(t *testing.T) {
	for _, c := range [][2]int{{2, 199}, {3, 400}, {6, 2000}, {8, 4000}, {1, 30000}} {
		var low, high []float64
		for i := range c[0] {
			low = append(low, float64(i))
		}
		for i := range c[1] {
			high = append(high, 100+float64(i))
		}
		p, least := MannWhitney(low, high), MinMannWhitney(c[0], c[1])
		if exact := exactMannWhitney(c[0], c[1]); exact && math.Abs(p/least-1) > 1e-9 || p < least*(1-1e-9) || exact == (c[1] > 2000) {
			t.Errorf("%v: p = %v, at least %v", c, p, least)
		}
		if k := MannWhitneyOrder(c[0], c[1], 1-least/2); c[1] <= 2000 && k != 0 {
			t.Errorf("%v: an interval from %d that the test would not make", c, k)
		}
	}
}

// Figures with one decimal have differences with one: 0.1 five times, and 0.
func TestDifferencesAreTiedAsDecimals(t *testing.T) {
	a, b := []float64{2, 3, 0.3, 0.1, 1e9, 1e-9, 0.1 + 0.2, 1e300, 0}, []float64{2.1, 3.1, 0.4, 0.2, 1e9 + 0.1, 1.1e-9, 0.3, 3e300, 1e-310}
	want := []float64{0.1, 0.1, 0.1, 0.1, 0.1, 1e-10, 0, 2e300, 1e-310}
	if d := Differences(a, b); !slices.Equal(d, want) {
		t.Errorf("%v, want %v", d, want)
	}
	ranks, _ := doubledMidranks(Differences(a[:5], b[:5]))
	if !slices.Equal(ranks, []int{6, 6, 6, 6, 6}) {
		t.Errorf("ranks %v", ranks)
	}
}

// The smallest p that can be reached are those of data without any overlap. 2 of
// choose(200, 100) are 2.2087606931995156e-59 in R.
func TestSmallestP(t *testing.T) {
	for n, want := range map[int][2]float64{3: {0.1, 0.25}, 4: {0.02857142857142857, 0.125}, 5: {0.007936507936507936, 0.0625}, 6: {0.0021645021645021645, 0.03125},
		7: {0.0005827505827505828, 0.015625}, 8: {0.0001554001554001554, 0.0078125}, 10: {1.082508822446903e-05, 0.001953125}} {
		var low, high []float64
		for i := range n {
			low, high = append(low, float64(i)), append(high, 1000+2*float64(i))
		}
		for name, pair := range map[string][2]float64{
			"MinMannWhitney": {MinMannWhitney(n, n), want[0]}, "MannWhitney": {MannWhitney(low, high), want[0]},
			"MinWilcoxon": {MinWilcoxon(n), want[1]}, "Wilcoxon": {WilcoxonSignedRank(high), want[1]},
		} {
			if !near(pair[0], pair[1]) {
				t.Errorf("%s of %d: %v, want %v", name, n, pair[0], pair[1])
			}
		}
	}
	if p := MinMannWhitney(100, 100); math.Abs(p/2.2087606931995156e-59-1) > 1e-9 {
		t.Errorf("100 and 100: %v", p)
	}
	if MinMannWhitney(0, 5) != 1 || MinWilcoxon(0) != 1 || MannWhitney(nil, []float64{1}) != 1 || WilcoxonSignedRank(nil) != 1 {
		t.Error("no values can show nothing")
	}
}

// From R 4.2.2: p.adjust(p, "holm").
func TestHolmIsThatOfR(t *testing.T) {
	for _, c := range [][2][]float64{
		{{0.01, 0.04, 0.03, 0.005, 0.5, 0.04}, {0.05, 0.12, 0.12, 0.03, 0.5, 0.12}},
		{{0.2, 0.9, 0.9}, {0.6, 1, 1}},
		{{}, {}},
	} {
		if got := Holm(c[0]); !slices.EqualFunc(got, c[1], near) {
			t.Errorf("Holm(%v) = %v, R says %v", c[0], got, c[1])
		}
	}
}

// The interval is what the test does not reject.
func TestTheIntervalIsTheTestInverted(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for range 40 {
		n, m := 5+r.IntN(6), 5+r.IntN(6)
		a, b := make([]float64, n), make([]float64, m)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		for i := range b {
			b[i] = r.ExpFloat64()
		}
		of := func(shift float64) float64 {
			moved := make([]float64, m)
			for i := range b {
				moved[i] = b[i] - shift
			}
			return MannWhitney(a, moved)
		}
		i, ok := HodgesLehmannInterval(a, b, 0.95)
		if !ok || of(i.Low-1e-9) > 0.05 || of(i.Low+1e-9) <= 0.05 || of(i.High+1e-9) > 0.05 || of(i.High-1e-9) <= 0.05 {
			t.Fatalf("%v, %v: interval %v", a, b, i)
		}
	}
	if _, ok := HodgesLehmannInterval([]float64{1, 2, 3}, []float64{1, 2, 3}, 0.95); ok {
		t.Error("3 and 3 values have an interval")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}, {[]float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64}} {
		before := fmt.Sprint(c.x)
		if got := Median(c.x); got != c.want || fmt.Sprint(c.x) != before {
			t.Errorf("Median(%v) = %v", c.x, got)
		}
	}
	if !math.IsNaN(Median(nil)) || !math.IsNaN(HodgesLehmann(nil, []float64{1})) {
		t.Error("nothing has a median")
	}
}
