package printer

import (
	"math"
	"strconv"
	"strings"
)

// Latency writes milliseconds with three significant digits and the unit that
// fits: "2.10 ms", "850 µs", "1.25 s".
func Latency(ms float64) string {
	// The unit follows the rounded value, so 999.96 ms is 1.00 s and not 1000 ms.
	switch v := rounded(ms, 3); {
	case v != 0 && math.Abs(v) < 1:
		return Significant(ms*1000, 3) + " µs"
	case math.Abs(v) >= 1000:
		return Significant(ms/1000, 3) + " s"
	}
	return Significant(ms, 3) + " ms"
}

// LatencyOf is Latency, or "-" for a percentile that too few calls back.
func LatencyOf(ms *float64) string {
	if ms == nil {
		return "-"
	}
	return Latency(*ms)
}

// Significant writes v with that many significant digits, never with an
// exponent, and with thousands separated: "0.410", "12,300".
func Significant(v float64, digits int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	v = rounded(v, digits)
	decimals := digits - 1
	if v != 0 {
		decimals -= int(math.Floor(math.Log10(math.Abs(v)) + 1e-12))
	}
	return separated(strconv.FormatFloat(v, 'f', max(0, decimals), 64))
}

func rounded(v float64, digits int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return r
}

// Rate writes calls per second with one decimal where it is not zero: "1,000",
// "333.3". More digits than three, for 999.9 is not 1,000; from 10,000 on the
// decimal would be noise.
func Rate(perSecond float64) string {
	if math.Abs(perSecond) >= 10000 {
		return separated(strconv.FormatFloat(perSecond, 'f', 0, 64))
	}
	return separated(strings.TrimSuffix(strconv.FormatFloat(perSecond, 'f', 1, 64), ".0"))
}

// Count writes a whole number with thousands separated: "60,000".
func Count(n int64) string { return separated(strconv.FormatInt(n, 10)) }

// Percent writes a share of 0 to 1 with three significant digits: "38.0 %",
// "0.250 %"; never 100 % for what is only nearly so.
func Percent(share float64) string {
	v := share * 100
	switch {
	case v == 0:
		return "0 %"
	case v < 100 && rounded(v, 3) >= 100:
		return ">99.9 %"
	}
	return Significant(v, 3) + " %"
}

// Bytes writes a size with three significant digits: "12.3 MiB".
func Bytes(n int64) string {
	v, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if math.Abs(v) < 1000 {
			break
		}
		v, unit = v/1024, next
	}
	if unit == "B" {
		return strconv.FormatInt(n, 10) + " B"
	}
	return Significant(v, 3) + " " + unit
}

// separated puts commas between the thousands of a decimal number.
func separated(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, found := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		whole += "." + fraction
	}
	return sign + whole
}
