package compare

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Effect is the least difference that matters: the greater of a share of A's median
// and an absolute difference in the metric's unit.
type Effect struct {
	Relative float64 // of 1
	Absolute float64
}

func (e Effect) of(median float64) float64 {
	return max(e.Relative*math.Abs(median), e.Absolute)
}

// metric is one that is compared.
type metric struct {
	name, unit     string
	higherIsBetter bool
	effect         Effect
	// histogram and quantile where it is a percentile.
	histogram string
	quantile  float64
}

const (
	milliseconds = "ms"
	coreSeconds  = "core-s/1000"
	byteCount    = "bytes"
	mebibyte     = 1 << 20
)

// metrics in the order of a Comparison. Effects are what one would act upon, and more
// than what the measurement itself rounds: latencies are kept to 0.1 %, clocks and
// schedulers move them by some 0.01 ms.
var metrics = []metric{
	latency("responseTime.p50", 0.5), latency("responseTime.p90", 0.9), latency("responseTime.p99", 0.99), latency("responseTime.p999", 0.999),
	latency("serviceTime.p50", 0.5), latency("serviceTime.p99", 0.99),
	{name: "rate.achieved", unit: "requests/s", higherIsBetter: true, effect: Effect{Relative: 0.01}},
	{name: "errors", unit: "%", effect: Effect{Absolute: 0.1}},
	cpu("cpu.application"), cpu("cpu.dataPlane"), cpu("cpu.controlPlane"), cpu("cpu.node"),
	memory("memory.application"), memory("memory.dataPlane"), memory("memory.controlPlane"),
}

func latency(name string, q float64) metric {
	of, _, _ := strings.Cut(name, ".")
	return metric{name: name, unit: milliseconds, effect: Effect{Relative: 0.03, Absolute: 0.1}, histogram: of, quantile: q}
}

// cpu has a floor of 0.001 core-seconds per 1,000 requests, or 1 µs of a core each, below which other work on
// the node decides.
func cpu(name string) metric {
	return metric{name: name, unit: coreSeconds, effect: Effect{Relative: 0.03, Absolute: 0.001}}
}

func memory(name string) metric {
	return metric{name: name, unit: byteCount, effect: Effect{Relative: 0.03, Absolute: mebibyte}}
}

// optional metrics are of something that need not be there.
func optional(name string) bool {
	return strings.HasSuffix(name, ".dataPlane") || strings.HasSuffix(name, ".controlPlane")
}

// Names of all metrics, in the order of a Comparison.
func Names() []string {
	var all []string
	for _, m := range metrics {
		all = append(all, m.name)
	}
	return all
}

// wants tells that a metric is to be compared.
func (o Options) wants(name string) bool {
	return len(o.Metrics) == 0 || slices.Contains(o.Metrics, name)
}

// effect of a metric: that of its name, else of its group, else the default.
func (o Options) effect(m metric) Effect {
	group, _, _ := strings.Cut(m.name, ".")
	for _, name := range []string{m.name, group} {
		if e, ok := o.Effects[name]; ok {
			return e
		}
	}
	return m.effect
}

func (o Options) checkMetrics() error {
	names := Names()
	for _, name := range o.Metrics {
		if !slices.Contains(names, name) {
			return fmt.Errorf("metric %q is none of those that are compared: use %s", name, strings.Join(names, ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Effects)) {
		if !slices.ContainsFunc(names, func(n string) bool { return n == name || strings.HasPrefix(n, name+".") }) {
			return fmt.Errorf("effect of %q: that is no metric, and no group of them; use one of %s", name, strings.Join(names, ", "))
		}
		if e := o.Effects[name]; !(e.Relative >= 0 && e.Absolute >= 0) || math.IsInf(e.Relative+e.Absolute, 0) {
			return fmt.Errorf("effect of %q: %v of the median and %v are not both at least 0", name, e.Relative, e.Absolute)
		}
	}
	return nil
}
