//go:build linux

package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Values are one figure over the rounds.
type Values []float64

// Median is the middle value, or the mean of the two in the middle; NaN of none.
func (v Values) Median() float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// text is the median and, of several values, their range.
func (v Values) text(format func(float64) string) string {
	switch len(v) {
	case 0:
		return "–"
	case 1:
		return format(v[0])
	}
	return fmt.Sprintf("%s (%s to %s)", format(v.Median()), format(slices.Min(v)), format(slices.Max(v)))
}

// three writes a number with three significant digits, and thousands apart.
func three(f float64) string {
	switch a := math.Abs(f); {
	case math.IsNaN(f):
		return "–"
	case a == 0:
		return "0"
	case a < 1000:
		digits := max(0, 2-int(math.Floor(math.Log10(a))))
		return strconv.FormatFloat(f, 'f', min(digits, 4), 64)
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(f)))-2)
	return thousands(math.Round(f/unit) * unit)
}

func thousands(f float64) string {
	s := strconv.FormatFloat(f, 'f', 0, 64)
	var b strings.Builder
	for i, c := range s {
		if left := len(s) - i; i > 0 && left%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func ratio(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }

func micro(seconds float64) string { return three(seconds*1e6) + " µs" }

func millis(ms float64) string { return three(ms) + " ms" }

func mebibytes(bytes float64) string { return three(bytes/(1<<20)) + " MiB" }

func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 1, 64) + " %" }

// deviation is a percentage with its sign.
func deviation(share float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f %%", share*100), "-", "−", 1)
}
