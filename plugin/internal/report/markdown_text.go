package report

import (
	"regexp"
	"strings"
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
			b.WriteString(" " + signs[c.Kind] + markdownText(c.Text) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// markdownText is foreign text that means nothing in GitHub's Markdown: no markup,
// HTML, table, link, address, mention, reference to an issue, or emoji. Line breaks
// become spaces.
func markdownText(s string) string {
	var b strings.Builder
	plain := []rune(bareLink.ReplaceAllString(strings.Join(strings.Fields(s), " "), "$1"+joiner+"$2"))
	for i, r := range plain {
		switch {
		case r == ':' && (i+1 == len(plain) || plain[i+1] == ' '):
			b.WriteRune(r) // neither an address nor an emoji begins here
		case r == '@' || r == '#' || r == ':':
			b.WriteString(entities[r] + joiner)
		case r == '&' || r == '<' || r == '>' || r == '|':
			b.WriteString(entities[r])
		case strings.ContainsRune("\\`*_[]!~$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// joiner has no width. GitHub looks for its links in the text after entities, where
// it keeps their parts apart.
const joiner = "\u2060"

// bareLink is how addresses without a scheme, and references to issues, begin.
var bareLink = regexp.MustCompile(`(?i)\b(www|gh)([.-])`)

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
