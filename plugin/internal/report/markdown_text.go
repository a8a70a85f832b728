package report

import (
	"strings"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// markdownTable writes t as GitHub's tables are: one line a row.
func markdownTable(b *strings.Builder, t *table) {
	b.WriteString("|")
	for _, h := range t.Heads() {
		b.WriteString(" " + markdownText(h.Text) + " |")
	}
	b.WriteString("\n|")
	for _, h := range t.Heads() {
		if h.Left {
			b.WriteString(" --- |")
		} else {
			b.WriteString(" ---: |")
		}
	}
	b.WriteString("\n")
	for _, r := range t.Rows {
		b.WriteString("|")
		for _, c := range r.Cells {
			text, mark := c.Text, ""
			if rest, ok := strings.CutPrefix(text, verdictMark); ok {
				for _, v := range []document.Verdict{document.Better, document.Worse, document.Same, document.Inconclusive, document.TooFew} {
					if after, ok := strings.CutPrefix(rest, string(v)); ok {
						mark, rest = badge(v), after
						break
					}
				}
				text = rest
			}
			b.WriteString(" " + mark + markdownText(text) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// markdownText is foreign text that means nothing in GitHub's Markdown: no markup,
// HTML, table, link, address, mention, reference to an issue or a commit, or emoji.
// Line breaks become spaces.
func markdownText(s string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		switch {
		case r == '@' || r == '#' || r == ':':
			// An entity shows the same and is nothing that GitHub looks for; a joiner
			// of no width keeps those apart that it makes links of after that.
			b.WriteString(entities[r] + "\u2060")
		case r == '&' || r == '<' || r == '>' || r == '|':
			b.WriteString(entities[r])
		case r < utf8.RuneSelf && strings.ContainsRune("\\`*_{}[]()!~$^=\"'", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

var entities = map[rune]string{'@': "&#64;", '#': "&#35;", ':': "&#58;", '&': "&amp;", '<': "&lt;", '>': "&gt;", '|': "&#124;"}

// codeText can stand between two backquotes, in a table, too.
func codeText(s string) string {
	return strings.NewReplacer("`", "'", "|", "¦", "\n", " ", "\r", " ").Replace(s)
}

// fenceOf is a fence that text does not close.
func fenceOf(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}
