package document

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestCriteriaHaveDefaults(t *testing.T) {
	half, skew := 0.5, Duration(time.Second)
	c := Criteria{MinRate: &half, MaxStartSkew: &skew}.WithDefaults()
	if *c.MinRate != 0.5 || *c.MaxStartSkew != skew || *c.MaxErrors != DefaultMaxErrors || *c.MaxLateness != DefaultMaxLateness || *c.MaxGeneratorCPU != DefaultMaxGeneratorCPU {
		t.Errorf("%+v", c)
	}
	if d := (Criteria{}).WithDefaults(); *d.MinRate != DefaultMinRate || *d.MaxStartSkew != DefaultMaxStartSkew {
		t.Errorf("%+v", d)
	}
}

func TestLatenessBound(t *testing.T) {
	whole := 1.0
	for _, c := range []struct {
		criteria     Criteria
		median, want float64
	}{{Criteria{}, 0.1, 2}, {Criteria{}, 4, 2}, {Criteria{}, 40, 20}, {Criteria{MaxLateness: &whole}, 40, 40}} {
		if got := c.criteria.LatenessBound(c.median); got != c.want {
			t.Errorf("median %g ms: %g ms, want %g ms", c.median, got, c.want)
		}
	}
}

// The guide has the defaults that are in force, written as a Test writes them.
func TestTheGuideHasTheDefaults(t *testing.T) {
	raw, err := os.ReadFile("../../../docs/validity.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("| at least %g %% | `minRate: %.2f` |", 100*DefaultMinRate, DefaultMinRate),
		fmt.Sprintf("| at most %g %% | `maxErrors: %.2f` |", 100*DefaultMaxErrors, DefaultMaxErrors),
		fmt.Sprintf("| at most %g %%, or %g ms if that is more | `maxLateness: %.2f` |", 100*DefaultMaxLateness, LatenessFloor, DefaultMaxLateness),
		fmt.Sprintf("| at most %g %% | `maxGeneratorCPU: %.2f` |", 100*DefaultMaxGeneratorCPU, DefaultMaxGeneratorCPU),
		fmt.Sprintf("| at most 50 ms | `maxStartSkew: %s` |", DefaultMaxStartSkew),
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("docs/validity.md lacks %q", want)
		}
	}
}
