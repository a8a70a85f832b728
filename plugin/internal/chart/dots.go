package chart

import (
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dot is one run's figure; Text is seen by who points at it.
type Dot struct {
	Value float64
	Text  string
}

// DotRow is the runs of a group.
type DotRow struct {
	Name string
	Look Look
	Dots []Dot
	// Median of the dots, and its interval where there are enough of them.
	Median    float64
	Low, High *float64
}

// DotRows is one figure of the runs of some groups.
type DotRows struct {
	Unit Unit
	Rows []DotRow
}

const rowHeight = 46

// Dots draws every run as a dot, the first at the top of its row, beside it the
// median as a stroke and its interval as a bar.
func Dots(w io.Writer, h Head, d DotRows) error {
	low, high := math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	var names []string
	for _, r := range d.Rows {
		for _, dot := range r.Dots {
			see(dot.Value)
		}
		if r.Low != nil && r.High != nil {
			see(*r.Low)
			see(*r.High)
		}
		names = append(names, r.Name)
	}
	if low > high {
		return ErrEmpty
	}
	f := newFrame(h, rowHeight*float64(len(d.Rows))+40, "")
	pad := (high - low) * 0.04
	least := low - pad
	if low >= 0 {
		least = max(0, least)
	}
	f.X.Label.Text = linear(&f.X, d.Unit, least, high+pad, 6)
	f.rows(names)
	f.grid(true, false)
	for i, r := range d.Rows {
		f.Add(r.plotter(float64(len(d.Rows) - 1 - i)))
	}
	return f.write(w)
}

// plotter draws the row that is at y.
func (r DotRow) plotter(at float64) plot.Plotter {
	return plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		if len(r.Dots) == 0 {
			return
		}
		x, y := p.Transforms(&c)
		below := y(at) - rowHeight*0.28
		if r.Low != nil && r.High != nil {
			c.FillPolygon(bandPaint(r.Look.Color), corners(vg.Rectangle{Min: vg.Point{X: x(*r.Low), Y: below - 5}, Max: vg.Point{X: x(*r.High), Y: below + 5}}))
			c.StrokeLine2(draw.LineStyle{Color: r.Look.paint(), Width: 1.5}, x(*r.Low), below, x(*r.High), below)
		}
		if finite(r.Median) {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 2.5}, x(r.Median), below-7, x(r.Median), below+7)
		}
		style := r.Look.marker()
		for i, dot := range r.Dots {
			if !finite(dot.Value) {
				continue
			}
			share := 0.5
			if len(r.Dots) > 1 {
				share = float64(i) / float64(len(r.Dots)-1)
			}
			end := describe(c, dot.Text)
			drawGlyph(c, style, vg.Point{X: x(dot.Value), Y: y(at) + rowHeight*vg.Length(0.42-0.44*share)})
			end()
		}
	})
}

// describe has what is drawn until the end explained.
func describe(c draw.Canvas, text string) (end func()) {
	if own, ok := c.Canvas.(*canvas); ok {
		return own.describe(text)
	}
	return func() {}
}
