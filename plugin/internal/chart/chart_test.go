package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

func head(id string) Head {
	return Head{ID: id, Title: "A picture", Description: "What it shows."}
}

// latency is a curve with a long tail above base milliseconds.
func latency(base float64) []Point {
	var points []Point
	for i := range 81 {
		points = append(points, Point{1 - math.Pow(10, -float64(i)/20), base * (1 + 0.05*float64(i) + math.Exp(float64(i)/20-2))})
	}
	return append(points[:7], append([]Point{{0.5, base * 1.5}}, points[7:]...)...)
}

// wave is a figure over 60 seconds, without some of them.
func wave(level float64, gaps ...int) []Point {
	var points []Point
	for i := range 61 {
		y := level * (1 + 0.1*math.Sin(float64(i)/3))
		for _, g := range gaps {
			if g == i {
				y = math.NaN()
			}
		}
		points = append(points, Point{float64(i), y})
	}
	return points
}

func of(v float64) *float64 { return &v }

func moved(points []Point, share float64) []float64 {
	var out []float64
	for _, p := range points {
		out = append(out, p.Y*share)
	}
	return out
}

// pictures are one of each kind.
var pictures = map[string]func(w io.Writer) error{
	"percentiles": func(w io.Writer) error {
		return Percentiles(w, head("p"), []Curve{
			{"bare, response", Look{0, 0}, latency(2)}, {"bare, service", Look{0, 1}, latency(1.8)},
			{"meshed, response", Look{1, 0}, latency(2.6)}, {"meshed, service", Look{1, 1}, latency(2.3)},
		})
	},
	"times": func(w io.Writer) error {
		a, b := wave(2, 7, 8, 10), wave(11)
		return Times(w, head("t"), Series{Unit: Milliseconds, Log: true, Lines: []Line{
			{Name: "p50", Look: Look{0, 1}, Points: a}, {Name: "p99", Look: Look{1, 0}, Points: b, Low: moved(b, 0.8), High: moved(b, 1.4)}}})
	},
	"rate": func(w io.Writer) error {
		return Times(w, head("r"), Series{Unit: "requests/s", Lines: []Line{{Name: "sent", Points: wave(12000, 30)}}})
	},
	"bars": func(w io.Writer) error {
		return Bars(w, head("b"), BarGroups{Unit: "core-s/1000", Categories: []string{"application", "data plane", "control plane"}, Series: []BarSeries{
			{"bare", Look{0, 0}, []Bar{{0.41, "0.410"}, {math.NaN(), "absent: no sidecar was read"}, {math.NaN(), "absent"}}},
			{"meshed", Look{1, 0}, []Bar{{0.42, "0.420"}, {0.22, "0.220"}, {0.01, "0.0100"}}}}})
	},
	"dots": func(w io.Writer) error {
		rows := DotRows{Unit: Milliseconds}
		for i, name := range []string{"bare", "meshed"} {
			r := DotRow{Name: name, Look: Look{i, 0}, Median: 9.8 + 2*float64(i), Low: of(9.2 + 2*float64(i)), High: of(10.3 + 2*float64(i))}
			for j := range 10 {
				r.Dots = append(r.Dots, Dot{r.Median + math.Sin(float64(7*j)), fmt.Sprintf("run %d", j)})
			}
			rows.Rows = append(rows.Rows, r)
		}
		rows.Rows[0].Low, rows.Rows[0].High = nil, nil
		return Dots(w, head("d"), rows)
	},
	"differences": func(w io.Writer) error {
		return Differences(w, head("x"), "%", []Difference{
			{"response p50", 24.3, 21, 27, 5, Worse, "+24.3 % worse"}, {"response p99", 21.4, 3, 40, 3, Inconclusive, "+21.4 % inconclusive"},
			{"rate", 0.1, -0.2, 0.3, 3, Same, "+0.1 % same"}, {"CPU", -12, -14, -9, 3, Better, "−12 % better"}})
	},
	"history": func(w io.Writer) error {
		past := Past{Unit: Milliseconds, Changes: []Change{{12, "+20 %", Worse}, {38, "−10 %", Better}}}
		for i := range 40 {
			v := 10 + math.Sin(float64(5*i))*0.4
			if i >= 12 {
				v += 2
			}
			if i >= 38 {
				v--
			}
			past.Moments = append(past.Moments, Moment{fmt.Sprintf("v1.%d.0", i), v, of(v - 0.5), of(v + 0.7), fmt.Sprintf("v1.%d.0: %.1f ms", i, v)})
		}
		h := head("h")
		h.Alone = true
		return History(w, h, past)
	},
}

func drawn(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	if err := pictures[name](&b); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return b.String()
}

