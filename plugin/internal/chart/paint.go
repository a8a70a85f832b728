package chart

import (
	"fmt"
	"image/color"
	"strings"
)

// paint is a colour by its name in CSS. Gonum hands it through to the canvas,
// which writes the class; no pixel is ever made of it.
type paint string

// RGBA implements color.Color.
func (paint) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// The paints that are no series.
const (
	ink   paint = "ink"  // text and what must be seen
	muted paint = "mute" // tick labels
	rule  paint = "rule" // grid lines
)

// palette is the colours of series on white and on a dark page. They keep 3:1
// against both and stay apart for readers with deuteranopia, protanopia and
// tritanopia; the first four best.
var palette = []struct{ light, dark string }{
	{"#0067ad", "#5ab4f0"},
	{"#c65102", "#ff9d4d"},
	{"#00805f", "#35c79a"},
	{"#9b2f83", "#e88fd0"},
	{"#6b6200", "#e3d84a"},
	{"#5a5f66", "#b4bac2"},
}

// verdicts are the colours of what a difference means.
var verdicts = []struct {
	paint       paint
	light, dark string
}{
	{"better", "#00734f", "#4fd3a2"},
	{"worse", "#b3261e", "#ff8f85"},
	{"same", "#4a5058", "#b8bec6"},
	{"inconclusive", "#805500", "#f0c24b"},
}

// neutrals are ink, muted and rule.
var neutrals = []struct {
	paint       paint
	light, dark string
}{
	{ink, "#1b1f24", "#e8eaed"},
	{muted, "#565d66", "#a9b0b9"},
	{rule, "#dfe3e8", "#343a42"},
}

// seriesPaint is the colour of the series i; after the last the first comes again,
// with other dashes and markers.
func seriesPaint(i int) paint { return paint(fmt.Sprintf("c%d", i%len(palette))) }

// bandPaint is the same, seen through.
func bandPaint(i int) paint { return paint(fmt.Sprintf("b%d", i%len(palette))) }

// CSS is what charts need of the page they are in. Variables of a name that begins
// with --chart are its own.
var CSS = css()

func css() string {
	var light, dark, rules strings.Builder
	add := func(p paint, onLight, onDark string) {
		fmt.Fprintf(&light, "--chart-%s:%s;", p, onLight)
		fmt.Fprintf(&dark, "--chart-%s:%s;", p, onDark)
		fmt.Fprintf(&rules, ".chart .s-%[1]s{stroke:var(--chart-%[1]s)}.chart .f-%[1]s{fill:var(--chart-%[1]s)}\n", p)
	}
	for _, n := range neutrals {
		add(n.paint, n.light, n.dark)
	}
	for _, v := range verdicts {
		add(v.paint, v.light, v.dark)
	}
	for i, c := range palette {
		add(seriesPaint(i), c.light, c.dark)
		fmt.Fprintf(&rules, ".chart .f-%s{fill:var(--chart-%s);fill-opacity:.18}\n", bandPaint(i), seriesPaint(i))
	}
	return ":root{" + light.String() + "}\n" +
		// Only on screens: paper is white.
		"@media screen and (prefers-color-scheme:dark){:root{" + dark.String() + "}}\n" +
		// The fonts have the widths that the layout was made with.
		".chart{font-family:Arial,\"Liberation Sans\",Helvetica,sans-serif;font-size:12px}\n" +
		".chart path{fill:none;stroke-linejoin:round;stroke-linecap:butt}\n" +
		rules.String()
}
