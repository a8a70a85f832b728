package chart

import (
	"math"
	"strconv"
	"testing"
)

// The pages that charts are on.
const (
	white = "#ffffff"
	night = "#15181c"
)

// linearRGB is a colour's light, each part 0 to 1 (sRGB, IEC 61966-2-1).
func linearRGB(t *testing.T, hex string) [3]float64 {
	t.Helper()
	var out [3]float64
	for i := range out {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			out[i] = v / 12.92
		} else {
			out[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return out
}

// contrast is that of WCAG 2.2.
func contrast(t *testing.T, a, b string) float64 {
	luminance := func(hex string) float64 {
		c := linearRGB(t, hex)
		return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	check := func(name, light, dark string, least float64) {
		for page, hex := range map[string]string{white: light, night: dark} {
			if c := contrast(t, hex, page); c < least {
				t.Errorf("%s %s on %s has %.2f:1, want %.1f:1", name, hex, page, c, least)
			}
		}
	}
	for i, c := range palette {
		check(string(seriesPaint(i)), c.light, c.dark, 3) // graphics
	}
	for _, v := range verdicts {
		check(string(v.paint), v.light, v.dark, 4.5) // text, too
	}
	for _, n := range neutrals[:2] {
		check(string(n.paint), n.light, n.dark, 4.5)
	}
}

// blindness simulates missing cones: Machado, Oliveira and Fernandes, "A
// Physiologically-based Model for Simulation of Color Vision Deficiency", 2009,
// severity 1.
var blindness = map[string][3][3]float64{
	"none":         {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// lab is CIE 1976 L*a*b* with the white of D65.
func lab(c [3]float64) [3]float64 {
	x := (0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047
	y := 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
	z := (0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	return [3]float64{116*f(y) - 16, 500 * (f(x) - f(y)), 200 * (f(y) - f(z))}
}

// The first four series, and what verdicts mean, look apart to all eyes: a
// distance of 2 is just seen, of 10 at a glance.
func TestColoursStayApart(t *testing.T) {
	type named struct{ name, light, dark string }
	var series, meanings []named
	for i, c := range palette[:4] {
		series = append(series, named{string(seriesPaint(i)), c.light, c.dark})
	}
	for _, v := range verdicts[:2] {
		meanings = append(meanings, named{string(v.paint), v.light, v.dark})
	}
	for eye, m := range blindness {
		seen := func(hex string) [3]float64 {
			c := linearRGB(t, hex)
			var out [3]float64
			for i := range out {
				out[i] = min(1, max(0, m[i][0]*c[0]+m[i][1]*c[1]+m[i][2]*c[2]))
			}
			return lab(out)
		}
		for _, set := range [][]named{series, meanings} {
			for i, a := range set {
				for _, b := range set[:i] {
					for _, pair := range [][2]string{{a.light, b.light}, {a.dark, b.dark}} {
						x, y := seen(pair[0]), seen(pair[1])
						if d := math.Sqrt(math.Pow(x[0]-y[0], 2) + math.Pow(x[1]-y[1], 2) + math.Pow(x[2]-y[2], 2)); d < 10 {
							t.Errorf("%s: %s %s and %s %s are %.1f apart", eye, a.name, pair[0], b.name, pair[1], d)
						}
					}
				}
			}
		}
	}
}