func TestPictures(t *testing.T) {
	for name := range pictures {
		got := drawn(t, name)
		if again := drawn(t, name); again != got {
			t.Errorf("%s: the same figures gave two pictures", name)
		}
		file := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs from %s; look at it and run go test -update:\n%s", name, file, got)
		}
	}
}

// A picture has a name, no colours, fonts, scripts or addresses of its own, and
// nothing that is not a number where one must stand.
func TestPicturesAreCleanSVG(t *testing.T) {
	for name := range pictures {
		got := drawn(t, name)
		for _, bad := range []string{"NaN", "Inf", "<script", "href", "url(", "font-family:Liberation Serif", "rgb(", "<image"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q in it", name, bad)
			}
		}
		d := xml.NewDecoder(strings.NewReader(got))
		root, texts := xml.StartElement{}, 0
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				if root.Name.Local == "" {
					root = e
				}
				if e.Name.Local == "text" {
					texts++
				}
				for _, a := range e.Attr {
					if name != "history" && (a.Name.Local == "style" || a.Name.Local == "fill" || a.Name.Local == "stroke") {
						t.Errorf("%s: <%s %s=%q> is not for CSS to change", name, e.Name.Local, a.Name.Local, a.Value)
					}
				}
			}
		}
		attributes := map[string]string{}
		for _, a := range root.Attr {
			attributes[a.Name.Local] = a.Value
		}
		if attributes["role"] != "img" || texts < 4 {
			t.Errorf("%s: root %v with %d texts", name, attributes, texts)
		}
		for _, id := range strings.Fields(attributes["aria-labelledby"]) {
			if !strings.Contains(got, ` id="`+id+`">`) {
				t.Errorf("%s: nothing has the id %q", name, id)
			}
		}
	}
}

