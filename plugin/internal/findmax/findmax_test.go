package findmax

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// capacity is a target that keeps rates up to it, and what it was asked.
type capacity struct {
	rate float64
	// measurable is the highest rate that the generator can send; 0 is any.
	measurable float64
	// disturbed is what comes of single steps, whatever their rate.
	disturbed map[int]Verdict
	// lasting is what is kept in a long run.
	lasting float64
	// lastingMeasurable is the generator's limit in a long run.
	lastingMeasurable float64
	steps             []Step
}

func (c *capacity) try(_ context.Context, s Step) (Outcome, error) {
	c.steps = append(c.steps, s)
	most, measurable := c.rate, c.measurable
	if s.Confirm && c.lasting > 0 {
		most = c.lasting
	}
	if s.Confirm && c.lastingMeasurable > 0 {
		measurable = c.lastingMeasurable
	}
	if v, ok := c.disturbed[s.Number]; ok {
		return Outcome{Verdict: v, Why: "disturbed"}, nil
	}
	switch {
	case measurable > 0 && s.Rate > measurable:
		return Outcome{Verdict: Unknown, Why: fmt.Sprintf("late at %g", s.Rate), Overload: true}, nil
	case s.Rate > most:
		return Outcome{Verdict: Broken, Why: fmt.Sprintf("slow at %g", s.Rate)}, nil
	}
	return Outcome{Verdict: Kept}, nil
}

func (c *capacity) search(t *testing.T, start, most float64) (Found, error) {
	t.Helper()
	return Search(t.Context(), Config{Start: start, Most: most, Precision: 0.02, Try: c.try})
}

// last is the rate of the last step, and how often it was tried in a row.
func (c *capacity) last() (rate float64, times int) {
	rate = c.steps[len(c.steps)-1].Rate
	for i := len(c.steps) - 1; i >= 0 && c.steps[i].Rate == rate; i-- {
		times++
	}
	return rate, times
}

func TestSearchFindsTheCapacity(t *testing.T) {
	for _, rate := range []float64{3, 10, 99.5, 100, 101, 1234, 54321, 1e6} {
		c := &capacity{rate: rate}
		f, err := c.search(t, 100, 1e7)
		if err != nil {
			t.Fatal(err)
		}
		if f.Rate > rate || f.Rate < rate/1.03 {
			t.Errorf("found %g, the capacity is %g", f.Rate, rate)
		}
		if f.Above <= rate || f.Above > f.Rate*1.021 || f.Limit.Verdict != Broken || f.Limit.Why != fmt.Sprintf("slow at %g", f.Above) {
			t.Errorf("found %g, above it %g: %+v", f.Rate, f.Above, f.Limit)
		}
		last := c.steps[len(c.steps)-1]
		if !last.Confirm || last.Rate != f.Rate || len(c.steps) > 40 {
			t.Errorf("capacity %g: %d steps, the last is %+v", rate, len(c.steps), last)
		}
	}
}

