package findmax

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
)

// capacity is a target that keeps rates up to it, and what it was asked.
type capacity struct {
	rate float64
	// disturbed are the numbers of the steps that fail whatever the rate.
	disturbed map[int]bool
	// lasting is what is kept in a long run.
	lasting float64
	steps   []Step
}

func (c *capacity) try(_ context.Context, s Step) (Outcome, error) {
	c.steps = append(c.steps, s)
	most := c.rate
	if s.Confirm && c.lasting > 0 {
		most = c.lasting
	}
	return Outcome{Kept: s.Rate <= most && !c.disturbed[s.Number], Why: "too slow"}, nil
}

func TestSearchFindsTheCapacity(t *testing.T) {
	for _, rate := range []float64{3, 10, 99.5, 100, 101, 1234, 54321, 1e6} {
		c := &capacity{rate: rate}
		got, err := Search(t.Context(), Config{Start: 100, Most: 1e7, Precision: 0.02, Try: c.try})
		if err != nil {
			t.Fatal(err)
		}
		if got > rate || got < rate/1.03 {
			t.Errorf("found %g, the capacity is %g", got, rate)
		}
		last := c.steps[len(c.steps)-1]
		if !last.Confirm || last.Rate != got || len(c.steps) > 40 {
			t.Errorf("capacity %g: %d steps, the last is %+v", rate, len(c.steps), last)
		}
	}
}

func TestADisturbanceDoesNotDecide(t *testing.T) {
	for n := 1; n < 16; n++ {
		c := &capacity{rate: 1500, disturbed: map[int]bool{n: true}}
		got, err := Search(t.Context(), Config{Start: 100, Most: 1e6, Precision: 0.02, Try: c.try})
		if err != nil || got > 1500 || got < 1400 {
			t.Errorf("step %d disturbed: %g, %v", n, got, err)
		}
	}
}

func TestTheLongerRunHasTheLastWord(t *testing.T) {
	c := &capacity{rate: 1000, lasting: 965}
	got, err := Search(t.Context(), Config{Start: 10, Most: 1e6, Precision: 0.02, Try: c.try})
	if err != nil || got > 965 || got < 930 {
		t.Errorf("%g, %v", got, err)
	}
	c = &capacity{rate: 1000, lasting: 1}
	if _, err = Search(t.Context(), Config{Start: 10, Most: 1e6, Precision: 0.02, Try: c.try}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func TestSearchHasBounds(t *testing.T) {
	c := &capacity{rate: math.Inf(1)}
	if got, err := Search(t.Context(), Config{Start: 100, Most: 750, Precision: 0.02, Try: c.try}); err != nil || got != 750 {
		t.Errorf("%g, %v; want the most that may be tried", got, err)
	}
	c = &capacity{}
	if _, err := Search(t.Context(), Config{Start: 100, Most: 750, Precision: 0.02, Try: c.try}); !errors.Is(err, ErrNone) || len(c.steps) > 16 {
		t.Errorf("%v after %d steps", err, len(c.steps))
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
}
