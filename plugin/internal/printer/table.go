package printer

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The widths of a table, in characters.
const (
	DefaultWidth = 80
	gap          = 3
	narrowGap    = 2
	minFlexible  = 5
)

// Table is a table of text with columns that line up. A header that begins
// with "~" marks a column that may be cut (with "…") when a line would be wider
// than Width.
type Table struct {
	// Width is the widest line; 0 means no bound (-o wide).
	Width int

	header   []string
	flexible []bool
	rows     [][]string
}

// NewTable makes a table of DefaultWidth.
func NewTable(headers ...string) *Table {
	t := &Table{Width: DefaultWidth, flexible: make([]bool, len(headers))}
	for i, h := range headers {
		name, flexible := strings.CutPrefix(h, "~")
		t.header = append(t.header, name)
		t.flexible[i] = flexible
	}
	return t
}

// Row adds a row; missing cells are empty, and an empty cell prints as "-".
// Control characters are escaped, so foreign text cannot steer the terminal.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(t.header))
	for i := range row {
		if i < len(cells) {
			row[i] = Escape(cells[i])
		}
		if row[i] == "" {
			row[i] = "-"
		}
	}
	t.rows = append(t.rows, row)
}

// Write writes the header and all rows, without spaces at the ends of lines.
func (t *Table) Write(w io.Writer) error {
	widths, between := t.layout()
	var b strings.Builder
	for _, row := range append([][]string{t.header}, t.rows...) {
		line := ""
		for i, cell := range row {
			cell = cut(cell, widths[i])
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+between)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// layout is the width of every column and the gap between them: first the gap
// narrows, then flexible columns do, from the left.
func (t *Table) layout() (widths []int, between int) {
	widths = make([]int, len(t.header))
	total := 0
	for i, h := range t.header {
		widths[i] = utf8.RuneCountInString(h)
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		total += widths[i]
	}
	if t.Width <= 0 || total+gap*(len(widths)-1) <= t.Width {
		return widths, gap
	}
	excess := total + narrowGap*(len(widths)-1) - t.Width
	for i := range widths {
		if !t.flexible[i] || excess <= 0 {
			continue
		}
		narrowest := max(minFlexible, utf8.RuneCountInString(t.header[i]))
		less := min(excess, max(0, widths[i]-narrowest))
		widths[i] -= less
		excess -= less
	}
	return widths, narrowGap
}

func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// Line is text from elsewhere as one safe line: what stood in several is joined
// by "; ".
func Line(s string) string {
	var parts []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, Escape(strings.ReplaceAll(part, "\t", " ")))
		}
	}
	return strings.Join(parts, "; ")
}

// Wrap breaks text into lines of at most width characters at spaces; a longer
// word stays whole, for it may be a name or URL to copy.
func Wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// Escape makes text from elsewhere safe for a terminal: what is not printable
// (control characters, bidirectional overrides) is written as in Go source.
func Escape(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}