// Names come from users: whatever they hold, the picture is XML and they stay text.
func TestNamesCannotBreakOut(t *testing.T) {
	evil := "</text><script>alert(1)</script>&\"'\x00\x1b]\u202e\n<b>"
	h := Head{ID: "e", Title: evil, Description: evil}
	for name, draw := range map[string]func(w io.Writer) error{
		"percentiles": func(w io.Writer) error { return Percentiles(w, h, []Curve{{evil, Look{}, latency(1)}}) },
		"times": func(w io.Writer) error {
			return Times(w, h, Series{Unit: Unit(evil), Lines: []Line{{Name: evil, Points: wave(1)}}})
		},
		"bars": func(w io.Writer) error {
			return Bars(w, h, BarGroups{Unit(evil), []string{evil}, []BarSeries{{evil, Look{}, []Bar{{1, evil}}}, {evil, Look{}, []Bar{{1, evil}}}}})
		},
		"dots": func(w io.Writer) error {
			return Dots(w, h, DotRows{Unit(evil), []DotRow{{evil, Look{}, []Dot{{1, evil}, {2, evil}}, 1, of(1), of(2)}}})
		},
		"differences": func(w io.Writer) error {
			return Differences(w, h, Unit(evil), []Difference{{evil, 1, 0, 2, 1, Meaning("odd"), evil}})
		},
		"history": func(w io.Writer) error {
			h := h
			h.Alone = true
			return History(w, h, Past{Unit(evil), []Moment{{evil, 1, nil, nil, evil}}, []Change{{0, evil, Worse}}})
		},
	} {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s := b.String(); strings.Contains(s, "<script") || strings.Contains(s, "<b>") {
			t.Errorf("%s lets a name out of its text:\n%s", name, s)
		}
		d := xml.NewDecoder(&b)
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	nan := math.NaN()
	for name, err := range map[string]error{
		"percentiles": Percentiles(io.Discard, head("a"), []Curve{{Name: "x"}}),
		"times":       Times(io.Discard, head("a"), Series{Lines: []Line{{Points: []Point{{1, nan}}}}}),
		"bars":        Bars(io.Discard, head("a"), BarGroups{Categories: []string{"x"}, Series: []BarSeries{{Bars: []Bar{{nan, "absent"}}}}}),
		"dots":        Dots(io.Discard, head("a"), DotRows{Rows: []DotRow{{Name: "x"}}}),
		"differences": Differences(io.Discard, head("a"), "%", nil),
		"history":     History(io.Discard, head("a"), Past{}),
	} {
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Percentiles(io.Discard, head(`a" onload="`), []Curve{{"x", Look{}, latency(1)}}); err == nil || !strings.Contains(err.Error(), "an id is letters") {
		t.Errorf("an id that is none: %v", err)
	}
}

// One value, zero, very small and very large ones: axes hold them and have ticks.
func TestAxesOfAnyRange(t *testing.T) {
	for _, values := range [][]float64{{0}, {5}, {0, 0}, {1e-7, 1e-7}, {1e-5, 3.6e6}, {999.9, 1000}, {2.5, math.Nextafter(2.5, 3)}, {3e9, 3e9 + 1e-6}, {1e12, 2e12}, {-3, -3}, {-5, 5}} {
		var points []Point
		row := DotRow{Name: "x", Median: values[0]}
		for i, v := range values {
			points = append(points, Point{float64(i), v})
			row.Dots = append(row.Dots, Dot{Value: v})
		}
		for _, unit := range []Unit{Milliseconds, Bytes, "%"} {
			for name, draw := range map[string]func(w io.Writer) error{
				"dots": func(w io.Writer) error { return Dots(w, head("a"), DotRows{unit, []DotRow{row}}) },
				"times": func(w io.Writer) error {
					return Times(w, head("a"), Series{Unit: unit, Lines: []Line{{Points: points}}})
				},
				"log": func(w io.Writer) error {
					return Times(w, head("a"), Series{Unit: unit, Log: true, Lines: []Line{{Points: points}}})
				},
				"percentiles": func(w io.Writer) error {
					return Percentiles(w, head("a"), []Curve{{"x", Look{}, []Point{{0, math.Abs(values[0]) + 1e-9}}}})
				},
			} {
				var b bytes.Buffer
				if err := draw(&b); err != nil {
					t.Errorf("%s of %v %s: %v", name, values, unit, err)
				} else if s := b.String(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") || strings.Count(s, "<text") < 2 || strings.Count(s, "<text") > 45 {
					t.Errorf("%s of %v %s:\n%s", name, values, unit, s)
				}
			}
		}
	}
}

// What is never negative has no axis below 0, and what is exactly 0 is drawn.
func TestNothingIsBelowZero(t *testing.T) {
	level := func(y float64) []Line { return []Line{{Points: []Point{{0, y}, {1, y}}}} }
	for name, draw := range map[string]func(w io.Writer) error{
		"bars": func(w io.Writer) error {
			return Bars(w, head("a"), BarGroups{"%", []string{"x"}, []BarSeries{{"x", Look{}, []Bar{{0, "0 %"}}}}})
		},
		"times":  func(w io.Writer) error { return Times(w, head("a"), Series{Unit: "%", Lines: level(0)}) },
		"near 0": func(w io.Writer) error { return Times(w, head("a"), Series{Unit: "%", Lines: level(0.2)}) },
		"dots": func(w io.Writer) error {
			return Dots(w, head("a"), DotRows{"%", []DotRow{{Name: "x", Dots: []Dot{{Value: 0}}}}})
		},
		"some dots": func(w io.Writer) error {
			return Dots(w, head("a"), DotRows{"%", []DotRow{{Name: "x", Dots: []Dot{{Value: 0}, {Value: 1}}}}})
		},
		"history": func(w io.Writer) error {
			return History(w, head("a"), Past{"%", []Moment{{Value: 0}, {Value: 0}}, nil})
		},
	} {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := b.String(); strings.Contains(s, "−") || !strings.Contains(s, ">0<") {
			t.Errorf("%s: the axis does not begin at 0:\n%s", name, s)
		}
	}
	for _, effect := range []float64{0, 3} {
		var b bytes.Buffer
		err := Differences(&b, head("a"), "%", []Difference{{Name: "p50", Effect: effect, Meaning: Same, Text: "same"}, {Name: "rate", Effect: effect, Meaning: Same, Text: "same"}})
		if s := b.String(); err != nil || strings.Count(s, ">same<") != 2 || !strings.Contains(s, ">0<") || strings.Contains(s, "NaN") {
			t.Errorf("differences of 0, effect %v: %v\n%s", effect, err, s)
		}
	}
}

func TestTicks(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234567: "1,234,567", -0.25: "−0.25", 0.1 + 0.2: "0.3", 100: "100", 1000: "1,000"} {
		if got := plain(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
	for _, c := range []struct {
		unit   Unit
		most   float64
		name   string
		factor float64
	}{{Milliseconds, 0.5, "µs", 1e-3}, {Milliseconds, 50, "ms", 1}, {Milliseconds, 5000, "s", 1000}, {Bytes, 100, "B", 1}, {Bytes, 300 << 20, "MiB", 1 << 20}, {"%", 5000, "%", 1}} {
		if name, factor := c.unit.scaled(c.most); name != c.name || factor != c.factor {
			t.Errorf("%v %s: %s, %v", c.most, c.unit, name, factor)
		}
	}
	if got := Shortened("a-very-long-name", 9); got != "a-ve…name" {
		t.Error(got)
	}
}