func TestTheGeneratorIsTheLimit(t *testing.T) {
	for _, rate := range []float64{3, 99.5, 100, 101, 1234} {
		c := &capacity{rate: 2000, measurable: rate}
		f, err := c.search(t, 100, 1e7)
		if err != nil {
			t.Fatal(err)
		}
		if f.Rate > rate || f.Rate < rate/1.03 || f.Above <= rate || f.Limit.Verdict != Unknown || !f.Limit.Overload || f.Limit.Why != fmt.Sprintf("late at %g", f.Above) {
			t.Errorf("measurable up to %g: %+v", rate, f)
		}
	}
	// The target is the limit, and higher rates could not be measured either.
	c := &capacity{rate: 900, measurable: 1500}
	if f, err := c.search(t, 100, 1e7); err != nil || f.Rate > 900 || f.Rate < 870 || f.Limit.Verdict != Broken {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestADisturbanceDoesNotDecide(t *testing.T) {
	for _, v := range []Verdict{Broken, Unknown} {
		for n := 1; n < 16; n++ {
			c := &capacity{rate: 1500, disturbed: map[int]Verdict{n: v}}
			f, err := c.search(t, 100, 1e6)
			if err != nil || f.Rate > 1500 || f.Rate < 1400 {
				t.Errorf("step %d is %d: %+v, %v", n, v, f, err)
			}
		}
	}
	// Two steps in a row say nothing, the third is kept.
	c := &capacity{rate: 1500, disturbed: map[int]Verdict{3: Unknown, 4: Unknown}}
	if f, err := c.search(t, 100, 1e6); err != nil || f.Rate < 1450 {
		t.Errorf("%+v, %v", f, err)
	}
	// The confirming run is disturbed.
	c = &capacity{rate: 800}
	if _, err := c.search(t, 100, 800); err != nil {
		t.Fatal(err)
	}
	c = &capacity{rate: 800, disturbed: map[int]Verdict{len(c.steps): Broken}}
	if f, err := c.search(t, 100, 800); err != nil || f.Rate != 800 {
		t.Errorf("%+v, %v; want 800 in spite of the disturbance", f, err)
	}
	// Of two that say it is not kept, neither is taken back by one that says nothing.
	c = &capacity{rate: 1500, disturbed: map[int]Verdict{2: Broken, 3: Unknown, 4: Broken}}
	if f, err := c.search(t, 100, 1e6); err != nil || f.Rate >= 200 || f.Limit.Verdict != Broken {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestTheLongerRunHasTheLastWord(t *testing.T) {
	c := &capacity{rate: 1000, lasting: 965}
	f, err := c.search(t, 10, 1e6)
	if err != nil || f.Rate > 965 || f.Rate < 930 || f.Above <= 965 || f.Above > f.Rate*1.021 || !strings.HasPrefix(f.Limit.Why, "slow") {
		t.Errorf("%+v, %v", f, err)
	}
	c = &capacity{rate: 1000, lastingMeasurable: 965}
	if f, err = c.search(t, 10, 1e6); err != nil || f.Rate > 965 || f.Rate < 930 || f.Limit.Verdict != Unknown {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestSearchHasBounds(t *testing.T) {
	c := &capacity{rate: math.Inf(1)}
	if f, err := c.search(t, 100, 750); err != nil || f != (Found{Rate: 750}) {
		t.Errorf("%+v, %v; want the most that may be tried, and nothing above", f, err)
	}
	broken := errors.New("broken")
	if _, err := Search(t.Context(), Config{Start: 1, Most: 2, Try: func(context.Context, Step) (Outcome, error) { return Outcome{}, fmt.Errorf("step: %w", broken) }}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Search(ctx, Config{Start: 1, Most: 2, Try: c.try}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	for start, bound := range map[float64]float64{0.01: 0.001, 0.0013: 0.001, 100: 30, 0.001: 0.001, 50: 2.888888888888889, 500: 136.96296} {
		c := &capacity{}
		least := math.Ceil(bound*1000) / 1000 // four digits
		if bound > 100 {
			least = 137
		}
		if _, err := Search(t.Context(), Config{Start: start, Least: bound, Most: 1e6, Precision: 0.02, Try: c.try}); !errors.Is(err, ErrNone) {
			t.Errorf("%v", err)
		}
		if rate, _ := c.last(); rate != least {
			t.Errorf("from %g, the last rate tried is %g, want %g", start, rate, least)
		}
	}
}

// Every error names the last rate that was tried, as a person writes it.
func TestNothingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		target *capacity
		want   error
		steps  int // at most
		times  int // the last rate was tried
	}{
		"never kept":            {&capacity{}, ErrNone, 16, 2},
		"never measurable":      {&capacity{rate: 1e9, measurable: 1e-9}, ErrUnknown, 24, 3},
		"broken, then unknown":  {&capacity{disturbed: verdicts(Broken, 2, Unknown, 30)}, ErrUnknown, 5, 3},
		"unknown whatever":      {&capacity{disturbed: verdicts(Unknown, 30)}, ErrUnknown, 3, 3},
		"never kept for long":   {&capacity{rate: 402, lasting: 1}, ErrNone, 30, 2},
		"never known for long":  {&capacity{rate: 402, lastingMeasurable: 1}, ErrUnknown, 40, 3},
		"not kept near to zero": {&capacity{rate: 99, lasting: 1e-9}, ErrNone, 30, 2},
	} {
		_, err := c.target.search(t, 100, 1e6)
		rate, times := c.target.last()
		if !errors.Is(err, c.want) || len(c.target.steps) > c.steps || times != c.times {
			t.Errorf("%s: %v after %d steps, the last %d at %g", name, err, len(c.target.steps), times, rate)
		}
		text := fmt.Sprintf(" down to %g rps: ", rate)
		if err != nil && (!strings.Contains(err.Error(), text) || len(strconv.FormatFloat(rate, 'g', -1, 64)) > 7) {
			t.Errorf("%s: %v does not say %q", name, err, text)
		}
		if name == "broken, then unknown" && !strings.HasSuffix(err.Error(), "; at a higher rate: disturbed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// verdicts numbers steps: so many of one, then so many of the next.
func verdicts(pairs ...any) map[int]Verdict {
	m := map[int]Verdict{}
	for i := 0; i < len(pairs); i += 2 {
		for range pairs[i+1].(int) {
			m[len(m)+1] = pairs[i].(Verdict)
		}
	}
	return m
}

func TestRounded(t *testing.T) {
	for rate, want := range map[float64]string{
		362.3999: "362.4", 0.0010416: "0.001042", 99.996: "100", 123456: "123500", 1: "1", 1562.5e-3: "1.563", 9.9999e6: "10000000", 70.7106: "70.71",
	} {
		if got := strconv.FormatFloat(rounded(rate), 'f', -1, 64); got != want {
			t.Errorf("%g: %s, want %s", rate, got, want)
		}
	}
	for i := range 5000 {
		rate := math.Exp(float64(i)/5000*23 - 7)
		if text := strings.Trim(strings.Replace(strconv.FormatFloat(rounded(rate), 'f', -1, 64), ".", "", 1), "0"); len(text) > 4 {
			t.Errorf("%g has the digits %s", rate, text)
		}
	}
}
