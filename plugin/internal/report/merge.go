package report

import (
	"math"
	"slices"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// times is one of the latencies of a Result.
type times struct {
	name    string
	encoded func(document.Histograms) string
	summary func(document.Latency) *document.Summary
}

var (
	responseTimes = times{"response", func(h document.Histograms) string { return h.ResponseTime }, func(l document.Latency) *document.Summary { return l.ResponseTime }}
	serviceTimes  = times{"service", func(h document.Histograms) string { return h.ServiceTime }, func(l document.Latency) *document.Summary { return l.ServiceTime }}
	lateness      = times{"lateness", func(h document.Histograms) string { return h.Lateness }, func(l document.Latency) *document.Summary { return l.Lateness }}
	connectTimes  = times{"connect", func(h document.Histograms) string { return h.ConnectTime }, func(l document.Latency) *document.Summary { return l.ConnectTime }}
	errorTimes    = times{"errors", func(h document.Histograms) string { return h.ErrorTime }, func(l document.Latency) *document.Summary { return l.ErrorTime }}
)

func ms(nanoseconds float64) float64 { return nanoseconds / 1e6 }

// quantile is that of h in milliseconds; nil with too few requests.
func quantile(h *histogram.Histogram, q float64) *float64 {
	d, ok := h.Quantile(q)
	if !ok {
		return nil
	}
	v := ms(float64(d))
	return &v
}

// curvePoints are as many points of a curve as a screen shows.
const curvePoints = 160

// curve is a histogram by percentile, evenly on the scale of nines, up to the last
// percentile that enough requests are behind.
func curve(h *histogram.Histogram) []chart.Point {
	if h.Count() == 0 {
		return nil
	}
	// Not from 0 on: the one fastest request would take most of the scale's room.
	quantiles := append([]float64{0.01}, chart.Quantiles[1:]...)
	for i := 1; i < curvePoints; i++ {
		quantiles = append(quantiles, 1-math.Pow(10, -5*float64(i)/curvePoints))
	}
	slices.Sort(quantiles)
	var points []chart.Point
	for _, q := range slices.Compact(quantiles) {
		if v := quantile(h, q); v != nil {
			points = append(points, chart.Point{X: q, Y: *v})
		}
	}
	return straightened(points)
}

// straightened leaves out what lies within a level stretch: a few values make a
// curve of steps.
func straightened(points []chart.Point) []chart.Point {
	marks := func(q float64) bool { return slices.Contains(chart.Quantiles, q) }
	var out []chart.Point
	for i, p := range points {
		inside := i > 0 && i+1 < len(points) && points[i-1].Y == p.Y && points[i+1].Y == p.Y
		if !inside || marks(p.X) {
			out = append(out, p)
		}
	}
	return out
}

// medianInterval is the interval of the median that holds it with a confidence of
// at least 95 %: the k-th least and the k-th greatest value, for the greatest k
// with P(fewer than k of n coins show heads) <= 2.5 %. nil with fewer than six
// values, for which no such k is.
func medianInterval(values []float64) (low, high *float64) {
	n := len(values)
	k, below := 0, coins(n, 0)
	for below <= 0.025 && 2*(k+1) <= n {
		k++
		below += coins(n, k)
	}
	if k == 0 {
		return nil, nil
	}
	sorted := slices.Sorted(slices.Values(values))
	return &sorted[k-1], &sorted[n-k]
}

// coins is the probability that k of n coins show heads. It is reckoned in logarithms:
// half to the power of 1,075 is 0 in a float64.
func coins(n, k int) float64 {
	log := func(of int) float64 { // of its factorial
		v, _ := math.Lgamma(float64(of) + 1)
		return v
	}
	return math.Exp(log(n) - log(k) - log(n-k) - float64(n)*math.Ln2)
}
