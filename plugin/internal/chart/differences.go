package chart

import (
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Meaning is what a difference means; it gives the colour.
type Meaning string

// The meanings.
const (
	Better       Meaning = "better"
	Worse        Meaning = "worse"
	Same         Meaning = "same"
	Inconclusive Meaning = "inconclusive"
)

// Difference is one with its interval.
type Difference struct {
	Name             string
	Value, Low, High float64
	// Effect is the least difference that matters, to both sides of 0. The scale
	// need not hold it.
	Effect  float64
	Meaning Meaning
	// Text stands beside it.
	Text string
}

const differenceHeight = 26

// Differences draws differences with their intervals against 0, in one unit.
func Differences(w io.Writer, h Head, unit Unit, all []Difference) error {
	low, high, effect := 0.0, 0.0, 0.0
	known := false
	var names []string
	for _, d := range all {
		if finite(d.Low) && finite(d.High) {
			low, high, known = min(low, d.Low), max(high, d.High), true
			effect = max(effect, d.Effect)
		}
		names = append(names, d.Name)
	}
	if !known {
		return ErrEmpty
	}
	// Where all are exactly 0, the scale is that of what would matter.
	if low == high {
		if effect == 0 {
			effect = 1
		}
		low, high = -effect, effect
	}
	f := newFrame(h, differenceHeight*float64(len(all))+40, "")
	f.X.Label.Text = linear(&f.X, unit, low, high, 6)
	f.rows(names)
	f.grid(true, false)
	for _, d := range all {
		f.right = max(f.right, textStyle(ink).Width(d.Text)+12)
	}
	f.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		x, y := p.Transforms(&c)
		for i, d := range all {
			d.draw(c, x, y(float64(len(all)-1-i)))
		}
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 1}, x(0), c.Min.Y, x(0), c.Max.Y)
	}))
	return f.write(w)
}

func (d Difference) draw(c draw.Canvas, x func(float64) vg.Length, y vg.Length) {
	if d.Effect > 0 {
		c.FillPolygon(rule, corners(vg.Rectangle{Min: vg.Point{X: max(c.Min.X, x(-d.Effect)), Y: y - 7}, Max: vg.Point{X: min(c.Max.X, x(d.Effect)), Y: y + 7}}))
	}
	color := paint(d.Meaning)
	if finite(d.Low) && finite(d.High) {
		line := draw.LineStyle{Color: color, Width: 2}
		c.StrokeLine2(line, x(d.Low), y, x(d.High), y)
		c.StrokeLine2(line, x(d.Low), y-4, x(d.Low), y+4)
		c.StrokeLine2(line, x(d.High), y-4, x(d.High), y+4)
	}
	if finite(d.Value) {
		shape := map[Meaning]draw.GlyphDrawer{Better: draw.PyramidGlyph{}, Worse: diamond{}, Same: draw.CircleGlyph{}}[d.Meaning]
		if shape == nil {
			shape = draw.RingGlyph{}
		}
		drawGlyph(c, draw.GlyphStyle{Color: color, Radius: 4.5, Shape: shape}, vg.Point{X: x(d.Value), Y: y})
	}
	style := textStyle(color)
	style.YAlign = draw.YCenter
	c.FillText(style, vg.Point{X: c.Max.X + 10, Y: y + style.FontExtents().Descent}, d.Text)
}
