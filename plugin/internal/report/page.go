package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/chart"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

var (
	//go:embed page.html.tmpl
	pageText string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New("report").Parse(pageText))
)

// page is what the template writes: sections of blocks.
type page struct {
	Title, Subtitle   string
	Generated, Plugin string
	Policy            string
	CSS               template.CSS
	Sections          []section
}

type section struct {
	ID, Title string
	Blocks    []block
}

// block is one thing of a section: what is not nil or empty of it.
type block struct {
	Heading string
	// Level is the heading's: 3 or 4.
	Level   int
	Verdict *verdict
	Text    string
	// Notes are a list of sentences.
	Notes []string
	Tiles []tile
	// Figures stand beside each other where there is room.
	Figures []drawing
	Table   *table
	Code    *code
	// More is shown when asked for.
	More *more
}

// verdict is a word with its meaning for the eye, and what it is about.
type verdict struct {
	// Kind is better, worse, same, inconclusive, valid or invalid.
	Kind, Word, Text string
}

// tile is a key figure.
type tile struct{ Name, Value, Note string }

// drawing is a chart, or why there is none.
type drawing struct {
	Title, Caption string
	SVG            template.HTML
	Absent         string
}

// table has a name for each row and for each column.
type table struct {
	ID, Caption string
	Columns     []string
	// Names: this many first columns name the row.
	Names int
	Rows  []row
	// Text: cells hold words, not figures.
	Text bool
}

// head is a column's, to the left where what is below it is.
type head struct {
	Text string
	Left bool
}

// Heads are those of the columns.
func (t *table) Heads() []head {
	var out []head
	for i, text := range t.Columns {
		left := t.Text || i < t.Names
		for _, r := range t.Rows {
			left = left || i < len(r.Cells) && r.Cells[i].Wide
		}
		out = append(out, head{text, left})
	}
	return out
}

type row struct {
	Cells []cell
	// Kind of a row that is not like the others: invalid.
	Kind string
}

type cell struct {
	Text string
	// Kind is a verdict's, or absent.
	Kind string
	// Head: it names the row, Wide: it holds words among figures.
	Head, Wide bool
}

type code struct{ ID, Label, Text string }

type more struct {
	Summary string
	Blocks  []block
}

// HTML writes the report as one page that needs nothing else: no script, no network,
// no other file.
func HTML(w io.Writer, in Input) error {
	m, err := newModel(in)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	css := chart.CSS + pageCSS
	sum := sha256.Sum256([]byte(css))
	p := &page{Title: m.Title, Plugin: m.Plugin, Generated: when(m.Generated), CSS: template.CSS(css),
		// Nothing may be loaded, and no style but the page's own applies.
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"}
	p.Subtitle = m.subtitle()
	for _, make := range []func() (section, error){m.verdict, m.latency, m.everyRun, m.overTime, m.nodes, m.cost, m.environment, m.validity, m.repeat} {
		s, err := make()
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if len(s.Blocks) > 0 {
			p.Sections = append(p.Sections, s)
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func (m *model) subtitle() string {
	if r := m.single(); r != nil {
		return "Run " + r.Metadata.RunID + ", " + when(r.Status.StartTime)
	}
	runs := 0
	for _, g := range m.groups {
		runs += len(g.all)
	}
	return fmt.Sprintf("%s in %s", counted(runs, "run"), counted(len(m.groups), "group"))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return printer.Count(int64(n)) + " " + what + "s"
}

// when is a time in UTC.
func when(t time.Time) string {
	if t.IsZero() {
		return "at an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// drawn has a chart drawn. Where there is nothing to draw, absent says why.
func drawn(id, title, description, caption, absent string, draw func(io.Writer, chart.Head) error) (drawing, error) {
	d := drawing{Title: title, Caption: caption}
	var b bytes.Buffer
	err := draw(&b, chart.Head{ID: id, Title: title, Description: description})
	if errors.Is(err, chart.ErrEmpty) {
		d.Absent = absent
		return d, nil
	}
	// The chart escapes all text that it is given.
	d.SVG = template.HTML(b.String())
	return d, err
}

// cells makes a row of texts; the first names columns name it.
func cells(names int, texts ...string) row {
	var r row
	for i, t := range texts {
		c := cell{Text: printer.Escape(t), Head: i < names}
		if t == wording.None {
			c.Kind = "absent"
		}
		r.Cells = append(r.Cells, c)
	}
	return r
}

// joined is a list in words.
func joined(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
