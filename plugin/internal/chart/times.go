package chart

import (
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Line is a figure over time. X of its points is seconds, rising; a Y that is not
// a number is a gap.
type Line struct {
	Name   string
	Look   Look
	Points []Point
	// Low and High are a band around the line: as many as Points, or none.
	Low, High []float64
}

// Series is lines over time.
type Series struct {
	Unit  Unit
	Lines []Line
	// Log: a logarithmic scale (milliseconds only). Else the scale begins at 0.
	Log bool
	// End of the time in seconds; 0: that of the last point.
	End float64
}

// Times draws a figure over time.
func Times(w io.Writer, h Head, s Series) error {
	low, high := math.Inf(1), math.Inf(-1)
	end := s.End
	see := func(v float64) {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, l := range s.Lines {
		for _, p := range l.Points {
			see(p.Y)
			end = max(end, p.X)
		}
		for i := range l.Low {
			see(l.Low[i])
			see(l.High[i])
		}
	}
	if low > high {
		return ErrEmpty
	}
	f := newFrame(h, 210, "")
	y := func(v float64) float64 { return v }
	if s.Log {
		y = above0
		logarithmic(&f.Y, above0(low), above0(high))
	} else {
		f.unit = linear(&f.Y, s.Unit, min(0, low), max(0, high), 4)
	}
	f.clock(end)
	f.grid(false, true)
	for _, l := range s.Lines {
		f.band(l, y)
	}
	for i, l := range s.Lines {
		points := make([]Point, len(l.Points))
		for j, p := range l.Points {
			points[j] = Point{p.X, y(p.Y)}
		}
		f.line(points, l.Look.line())
		f.marks(some(points, i), l.Look)
		f.legend = append(f.legend, entry{l.Name, l.Look.thumb})
	}
	return f.write(w)
}

// clock sets the horizontal axis to the seconds from 0 to end.
func (f *frame) clock(end float64) {
	name, factor := "seconds", 1.0
	switch {
	case end > 7200:
		name, factor = "hours", 3600
	case end > 240:
		name, factor = "minutes", 60
	}
	end = max(end, 1)
	step := niceStep(end / factor / 8)
	var ticks plot.ConstantTicks
	for i := 0.0; i*step*factor <= end*(1+1e-9); i++ {
		ticks = append(ticks, plot.Tick{Value: i * step * factor, Label: plain(i * step)})
	}
	f.X.Min, f.X.Max, f.X.Tick.Marker, f.X.Label.Text = 0, end, ticks, name
}

// some are about eight of points, others for each line so that markers are beside
// each other.
func some(points []Point, line int) []Point {
	every := max(1, len(points)/8)
	var out []Point
	for i := (line * every / 3) % every; i < len(points); i += every {
		if finite(points[i].Y) {
			out = append(out, points[i])
		}
	}
	return out
}

// band adds what lies between Low and High of l.
func (f *frame) band(l Line, y func(float64) float64) {
	if len(l.Low) == 0 {
		return
	}
	var upper, lower []Point
	flush := func() {
		if len(upper) > 1 {
			f.area(upper, lower, bandPaint(l.Look.Color))
		}
		upper, lower = nil, nil
	}
	for i, p := range l.Points {
		if !finite(l.Low[i]) || !finite(l.High[i]) {
			flush()
			continue
		}
		upper, lower = append(upper, Point{p.X, y(l.High[i])}), append(lower, Point{p.X, y(l.Low[i])})
	}
	flush()
}

// area adds what lies between two lines of one length.
func (f *frame) area(upper, lower []Point, color paint) {
	var ring plotter.XYs
	for _, p := range upper {
		ring = append(ring, plotter.XY{X: p.X, Y: p.Y})
	}
	for i := len(lower) - 1; i >= 0; i-- {
		ring = append(ring, plotter.XY{X: lower[i].X, Y: lower[i].Y})
	}
	f.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		points := make([]vg.Point, len(ring))
		for i, at := range ring {
			points[i] = vg.Point{X: x(at.X), Y: y(at.Y)}
		}
		c.FillPolygon(color, points)
	}))
}
