package chart

import (
	"fmt"
	"io"
	"regexp"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Head names a picture.
type Head struct {
	// ID is the picture's own on its page: letters, digits and "-", a letter first.
	ID string
	// Title says what is seen, Description what it shows, in words that stand for
	// the picture where it cannot be seen.
	Title, Description string
	// Alone: the picture is a file of its own. It has the CSS in it, and its title
	// above it.
	Alone bool
}

// The size of text, and of pictures, in pixels of the view box.
const (
	fontSize   = 12
	titleSize  = 15
	lineHeight = 18
	wide       = 600
	margin     = 8
)

var (
	typical = font.Font{Typeface: "Liberation", Variant: "Sans", Size: fontSize}
	idRE    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
)

// textStyle is text of a colour.
func textStyle(p paint) text.Style {
	return text.Style{Color: p, Font: typical, XAlign: draw.XLeft, YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
}

// entry is one of the legend.
type entry struct {
	name  string
	thumb func(c draw.Canvas, in vg.Rectangle)
}

// frame is a picture while it is made: a line for the unit and the legend above a
// plot.
type frame struct {
	*plot.Plot
	head   Head
	height float64
	unit   string
	legend []entry
	// right is the room beside the plot for text at the end of bars.
	right vg.Length
}

// newFrame is a frame of that height without what is above the plot. unit stands
// above the vertical axis.
func newFrame(h Head, height float64, unit string) *frame {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Width, axis.Tick.Length, axis.Padding = 0, 0, 0
		axis.Tick.Label.Font, axis.Tick.Label.Color = typical, muted
		axis.Label.TextStyle.Font, axis.Label.TextStyle.Color = typical, muted
		axis.Label.Padding = 2
	}
	p.X.Padding = 4
	return &frame{Plot: p, head: h, height: height, unit: unit}
}

// grid adds the lines behind the figures.
func (f *frame) grid(vertical, horizontal bool) {
	g := &plotter.Grid{}
	style := draw.LineStyle{Color: rule, Width: 1}
	if vertical {
		g.Vertical = style
	}
	if horizontal {
		g.Horizontal = style
	}
	f.Add(g)
}

// write writes the picture.
func (f *frame) write(w io.Writer) error {
	if !idRE.MatchString(f.head.ID) {
		return fmt.Errorf("chart %q: an id is letters, digits and \"-\", a letter first", f.head.ID)
	}
	rows := f.arrange()
	top := float64(len(rows)) * lineHeight
	if f.head.Alone {
		top += 1.5 * lineHeight
	}
	c := newCanvas(wide, f.height+top+2*margin)
	area := draw.Crop(draw.New(c), margin, -margin, margin, -margin)
	if f.head.Alone {
		style := textStyle(ink)
		style.Font.Size = titleSize
		area.FillText(style, vg.Point{X: area.Min.X, Y: area.Max.Y}, f.head.Title)
	}
	for i, row := range rows {
		y := area.Max.Y - vg.Length(top-float64(len(rows)-i)*lineHeight)
		for _, one := range row {
			one.draw(area, y)
		}
	}
	f.Draw(draw.Crop(area, 0, -f.right, 0, -vg.Length(top+lineHeight/3)))
	c.end()
	return f.put(w, c)
}

// put writes the root element with what is in c.
func (f *frame) put(w io.Writer, c *canvas) error {
	out := newCanvas(0, 0)
	fmt.Fprintf(&out.out, `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 %s %s" role="img" aria-labelledby="%[3]s-title %[3]s-desc">`+"\n",
		number(c.width), number(c.height), f.head.ID)
	fmt.Fprintf(&out.out, `<title id="%s-title">`, f.head.ID)
	escape(&out.out, f.head.Title)
	fmt.Fprintf(&out.out, `</title><desc id="%s-desc">`, f.head.ID)
	escape(&out.out, f.head.Description)
	out.out.WriteString("</desc>\n")
	if f.head.Alone {
		out.out.WriteString("<style>\n" + CSS + "svg{background:#fff}\n@media screen and (prefers-color-scheme:dark){svg{background:#15181c}}\n</style>\n")
	}
	out.out.Write(c.out.Bytes())
	out.out.WriteString("</svg>\n")
	_, err := w.Write(out.out.Bytes())
	return err
}

// placed is a part of the line above the plot.
type placed struct {
	x    vg.Length
	name string
	of   *entry // nil: the unit
}

const (
	thumbWidth = 26
	entryGap   = 16
)

// arrange puts the unit and the legend into rows.
func (f *frame) arrange() [][]placed {
	style := textStyle(ink)
	room := vg.Length(wide - 2*margin)
	var rows [][]placed
	var row []placed
	x := vg.Length(0)
	if f.unit != "" {
		row = append(row, placed{name: f.unit})
		x = style.Width(f.unit) + 2*entryGap
	}
	for i := range f.legend {
		e := &f.legend[i]
		name := Shortened(e.name, 60)
		width := thumbWidth + 6 + style.Width(name)
		if x+width > room && len(row) > 0 {
			rows, row, x = append(rows, row), nil, 0
		}
		row = append(row, placed{x: x, name: name, of: e})
		x += width + entryGap
	}
	if len(row) > 0 {
		rows = append(rows, row)
	}
	return rows
}

func (p placed) draw(c draw.Canvas, y vg.Length) {
	x := c.Min.X + p.x
	if p.of == nil {
		c.FillText(textStyle(muted), vg.Point{X: x, Y: y}, p.name)
		return
	}
	p.of.thumb(c, vg.Rectangle{Min: vg.Point{X: x, Y: y - 12}, Max: vg.Point{X: x + thumbWidth, Y: y - 1}})
	c.FillText(textStyle(ink), vg.Point{X: x + thumbWidth + 6, Y: y}, p.name)
}

// Shortened cuts text to so many characters, in the middle: names differ most at
// their ends.
func Shortened(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	head := most / 2
	return string(r[:head]) + "…" + string(r[len(r)-(most-head-1):])
}
