package chart

import (
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is a figure with the text that stands at its end. A Value that is not a
// number has no bar, and Text says so.
type Bar struct {
	Value float64
	Text  string
}

// BarSeries is one figure of every category.
type BarSeries struct {
	Name string
	Look Look
	Bars []Bar
}

// BarGroups is figures by category, from the top down.
type BarGroups struct {
	Unit       Unit
	Categories []string
	Series     []BarSeries
}

const (
	barHeight = 15
	barGap    = 9
	nameWidth = 28 // characters of a category
)

// Bars draws horizontal bars from 0: of each category one per series.
func Bars(w io.Writer, h Head, b BarGroups) error {
	high := math.Inf(-1)
	for _, s := range b.Series {
		for _, bar := range s.Bars {
			if finite(bar.Value) {
				high = max(high, bar.Value)
			}
		}
	}
	if math.IsInf(high, -1) {
		return ErrEmpty
	}
	block := float64(barHeight*len(b.Series) + barGap)
	f := newFrame(h, block*float64(len(b.Categories))+40, "")
	f.X.Label.Text = linear(&f.X, b.Unit, 0, max(high, 0), 5)
	f.rows(b.Categories)
	f.grid(true, false)
	for i, s := range b.Series {
		if len(b.Series) > 1 {
			f.legend = append(f.legend, entry{s.Name, s.Look.box})
		}
		for _, bar := range s.Bars {
			if finite(bar.Value) {
				f.right = max(f.right, textStyle(ink).Width(bar.Text)+8)
			}
		}
		f.Add(b.plotter(s, i))
	}
	return f.write(w)
}

func (b BarGroups) plotter(s BarSeries, i int) plot.Plotter {
	return plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		style := textStyle(ink)
		for row, bar := range s.Bars {
			top := y(float64(len(b.Categories)-1-row)) + vg.Length(barHeight*(float64(len(b.Series))/2-float64(i)))
			end := x(0)
			if finite(bar.Value) {
				end = max(x(bar.Value), x(0)+1)
				c.FillPolygon(s.Look.paint(), corners(vg.Rectangle{Min: vg.Point{X: x(0), Y: top - barHeight + 2}, Max: vg.Point{X: end, Y: top}}))
				style.Color = ink
			} else {
				style.Color = muted
			}
			c.FillText(style, vg.Point{X: end + 6, Y: top + 1}, bar.Text)
		}
	})
}

// rows makes the vertical axis one of names, the first at the top, half a row of
// room at both ends.
func (f *frame) rows(names []string) {
	var ticks plot.ConstantTicks
	for i, name := range names {
		ticks = append(ticks, plot.Tick{Value: float64(len(names) - 1 - i), Label: Shortened(name, nameWidth)})
	}
	f.Y.Min, f.Y.Max, f.Y.Tick.Marker = -0.5, float64(len(names))-0.5, ticks
	f.Y.Tick.Label.Color = ink
}
