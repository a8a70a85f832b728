package report

import (
	"fmt"
	"slices"
	"strings"
)

// mostMarkdown is how many bytes of Markdown there are at most. GitHub takes 65,536
// characters for a comment, and whoever posts it may add some.
const mostMarkdown = 65_000

// pieces are Markdown, of which some can be done without.
type pieces struct{ all []piece }

type piece struct {
	text string
	// folded: it is there for who wants to know more.
	folded bool
}

func (p *pieces) write(format string, args ...any) {
	p.all = append(p.all, piece{text: fmt.Sprintf(format, args...)})
}

func (p *pieces) text(content func(b *strings.Builder)) {
	var b strings.Builder
	content(&b)
	p.all = append(p.all, piece{text: b.String()})
}

func (p *pieces) table(t *table) { p.text(func(b *strings.Builder) { markdownTable(b, t) }) }

func (p *pieces) folded(summary string, content func(b *strings.Builder)) {
	var b strings.Builder
	fmt.Fprintf(&b, "<details><summary>%s</summary>\n\n", markdownText(summary))
	content(&b)
	b.WriteString("</details>\n\n")
	p.all = append(p.all, piece{text: b.String(), folded: true})
}

// within are the pieces in at most so many bytes: without the last of those that are
// folded, and if that is not enough without the lines at the end. A line says so.
func (p *pieces) within(most int) string {
	const note = "\nMore than this does not fit into a comment: the page has all of it.\n\n"
	kept := slices.Clone(p.all)
	if text := textOf(kept); len(text) <= most {
		return text
	}
	most -= len(note)
	for i := len(kept) - 1; i >= 0 && len(textOf(kept)) > most; i-- {
		if kept[i].folded {
			kept = slices.Delete(kept, i, i+1)
		}
	}
	text := textOf(kept)
	if len(text) > most {
		text = text[:strings.LastIndexByte(text[:most], '\n')+1]
	}
	return text + note
}

func textOf(all []piece) string {
	var b strings.Builder
	for _, one := range all {
		b.WriteString(one.text)
	}
	return b.String()
}
