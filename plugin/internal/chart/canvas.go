package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// canvas implements vg.Canvas and writes SVG with classes for colours. Its origin
// is at the bottom left, that of SVG at the top left; a point is a pixel of the
// view box.
type canvas struct {
	width, height float64
	out           bytes.Buffer
	state         state
	stack         []state
	// open is the path that is being written: what looks the same and follows
	// goes on with it.
	open string
}

type state struct {
	paint  paint
	width  vg.Length
	dash   []vg.Length
	matrix matrix
}

// matrix maps x to a x + c y + e, y to b x + d y + f.
type matrix struct{ a, b, c, d, e, f float64 }

func (m matrix) times(n matrix) matrix {
	return matrix{m.a*n.a + m.c*n.b, m.b*n.a + m.d*n.b, m.a*n.c + m.c*n.d, m.b*n.c + m.d*n.d,
		m.a*n.e + m.c*n.f + m.e, m.b*n.e + m.d*n.f + m.f}
}

func newCanvas(width, height float64) *canvas {
	c := &canvas{width: width, height: height}
	c.state.matrix = matrix{a: 1, d: 1}
	vg.Initialize(c)
	return c
}

// Size implements vg.CanvasSizer.
func (c *canvas) Size() (x, y vg.Length) { return vg.Length(c.width), vg.Length(c.height) }

// SetLineWidth implements vg.Canvas, as all that follow.
func (c *canvas) SetLineWidth(w vg.Length) { c.state.width = w }

// SetLineDash takes no offset: nothing here has one.
func (c *canvas) SetLineDash(pattern []vg.Length, _ vg.Length) { c.state.dash = slices.Clone(pattern) }

// SetColor takes a paint; every other colour is ink.
func (c *canvas) SetColor(to color.Color) {
	p, ok := to.(paint)
	if !ok {
		p = ink
	}
	c.state.paint = p
}

// Rotate, Translate and Scale change what follows.
func (c *canvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	c.state.matrix = c.state.matrix.times(matrix{a: cos, b: sin, c: -sin, d: cos})
}

// Translate moves the origin.
func (c *canvas) Translate(pt vg.Point) {
	c.state.matrix = c.state.matrix.times(matrix{a: 1, d: 1, e: float64(pt.X), f: float64(pt.Y)})
}

// Scale stretches lengths along the axes; radii and line widths stay.
func (c *canvas) Scale(x, y float64) { c.state.matrix = c.state.matrix.times(matrix{a: x, d: y}) }

// Push keeps the state.
func (c *canvas) Push() { c.stack = append(c.stack, c.state) }

// Pop has the state again that was kept last.
func (c *canvas) Pop() {
	c.state, c.stack = c.stack[len(c.stack)-1], c.stack[:len(c.stack)-1]
}

// Stroke draws a line along p.
func (c *canvas) Stroke(p vg.Path) {
	if c.state.width <= 0 {
		return
	}
	attributes := `class="s-` + string(c.state.paint) + `"`
	if c.state.width != 1 {
		attributes += ` stroke-width="` + number(float64(c.state.width)) + `"`
	}
	if len(c.state.dash) > 0 {
		attributes += ` stroke-dasharray="`
		for i, d := range c.state.dash {
			if i > 0 {
				attributes += " "
			}
			attributes += number(float64(d))
		}
		attributes += `"`
	}
	c.path(attributes, p)
}

// Fill fills what p encloses.
func (c *canvas) Fill(p vg.Path) { c.path(`class="f-`+string(c.state.paint)+`"`, p) }

// FillString writes text. What cannot stand in XML is replaced.
func (c *canvas) FillString(f font.Face, pt vg.Point, text string) {
	if f.Font.Size == 0 || text == "" {
		return
	}
	c.end()
	x, y := c.at(pt)
	fmt.Fprintf(&c.out, `<text class="f-%s" x="%s" y="%s"`, c.state.paint, number(x), number(y))
	if m := c.state.matrix; m.b != 0 {
		fmt.Fprintf(&c.out, ` transform="rotate(%s %s %s)"`, number(-math.Atan2(m.b, m.a)*180/math.Pi), number(x), number(y))
	}
	if f.Font.Size != fontSize {
		fmt.Fprintf(&c.out, ` font-size="%s"`, number(float64(f.Font.Size)))
	}
	c.out.WriteString(">")
	escape(&c.out, text)
	c.out.WriteString("</text>\n")
}

// DrawImage draws nothing: charts have no pixels.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) {}

// describe begins a group that a pointer resting on it explains with text, and
// returns its end.
func (c *canvas) describe(text string) (end func()) {
	if text == "" {
		return func() {}
	}
	c.end()
	c.out.WriteString("<g><title>")
	escape(&c.out, text)
	c.out.WriteString("</title>\n")
	return func() {
		c.end()
		c.out.WriteString("</g>\n")
	}
}

// path goes on with the open path, or begins one.
func (c *canvas) path(attributes string, p vg.Path) {
	if c.open != attributes {
		c.end()
		c.open = attributes
		fmt.Fprintf(&c.out, `<path %s d="`, attributes)
	}
	for _, comp := range p {
		switch comp.Type {
		case vg.MoveComp:
			c.point('M', comp.Pos)
		case vg.LineComp:
			c.point('L', comp.Pos)
		case vg.ArcComp:
			c.arc(comp)
		case vg.CurveComp:
			letter := byte('C')
			if len(comp.Control) == 1 {
				letter = 'Q'
			}
			for _, control := range comp.Control {
				c.point(letter, control)
				letter = ' '
			}
			c.point(' ', comp.Pos)
		case vg.CloseComp:
			c.out.WriteByte('Z')
		}
	}
}

// arc is drawn in parts of half a circle or less, which SVG cannot mistake.
func (c *canvas) arc(comp vg.PathComp) {
	on := func(angle float64) vg.Point {
		sin, cos := math.Sincos(angle)
		return vg.Point{X: comp.Pos.X + comp.Radius*vg.Length(cos), Y: comp.Pos.Y + comp.Radius*vg.Length(sin)}
	}
	c.point('L', on(comp.Start))
	parts := max(1, math.Ceil(math.Abs(comp.Angle)/math.Pi-1e-9))
	sweep := "0" // counterclockwise as it is seen
	if comp.Angle < 0 {
		sweep = "1"
	}
	r := number(float64(comp.Radius))
	for i := 1.0; i <= parts; i++ {
		c.out.WriteString("A" + r + " " + r + " 0 0 " + sweep)
		c.point(' ', on(comp.Start+comp.Angle*i/parts))
	}
}

func (c *canvas) point(letter byte, pt vg.Point) {
	x, y := c.at(pt)
	c.out.WriteByte(letter)
	c.out.WriteString(number(x))
	c.out.WriteByte(' ')
	c.out.WriteString(number(y))
}

// at is pt in the coordinates of SVG.
func (c *canvas) at(pt vg.Point) (x, y float64) {
	m, px, py := c.state.matrix, float64(pt.X), float64(pt.Y)
	return m.a*px + m.c*py + m.e, c.height - (m.b*px + m.d*py + m.f)
}

// end closes the open path.
func (c *canvas) end() {
	if c.open != "" {
		c.out.WriteString("\"/>\n")
		c.open = ""
	}
}

// number is v to a tenth of a pixel.
func number(v float64) string {
	v = math.Round(v*10) / 10
	if v == 0 {
		v = 0 // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// escape writes text that can stand anywhere in XML. Writing to memory cannot fail.
func escape(b *bytes.Buffer, text string) { _ = xml.EscapeText(b, []byte(text)) }
