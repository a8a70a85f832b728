package chart

import (
	"math"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Look is how a series looks: the numbers of its colour and marker and of its
// dashes, 0 for a full line. Any numbers do.
type Look struct{ Color, Dash int }

var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {9, 3, 2, 3}}

var markers = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}, draw.CrossGlyph{}, draw.PlusGlyph{},
}

func (l Look) paint() paint { return seriesPaint(l.Color) }

func (l Look) line() draw.LineStyle {
	return draw.LineStyle{Color: l.paint(), Width: 2, Dashes: dashes[l.Dash%len(dashes)]}
}

// marker is one shape to a colour; when colours come again, shapes are one further.
func (l Look) marker() draw.GlyphStyle {
	shape := markers[(l.Color+l.Color/len(palette))%len(markers)]
	return draw.GlyphStyle{Color: l.paint(), Radius: 3.5, Shape: shape}
}

// thumb is a line with its marker.
func (l Look) thumb(c draw.Canvas, in vg.Rectangle) {
	y := (in.Min.Y + in.Max.Y) / 2
	c.StrokeLine2(l.line(), in.Min.X, y, in.Max.X, y)
	drawGlyph(c, l.marker(), vg.Point{X: (in.Min.X + in.Max.X) / 2, Y: y})
}

// box is a filled rectangle.
func (l Look) box(c draw.Canvas, in vg.Rectangle) {
	c.FillPolygon(l.paint(), corners(vg.Rectangle{Min: vg.Point{X: in.Min.X + 8, Y: in.Min.Y}, Max: vg.Point{X: in.Max.X - 6, Y: in.Max.Y}}))
}

func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

// drawGlyph draws a marker. Crosses are lines, whose width and dashes are not
// those of whatever was drawn before.
func drawGlyph(c draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetLineStyle(draw.LineStyle{Color: style.Color, Width: 1.5})
	c.DrawGlyphNoClip(style, at)
}

// diamond is a filled square on its corner.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.2
	c.FillPolygon(sty.Color, []vg.Point{{X: pt.X - r, Y: pt.Y}, {X: pt.X, Y: pt.Y + r}, {X: pt.X + r, Y: pt.Y}, {X: pt.X, Y: pt.Y - r}})
}

// Point is a figure at a place.
type Point struct{ X, Y float64 }

// stretches are the parts of points between those whose Y is not a number.
func stretches(points []Point) []plotter.XYs {
	var out []plotter.XYs
	var part plotter.XYs
	for _, p := range points {
		if !finite(p.Y) || !finite(p.X) {
			if len(part) > 0 {
				out, part = append(out, part), nil
			}
			continue
		}
		part = append(part, plotter.XY{X: p.X, Y: p.Y})
	}
	if len(part) > 0 {
		out = append(out, part)
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
