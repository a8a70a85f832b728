package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// Unit is what an axis counts, as the documents name it.
type Unit string

// The units with scales of their own; any other stands beside plain numbers.
const (
	Milliseconds Unit = "ms"
	Bytes        Unit = "bytes"
)

// scaled is the unit that fits figures up to most, and how many of u it is.
func (u Unit) scaled(most float64) (name string, factor float64) {
	most = math.Abs(most)
	switch {
	case u == Milliseconds && most < 1:
		return "µs", 1e-3
	case u == Milliseconds && most >= 2000:
		return "s", 1000
	case u == Bytes:
		name, factor = "B", 1
		for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
			if most < 2*1024*factor {
				break
			}
			name, factor = next, factor*1024
		}
		return name, factor
	}
	return string(u), 1
}

// maxTicks is more than an axis ever has.
const maxTicks = 50

// linear sets a straight axis that holds low to high and ends on ticks, about so
// many, and returns the unit that its numbers are in.
func linear(a *plot.Axis, u Unit, low, high float64, about int) string {
	name, factor := u.scaled(max(math.Abs(low), math.Abs(high)))
	low, high = low/factor, high/factor
	// One value, or values so near that the numbers of ticks do not tell them apart.
	if !(high-low > 1e-7*max(math.Abs(low), math.Abs(high))) {
		pad := max(math.Abs(low)*0.05, 0.5)
		// Of what is never negative there is nothing to show below 0.
		if low < 0 || low > pad {
			low -= pad
		} else {
			low = 0
		}
		high += pad
	}
	step := niceStep((high - low) / float64(about))
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	var ticks []plot.Tick
	for n := range maxTicks {
		i := first + float64(n)
		if i > last {
			break
		}
		ticks = append(ticks, plot.Tick{Value: i * step * factor, Label: plain(i * step)})
	}
	a.Min, a.Max = first*step*factor, last*step*factor
	a.Tick.Marker = plot.ConstantTicks(ticks)
	return name
}

// niceStep is the least of 1, 2, 2.5 and 5 times a power of ten that is not below
// least.
func niceStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*power >= least*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// logarithmic sets a logarithmic axis of milliseconds that holds low to high, both
// above 0. Its ticks have units of their own.
func logarithmic(a *plot.Axis, low, high float64) {
	steps := []float64{1, 2, 5}
	if math.Log10(high/low) > 3 {
		steps = []float64{1}
	}
	var values []float64
	for e := math.Floor(math.Log10(low)); e <= math.Ceil(math.Log10(high)); e++ {
		for _, s := range steps {
			values = append(values, s*math.Pow(10, e))
		}
	}
	first, last := 0, len(values)-1
	for first+1 < len(values) && values[first+1] <= low*(1+1e-9) {
		first++
	}
	for last > first+1 && values[last-1] >= high*(1-1e-9) {
		last--
	}
	var ticks []plot.Tick
	for _, v := range values[first : last+1] {
		name, factor := Milliseconds.scaled(v)
		if v >= 1000*(1-1e-9) {
			name, factor = "s", 1000
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: plain(v/factor) + " " + name})
	}
	a.Min, a.Max = values[first], values[last]
	a.Scale, a.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(ticks)
}

// plain writes a tick's number without digits that say nothing.
func plain(v float64) string {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 9, 64), 64)
	s := strconv.FormatFloat(math.Abs(v), 'f', -1, 64)
	whole := len(s)
	for i := range s {
		if s[i] == '.' {
			whole = i
		}
	}
	for i := whole - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if v < 0 {
		s = "−" + s
	}
	return s
}
