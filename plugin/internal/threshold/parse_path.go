package threshold

import (
	"regexp"
	"slices"
	"strings"
)

// word is one part of a path, and the byte it begins at.
type word struct {
	text   string
	at     int
	quoted bool // it stood in brackets, as in codes["503"]
}

// key is what a status code, a kind of error or the name of a target may be.
var key = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._:/-]{0,61}[A-Za-z0-9])?$`)

// words splits a path at its dots and brackets. A dot may stand before the
// first, as in the JSONPath of kubectl.
func (p *parser) words() ([]word, error) {
	if strings.HasPrefix(p.rest(), ".") {
		p.at++
	}
	var all []word
	for {
		at := p.at
		text := p.take(func(r rune) bool {
			return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		})
		if text == "" || len(all) == 0 && text[0] <= '9' {
			p.at = at
			return nil, p.noWord(at, all)
		}
		all = append(all, word{text: text, at: at})
		for strings.HasPrefix(p.rest(), "[") {
			w, err := p.bracket()
			if err != nil {
				return nil, err
			}
			all = append(all, w)
		}
		if !strings.HasPrefix(p.rest(), ".") {
			return all, nil
		}
		p.at++
	}
}

// noWord is the error where a word of a path should stand, after those before.
func (p *parser) noWord(at int, before []word) error {
	switch {
	case len(before) > 0:
		return p.failAt(at, "a name is missing after %q", p.text[before[0].at:at])
	case strings.IndexFunc(p.rest(), func(r rune) bool { return !strings.ContainsRune("<>=!", r) }) > 0:
		return p.failAt(at, "a path is missing before the comparison: write %q", example)
	}
	return p.failAt(at, "%q stands where a path should: write %q", short(p.word()), example)
}

// bracket reads ["503"] or ['503'].
func (p *parser) bracket() (word, error) {
	at := p.at
	rest := p.rest()[1:]
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		text, after, found := strings.Cut(rest[1:], rest[:1])
		if found && strings.HasPrefix(after, "]") && key.MatchString(text) {
			p.at = len(p.text) - len(after) + 1
			return word{text: text, at: at + 2, quoted: true}, nil
		}
	}
	return word{}, p.failAt(at, "%q is not a name in brackets: write one such as %s", short(p.word()), `["503"]`)
}

// path reads a path in any of its forms: with or without status and latency
// before it.
func (p *parser) path() (path, error) {
	words, err := p.words()
	if err != nil {
		return path{}, err
	}
	if len(words) > 1 && words[0].text == "status" {
		words = words[1:]
	}
	if words[0].text == "targets" {
		return p.ofTarget(words)
	}
	return p.figure(words, false)
}

// ofTarget reads targets.NAME and the figure of that target.
func (p *parser) ofTarget(words []word) (path, error) {
	if len(words) < 3 {
		return path{}, p.failAt(words[0].at, "targets needs the name of a target and its figure: write targets.NAME.responseTime.p99")
	}
	figure, err := p.figure(words[2:], true)
	figure.target = words[1].text
	return figure, err
}

// figure reads what is left of a path, of one target or of all.
func (p *parser) figure(words []word, ofTarget bool) (path, error) {
	if len(words) > 1 && words[0].text == "latency" {
		words = words[1:]
	}
	first, rest := words[0], words[1:]
	switch {
	case isLatency(first.text):
		return p.latency(first, rest)
	case first.text == codes:
		return p.code(first, rest)
	case first.text == requests && len(rest) > 0 && rest[0].text == codes:
		return p.code(rest[0], rest[1:])
	case first.text == requests:
		return p.field(first, rest, requestFields, "requests.failed")
	case first.text == errorRate || first.text == unsentRate:
		return path{group: first.text}, p.end(first, rest)
	case ofTarget:
		return path{}, p.unknown(first, slices.Concat(latencies, []string{requests, errorRate, unsentRate}))
	case first.text == rate:
		return p.field(first, rest, rateFields, "rate.achieved")
	case first.text == "resources":
		if len(rest) == 2 && rest[0].text == "nodes" && rest[1].text == "cpuUtilization" {
			return path{group: nodes, field: "cpuUtilization"}, nil
		}
		return path{}, p.failAt(first.at, "%q has one figure here: write resources.nodes.cpuUtilization", first.text)
	}
	return path{}, p.unknown(first, slices.Concat(latencies, []string{requests, errorRate, unsentRate, rate, "targets"}))
}

// latency reads a figure of a latency. The dot of p99.5 has made two words of it.
func (p *parser) latency(group word, rest []word) (path, error) {
	if len(rest) == 0 {
		return path{}, p.failAt(group.at, "%q is not one number: write which, such as %s.p99", group.text, group.text)
	}
	name := rest[0]
	if len(rest) > 1 && strings.HasPrefix(name.text, "p") && !rest[1].quoted && strings.Trim(rest[1].text, "0123456789") == "" {
		name.text += "." + rest[1].text
		rest = rest[1:]
	}
	if text, q, ok := percentile(name.text); ok {
		return path{group: group.text, field: text, q: q}, p.end(name, rest[1:])
	}
	if slices.Contains(latencyFields, name.text) {
		return path{group: group.text, field: name.text}, p.end(name, rest[1:])
	}
	return path{}, p.noFigure(group, name)
}

// noFigure is the error for what is no figure of a latency.
func (p *parser) noFigure(group, name word) error {
	digits, isP := strings.CutPrefix(name.text, "p")
	if !isP || strings.Trim(digits, "0123456789.") != "" || digits == "" {
		return p.unknown(name, slices.Concat([]string{"p50", "p90", "p99", "p99.9"}, latencyFields))
	}
	switch {
	case plainDecimal(digits) == "0":
		return p.failAt(name.at, "%q is not a percentile: write %s.min for the shortest", name.text, group.text)
	case plainDecimal(digits) == "100":
		return p.failAt(name.at, "%q is not a percentile: write %s.max for the longest", name.text, group.text)
	case len(digits) > 2 && len(digits) <= 7 && !strings.Contains(digits, "."):
		return p.failAt(name.at, "%q is not a percentile: write p%s.%s for one of a fraction", name.text, digits[:2], digits[2:])
	}
	return p.failAt(name.at, "%q is not a percentile: write a number between 0 and 100 with at most five decimals, such as p99.5", short(name.text))
}

// code reads the status code or kind of error after codes.
func (p *parser) code(group word, rest []word) (path, error) {
	if len(rest) == 0 {
		return path{}, p.failAt(group.at, "codes is not one number: write which, such as %s", `requests.codes["503"]`)
	}
	if !key.MatchString(rest[0].text) {
		return path{}, p.failAt(rest[0].at, "%q is not a status code: write one such as 503", short(rest[0].text))
	}
	return path{group: codes, field: rest[0].text}, p.end(rest[0], rest[1:])
}

// field reads the one word after a group that is made of plain fields.
func (p *parser) field(group word, rest []word, known []string, sample string) (path, error) {
	if len(rest) == 0 {
		return path{}, p.failAt(group.at, "%q is not one number: write which, such as %s", group.text, sample)
	}
	if !slices.Contains(known, rest[0].text) {
		return path{}, p.unknown(rest[0], known)
	}
	return path{group: group.text, field: rest[0].text}, p.end(rest[0], rest[1:])
}

// end finds what stands after a path that has ended.
func (p *parser) end(last word, rest []word) error {
	if len(rest) == 0 {
		return nil
	}
	return p.failAt(rest[0].at, "%q is too much: %s is a number already", short(rest[0].text), last.text)
}
