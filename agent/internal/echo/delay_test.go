package echo

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func parsed(t *testing.T, s string) Delay {
	t.Helper()
	d, err := ParseDelay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestQuantiles: 2 ms * exp(0.5 * z), with z of another implementation.
func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		delay string
		p     float64
		want  time.Duration
	}{
		{"5ms", 0.5, 5 * time.Millisecond},
		{"5ms", 0.999, 5 * time.Millisecond},
		{"lognormal(2ms,0.5)", 0.5, 2 * time.Millisecond},
		{"lognormal(2ms,0.5)", 0.9, 3795905 * time.Nanosecond},
		{"lognormal(2ms,0.5)", 0.99, 6400148 * time.Nanosecond},
		{"lognormal(2ms,0.5)", 0.999, 9377032 * time.Nanosecond},
		{"lognormal(2ms,0)", 0.999, 2 * time.Millisecond},
		{"lognormal(1m,1)", 0.9, time.Minute}, // bounded
		{"bimodal(1ms,20ms,5%)", 0.9499, time.Millisecond},
		{"bimodal(1ms,20ms,5%)", 0.9501, 20 * time.Millisecond},
		{"bimodal(1ms,20ms,0)", 0.999, time.Millisecond},
		{"bimodal(1ms,20ms,1)", 0.001, 20 * time.Millisecond},
	} {
		got := parsed(t, c.delay).Quantile(c.p)
		if math.Abs(float64(got-c.want)) > 1e-5*float64(c.want) {
			t.Errorf("%s: quantile %v is %v, want %v", c.delay, c.p, got, c.want)
		}
	}
}

// TestPercentilesOfLognormalDelaysAreKnown: of any 10,000 in a row, and of every
// second, third or fifth of them, as one of several agents meets them.
func TestPercentilesOfLognormalDelaysAreKnown(t *testing.T) {
	for _, text := range []string{"lognormal(2ms,0.5)", "lognormal(10ms,1)"} {
		d := parsed(t, text)
		for _, first := range []uint64{1, 777, 1 << 40} {
			for _, step := range []uint64{1, 2, 3, 5, 8} {
				got := make([]time.Duration, 10_000)
				for i := range got {
					got[i] = d.at(first + uint64(i)*step)
				}
				slices.Sort(got)
				for _, p := range []float64{0.01, 0.5, 0.75, 0.9, 0.95, 0.99} {
					at, want := got[int(p*float64(len(got)))], d.Quantile(p)
					if off := math.Abs(float64(at-want)) / float64(want); off > 0.01 {
						t.Errorf("%s: from %d by %d: p%v is %v, want %v: off by %.2f %%", text, first, step, 100*p, at, want, 100*off)
					}
				}
			}
		}
	}
}

func TestShareOfSlowDelaysIsExact(t *testing.T) {
	for _, share := range []int{0, 1, 10_000, 333_333, 500_000, whole} {
		d := Delay{shape: bimodal, base: 1, slow: 2, share: share}
		slow := 0
		for n := 1; n <= 10_000; n++ {
			if d.at(uint64(n)) == d.slow {
				slow++
			}
			if want := (n*share + whole/2) / whole; slow != want {
				t.Fatalf("share %d: %d of the first %d are slow, want %d", share, slow, n, want)
			}
		}
	}
}

// TestSlowIsNotFailing: the same share of errors falls on other requests.
func TestSlowIsNotFailing(t *testing.T) {
	d := parsed(t, "bimodal(1ms,20ms,5%)")
	for n := uint64(1); n < 1000; n++ {
		if d.at(n) == d.slow && falls(n, d.share, 0) {
			t.Fatalf("request %d is slow and fails", n)
		}
	}
}

func TestDelaysAreRepeatable(t *testing.T) {
	var a, b delays
	d, other := parsed(t, "lognormal(2ms,0.5)"), parsed(t, "lognormal(2ms,0.6)")
	for range 1000 {
		b.next(other) // has a count of its own
		if x, y := a.next(d), b.next(d); x != y || x <= 0 || x > maxDelay {
			t.Fatalf("%v, then %v", x, y)
		}
	}
	if n := a.known.Load(); n != 1 {
		t.Errorf("%d counters, want 1", n)
	}
	if a.next(parsed(t, "5ms")); a.known.Load() != 1 {
		t.Error("a constant delay has a counter")
	}
}

func TestDelayRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                    `delay "" is not a time`,
		"lognormal":           `delay "lognormal" is not a time`,
		"lognormal(2ms,0.5":   "is not known: write",
		"lognormal(2ms)":      "is not known: write",
		"normal(2ms,0.5)":     "is not known: write",
		"bimodal(1ms,20ms)":   "is not known: write",
		"lognormal(2ms,0.5)x": "is not known: write",
		"lognormal(2,0.5)":    `median "2" is not a time between 0s and 1m`,
		"lognormal(61s,0.5)":  `median "61s" is not a time between 0s and 1m`,
		"lognormal(2ms,-1)":   `sigma "-1" is not a number between 0 and 4`,
		"lognormal(2ms,4.1)":  `sigma "4.1" is not`,
		"lognormal(2ms,NaN)":  `sigma "NaN" is not`,
		"bimodal(1ms,61s,5%)": `slow "61s" is not a time`,
		"bimodal(x,2ms,5%)":   `fast "x" is not a time`,
		"bimodal(2ms,1ms,5%)": `slow "1ms" is less than fast "2ms"`,
		"bimodal(1ms,2ms,5)":  `share "5" is not a share`,
		"bimodal(1ms,2ms,\n)": `share "\n" is not a share`,
	} {
		if _, err := ParseDelay(s); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want one line with %q", s, err, want)
		}
	}
}

// TestDelaysAreWaited: no answer comes before its delay.
func TestDelaysAreWaited(t *testing.T) {
	w := start(t, 0)
	for n, d := uint64(1), parsed(t, "bimodal(1ms,30ms,0.5)"); n <= 10; n++ {
		began := time.Now()
		call(t, http.MethodGet, w.url+"/?delay=bimodal(1ms,30ms,50%25)", nil)
		if took := time.Since(began); took < d.at(n) {
			t.Errorf("request %d took %v, want at least %v", n, took, d.at(n))
		}
	}
}
