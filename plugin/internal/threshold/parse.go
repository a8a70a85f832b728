package threshold

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxLength of an expression, bytes: beyond it something else was pasted.
const maxLength = 400

// Parse reads an expression such as "responseTime.p99 < 50ms". An error is one
// line with the column, the word that is wrong, and what would be right.
func Parse(s string) (Expression, error) {
	p := &parser{text: s}
	e, err := p.expression()
	if err != nil {
		return Expression{}, err
	}
	return e, nil
}

// parser reads text from left to right; at is the byte it has come to.
type parser struct {
	text string
	at   int
}

// failAt is an error about what stands at byte at.
func (p *parser) failAt(at int, format string, args ...any) error {
	// A slip in a shell can put anything here, also what is no text.
	column := utf8.RuneCountInString(p.text[:at]) + 1
	return fmt.Errorf("expression %q, column %d: %s", short(p.text), column, fmt.Sprintf(format, args...))
}

// short is as much of a text as a message quotes.
func short(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

func (p *parser) expression() (e Expression, err error) {
	if len(p.text) > maxLength {
		return e, fmt.Errorf("expression %q is longer than %d characters: write one comparison, such as %q", short(p.text), maxLength, example)
	}
	p.space()
	if p.rest() == "" {
		return e, fmt.Errorf("expression is empty: write one such as %q", example)
	}
	if e.path, err = p.path(); err != nil {
		return e, err
	}
	p.space()
	if e.op, err = p.operator(e.path); err != nil {
		return e, err
	}
	p.space()
	if err = p.value(&e); err != nil {
		return e, err
	}
	p.space()
	if rest := p.rest(); rest != "" {
		return e, p.failAt(p.at, "%q is too much: an expression is one comparison, give each one apart", short(rest))
	}
	return e, nil
}

// example is shown where nothing can be said about what was meant.
const example = "responseTime.p99 < 50ms"

func (p *parser) rest() string { return p.text[p.at:] }

func (p *parser) space() {
	p.at += len(p.rest()) - len(strings.TrimLeft(p.rest(), " \t\r\n"))
}

// take reads the longest beginning made of such characters.
func (p *parser) take(is func(rune) bool) string {
	rest := p.rest()
	n := strings.IndexFunc(rest, func(r rune) bool { return !is(r) })
	if n < 0 {
		n = len(rest)
	}
	p.at += n
	return rest[:n]
}

// notOperators are what people write for the one on the right.
var notOperators = map[string]string{"=": "==", "=<": "<=", "=>": ">=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!=", "===": "=="}

func (p *parser) operator(of path) (string, error) {
	at := p.at
	op := p.take(func(r rune) bool { return strings.ContainsRune("<>=!≤≥≠~", r) })
	for _, known := range operators {
		if op == known {
			return op, nil
		}
	}
	if right := notOperators[op]; right != "" {
		return "", p.failAt(at, "%q is not a comparison: write %s", op, right)
	}
	const which = "one of <, <=, >, >=, == and !="
	switch {
	case op != "":
		return "", p.failAt(at, "%q is not a comparison: write %s", short(op), which)
	case p.rest() == "":
		return "", p.failAt(at, "a comparison and a value are missing: write %q", of.String()+" "+sample(of.kind()))
	}
	return "", p.failAt(at, "%q stands where a comparison should: write %s", short(p.word()), which)
}

// word is what stands here up to the next space, without reading it.
func (p *parser) word() string {
	word, _, _ := strings.Cut(p.rest(), " ")
	return word
}

// sample is a comparison as it would be for a path of that kind.
func sample(k kind) string {
	switch k {
	case inMilliseconds:
		return "< 50ms"
	case inPercent:
		return "< 0.1%"
	case inRate:
		return "> 990"
	}
	return "< 10"
}
