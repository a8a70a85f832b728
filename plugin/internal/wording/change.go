package wording

import (
	"math"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Change is an estimate with its interval, all three in the unit of the figures that
// it is a change of, the greatest of which is of, and with as many decimals:
// "+0.51 ms (+0.44 … +0.57)". A decimal more than those figures have is enough.
func Change(unit string, e *document.Estimate, of float64) string {
	return changed(unit, e, of, false)
}

// ShortChange is Change for columns: without a unit that the name of the metric
// tells, and with two digits where three take more than two decimals.
func ShortChange(unit string, e *document.Estimate, of float64) string {
	return changed(unit, e, of, true)
}

func changed(unit string, e *document.Estimate, of float64, short bool) string {
	if e == nil {
		return None
	}
	most := max(math.Abs(e.Value), math.Abs(e.Low), math.Abs(e.High))
	name, factor := changeUnit(unit, max(most, of))
	if name != "" {
		name = " " + name
	}
	decimals := min(decimalsOf(most/factor), decimalsOf(max(most, of)/factor)+1)
	if short {
		switch unit {
		case CoreSeconds:
			name = ""
		case Percent:
			name, decimals = " pts", min(decimals, 3)
		}
		if decimals > 2 {
			decimals = min(decimals, max(2, decimalsOf(most/factor)-1))
		}
	}
	write := func(v float64) string { return signed(v/factor, decimals) }
	return write(e.Value) + name + " (" + write(e.Low) + " … " + write(e.High) + ")"
}

// Amount is a difference without its direction, such as the least that matters.
func Amount(unit string, v float64) string {
	name, factor := changeUnit(unit, v)
	return strings.TrimSpace(printer.Significant(v/factor, 3) + " " + name)
}

// Signed is a difference without its interval: "+0.510 ms".
func Signed(unit string, v float64) string {
	name, factor := changeUnit(unit, math.Abs(v))
	v /= factor
	return strings.TrimSpace(signed(v, decimalsOf(math.Abs(v))) + " " + name)
}

// Relative is e as a share of the other side with its interval, in percent; "" where
// that is not known.
func Relative(e *document.Estimate) string {
	value, low, high, ok := Shares(e)
	if !ok {
		return ""
	}
	decimals := min(1, decimalsOf(max(math.Abs(value), math.Abs(low), math.Abs(high))))
	return signed(value, decimals) + " % (" + signed(low, decimals) + " … " + signed(high, decimals) + ")"
}

// Share is a relative difference in percent, with its sign: "+18.9 %".
func Share(share float64) string {
	return signed(100*share, min(2, decimalsOf(100*math.Abs(share)))) + " %"
}

// Shares are e and its interval in percent of the other side's figure.
func Shares(e *document.Estimate) (value, low, high float64, ok bool) {
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
	case unit == Milliseconds && most < 1:
		return "µs", 1e-3
	case unit == Milliseconds && most >= 1000:
		return "s", 1000
	case unit == PerSecond:
		return "rps", 1
	case unit == CoreSeconds:
		return "core-s", 1
	case unit == Percent:
		return "points", 1 // of a hundred: a difference of shares
	case unit == Bytes:
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
