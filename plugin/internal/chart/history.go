package chart

import (
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/meshery/kubectl-meshery/plugin/internal/statistics"
)

// Moment is a figure of a history: of a run, or of the runs of a version.
type Moment struct {
	// Label stands below it: a day or a version.
	Label string
	Value float64
	// Low and High are its interval, where it has one.
	Low, High *float64
	// Text is seen by who points at it.
	Text string
}

// Change is where a history changes: the moment At is the first of what is new.
type Change struct {
	At int
	// Label stands beside it, such as "+12 %".
	Label   string
	Meaning Meaning
}

// Past is a history, the oldest first, at even distances.
type Past struct {
	Unit    Unit
	Moments []Moment
	Changes []Change
}

// History draws moments and the level of each stretch between changes, which is
// the median of its moments.
func History(w io.Writer, h Head, past Past) error {
	low, high := math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	var points []Point
	for i, m := range past.Moments {
		see(m.Value)
		if m.Low != nil && m.High != nil {
			see(*m.Low)
			see(*m.High)
		}
		points = append(points, Point{float64(i), m.Value})
	}
	if low > high {
		return ErrEmpty
	}
	f := newFrame(h, 250, "")
	pad := (high - low) * 0.05
	f.unit = linear(&f.Y, past.Unit, max(0, low-pad), high+pad, 5)
	f.X.Min, f.X.Max = -0.5, float64(len(past.Moments))-0.5
	f.X.Tick.Marker = past.labels()
	f.grid(false, true)
	f.Add(plotterFunc(past.changes))
	f.levels(past)
	look := Look{}
	thin := look.line()
	thin.Width = 1
	f.line(points, thin)
	f.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		for i, m := range past.Moments {
			if !finite(m.Value) {
				continue
			}
			at := x(float64(i))
			if m.Low != nil && m.High != nil {
				c.StrokeLine2(draw.LineStyle{Color: look.paint(), Width: 1}, at, y(*m.Low), at, y(*m.High))
			}
			end := describe(c, m.Text)
			drawGlyph(c, look.marker(), vg.Point{X: at, Y: y(m.Value)})
			end()
		}
	}))
	f.legend = []entry{{"run", look.thumb}, {"level", func(c draw.Canvas, in vg.Rectangle) {
		y := (in.Min.Y + in.Max.Y) / 2
		c.StrokeLine2(level, in.Min.X, y, in.Max.X, y)
	}}}
	return f.write(w)
}

var level = draw.LineStyle{Color: ink, Width: 2, Dashes: []vg.Length{6, 3}}

// labels are as many as have room.
func (past Past) labels() plot.ConstantTicks {
	style := textStyle(muted)
	var widest vg.Length = 20
	for _, m := range past.Moments {
		widest = max(widest, style.Width(Shortened(m.Label, nameWidth))+10)
	}
	every := max(1, int(math.Ceil(float64(len(past.Moments))*float64(widest)/(wide-60))))
	var ticks plot.ConstantTicks
	for i := 0; i < len(past.Moments); i += every {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: Shortened(past.Moments[i].Label, nameWidth)})
	}
	return ticks
}

// levels adds the median of each stretch.
func (f *frame) levels(past Past) {
	from := 0
	for i := 0; i <= len(past.Changes); i++ {
		to := len(past.Moments)
		if i < len(past.Changes) {
			to = min(max(past.Changes[i].At, from), to)
		}
		var values []float64
		for _, m := range past.Moments[from:to] {
			if finite(m.Value) {
				values = append(values, m.Value)
			}
		}
		if m := statistics.Median(values); finite(m) {
			f.Add(&plotter.Line{XYs: plotter.XYs{{X: float64(from) - 0.5, Y: m}, {X: float64(to) - 0.5, Y: m}}, LineStyle: level})
		}
		from = to
	}
}

// changes draws the lines where something changed, each with its label.
func (past Past) changes(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, change := range past.Changes {
		at := x(float64(change.At) - 0.5)
		color := paint(change.Meaning)
		c.StrokeLine2(draw.LineStyle{Color: color, Width: 1.5}, at, c.Min.Y, at, c.Max.Y)
		style := textStyle(color)
		if width := style.Width(change.Label); at+width+4 > c.Max.X {
			style.XAlign = draw.XRight
			at -= 8
		}
		c.FillText(style, vg.Point{X: at + 4, Y: c.Max.Y}, change.Label)
	}
}
