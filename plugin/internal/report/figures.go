package report

import (
	"math"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// none stands where there is no figure.
const none = "–"

// The units of figures, as document.MetricComparison has them.
const (
	milliseconds  = "ms"
	perSecond     = "requests/s"
	percent       = "%"
	coreSeconds   = "core-s/1000"
	bytesOfMemory = "bytes"
)

// figure is v with its unit.
func figure(unit string, v float64) string {
	switch unit {
	case milliseconds:
		return printer.Latency(v)
	case perSecond:
		return printer.Rate(v) + " rps"
	case percent:
		return printer.Percent(v / 100)
	case coreSeconds:
		return printer.Significant(v, 3) + " core-s"
	case bytesOfMemory:
		return printer.Bytes(int64(v))
	case "":
		return printer.Significant(v, 3)
	}
	return printer.Significant(v, 3) + " " + unit
}

// figureOf is figure, or none.
func figureOf(unit string, v *float64) string {
	if v == nil || math.IsNaN(*v) {
		return none
	}
	return figure(unit, *v)
}

// change is an estimate with its interval, all three in the unit of the figures that
// it is a change of, the greatest of which is of, and with as many decimals:
// "+0.51 ms (+0.44 … +0.57)". A decimal more than those figures have is enough.
func change(unit string, e *document.Estimate, of float64) string {
	if e == nil {
		return none
	}
	most := max(math.Abs(e.Value), math.Abs(e.Low), math.Abs(e.High))
	name, factor := changeUnit(unit, max(most, of))
	decimals := min(decimalsOf(most/factor), decimalsOf(max(most, of)/factor)+1)
	write := func(v float64) string { return signed(v/factor, decimals) }
	return write(e.Value) + " " + name + " (" + write(e.Low) + " … " + write(e.High) + ")"
}

// relative is e as a share of the other side with its interval, in percent; "" where
// that is not known.
func relative(e *document.Estimate) string {
	value, low, high, ok := shares(e)
	if !ok {
		return ""
	}
	decimals := min(1, decimalsOf(max(math.Abs(value), math.Abs(low), math.Abs(high))))
	return signed(value, decimals) + " % (" + signed(low, decimals) + " … " + signed(high, decimals) + ")"
}

// shares are e and its interval in percent of the other side's figure.
func shares(e *document.Estimate) (value, low, high float64, ok bool) {
	if e == nil || e.Relative == nil || e.Value == 0 {
		if e != nil && e.Relative != nil && e.Low == 0 && e.High == 0 {
			return 0, 0, 0, true
		}
		return 0, 0, 0, false
	}
	per := *e.Relative / e.Value * 100
	value, low, high = *e.Relative*100, e.Low*per, e.High*per
	return value, min(low, high), max(low, high), !math.IsNaN(per) && !math.IsInf(per, 0)
}

func changeUnit(unit string, most float64) (name string, factor float64) {
	switch {
	case unit == milliseconds && most < 1:
		return "µs", 1e-3
	case unit == milliseconds && most >= 1000:
		return "s", 1000
	case unit == perSecond:
		return "rps", 1
	case unit == coreSeconds:
		return "core-s", 1
	case unit == percent:
		return "points", 1 // of a hundred: a difference of shares
	case unit == bytesOfMemory:
		name, factor = "B", 1
		for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
			if most < 1000*factor {
				break
			}
			name, factor = next, factor*1024
		}
		return name, factor
	}
	return unit, 1
}

// decimalsOf is how many decimals give most three significant digits.
func decimalsOf(most float64) int {
	if most == 0 {
		return 0
	}
	return min(9, max(0, 2-int(math.Floor(math.Log10(most)+1e-12))))
}

// signed is v with so many decimals and its sign.
func signed(v float64, decimals int) string {
	scale := math.Pow(10, float64(decimals))
	v = math.Round(v*scale) / scale
	sign := "+"
	switch {
	case v < 0:
		sign = "−"
	case v == 0:
		sign = "±"
	}
	if v == 0 {
		if decimals == 0 {
			return sign + "0"
		}
		return sign + "0." + strings.Repeat("0", decimals)
	}
	v = math.Abs(v)
	return sign + printer.Significant(v, max(1, decimals+1+int(math.Floor(math.Log10(v)+1e-12))))
}

// metricLabels are the words for the paths of figures in a Result.
var metricLabels = []struct{ path, words string }{
	{"responseTime", "response"}, {"serviceTime", "service"}, {"lateness", "lateness"}, {"connectTime", "connect"},
	{"errorTime", "errors"}, {"rate.achieved", "rate"},
}

// metricLabel is a path in words: "responseTime.p999" is "response p99.9".
func metricLabel(path string) string {
	for _, l := range metricLabels {
		if path == l.path {
			return l.words
		}
		if rest, ok := strings.CutPrefix(path, l.path+"."); ok {
			return l.words + " " + lastWords(rest)
		}
	}
	if rest, ok := strings.CutPrefix(path, "cpu."); ok {
		return lastWords(rest) + " CPU"
	}
	if rest, ok := strings.CutPrefix(path, "memory."); ok {
		return lastWords(rest) + " memory"
	}
	return path
}

// lastWords is the last part of a path in words.
func lastWords(name string) string {
	switch name {
	case "p999":
		return "p99.9"
	case "p9999":
		return "p99.99"
	case "dataPlane":
		return "data plane"
	case "controlPlane":
		return "control plane"
	case "node":
		return "whole nodes'"
	}
	return name
}
