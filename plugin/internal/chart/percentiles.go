package chart

import (
	"errors"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ErrEmpty is that there is nothing to draw: the page says why instead.
var ErrEmpty = errors.New("there is nothing to draw")

// Curve is a latency by percentile. X of its points is the quantile, 0 to below
// 1, rising; Y milliseconds.
type Curve struct {
	Name   string
	Look   Look
	Points []Point
}

// Quantiles are the marks of the scale of percentiles.
var Quantiles = []float64{0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999}

// Nines is the place of a quantile on the scale of percentiles, which gives every
// further nine the same room: log10(1/(1-q)), as HdrHistogram's own plots have it.
func Nines(q float64) float64 { return -math.Log10(1 - q) }

// Percentiles draws curves: percentiles on the scale of nines, milliseconds on a
// logarithmic one.
func Percentiles(w io.Writer, h Head, curves []Curve) error {
	low, high, end := math.Inf(1), 0.0, 1.0
	for i := range curves {
		for _, p := range curves[i].Points {
			if finite(p.Y) && p.X < 1 {
				low, high, end = min(low, above0(p.Y)), max(high, above0(p.Y)), max(end, Nines(p.X))
			}
		}
	}
	if high == 0 {
		return ErrEmpty
	}
	f := newFrame(h, 270, "")
	logarithmic(&f.Y, low, high)
	f.X.Min, f.X.Max = 0, end
	f.X.Tick.Marker = nines()
	f.X.Label.Text = "percentile"
	f.grid(true, true)
	for _, c := range curves {
		var line []Point
		var marks []Point
		for _, p := range c.Points {
			p = Point{Nines(p.X), above0(p.Y)}
			line = append(line, p)
			if isMark(p.X) && p.X > 0 {
				marks = append(marks, p)
			}
		}
		f.line(line, c.Look.line())
		f.marks(marks, c.Look)
		f.legend = append(f.legend, entry{c.Name, c.Look.thumb})
	}
	return f.write(w)
}

// above0 is ms on a logarithmic scale, which has no 0: nothing is below a
// nanosecond.
func above0(ms float64) float64 { return max(ms, 1e-6) }

// nines are the ticks of the scale of percentiles.
func nines() plot.ConstantTicks {
	var out plot.ConstantTicks
	for _, q := range Quantiles {
		out = append(out, plot.Tick{Value: Nines(q), Label: strconv.FormatFloat(math.Round(q*1e7)/1e5, 'f', -1, 64)})
	}
	return out
}

func isMark(x float64) bool {
	for _, q := range Quantiles {
		if math.Abs(Nines(q)-x) < 1e-9 {
			return true
		}
	}
	return false
}

// line adds a line with gaps where there is no figure. A figure between two gaps
// is a dash.
func (f *frame) line(points []Point, style draw.LineStyle) {
	for _, part := range stretches(points) {
		if len(part) == 1 {
			f.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
				x, y := p.Transforms(&c)
				c.StrokeLine2(draw.LineStyle{Color: style.Color, Width: style.Width}, x(part[0].X)-2, y(part[0].Y), x(part[0].X)+2, y(part[0].Y))
			}))
			continue
		}
		f.Add(&plotter.Line{XYs: part, LineStyle: style})
	}
}

// marks adds markers.
func (f *frame) marks(points []Point, look Look) {
	f.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		for _, one := range points {
			drawGlyph(c, look.marker(), vg.Point{X: x(one.X), Y: y(one.Y)})
		}
	}))
}

// plotterFunc is a plot.Plotter.
type plotterFunc func(draw.Canvas, *plot.Plot)

// Plot implements plot.Plotter.
func (f plotterFunc) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }
