package scrape

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// The lines of a reading differ from those of the one before in their values
// only. So a line is cut by hand into head (metric and labels) and value, and
// the head is parsed, by the parser that Prometheus itself maintains, the first
// time it is seen.

// metricName is the name a line starts with, empty for comments and blank lines.
func metricName(line []byte) []byte {
	for i, c := range line {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':', i > 0 && c >= '0' && c <= '9':
		default:
			return line[:i]
		}
	}
	return line
}

var errLine = errors.New("not a line of the Prometheus text format")

// cutLine cuts a sample line behind its metric name into labels, value and
// timestamp (Unix milliseconds, 0 where there is none).
func cutLine(line, name []byte) (head []byte, value float64, unixMilli int64, err error) {
	end := len(name)
	for end < len(line) && isBlank(line[end]) {
		end++
	}
	if end < len(line) && line[end] == '{' {
		if end = labelsEnd(line, end); end < 0 {
			return nil, 0, 0, errLine
		}
	}
	head = bytes.TrimRight(line[:end], " \t")
	text, rest := cutField(line[end:])
	// These are valid in Go's floats, and in no version of the text format.
	if len(text) == 0 || bytes.ContainsAny(text, "pP_") {
		return nil, 0, 0, errLine
	}
	if value, err = strconv.ParseFloat(string(text), 64); err != nil {
		return nil, 0, 0, errLine
	}
	if text, rest = cutField(rest); len(text) > 0 {
		if unixMilli, err = strconv.ParseInt(string(text), 10, 64); err != nil {
			return nil, 0, 0, errLine
		}
	}
	if len(rest) > 0 {
		return nil, 0, 0, errLine
	}
	return head, value, unixMilli, nil
}

// labelsEnd is the position behind the brace that closes the one at start.
func labelsEnd(line []byte, start int) int {
	quoted := false
	for i := start + 1; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '}' && !quoted:
			return i + 1
		}
	}
	return -1
}

// cutField is the first field of s and what stands behind it.
func cutField(s []byte) (field, rest []byte) {
	s = bytes.TrimLeft(s, " \t")
	if i := bytes.IndexAny(s, " \t"); i >= 0 {
		return s[:i], bytes.TrimLeft(s[i:], " \t")
	}
	return s, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// parseHead reads the labels of a head.
func parseHead(head string) (map[string]string, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(head + " 0\n"))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", head, errLine)
	}
	labels := map[string]string{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
		}
	}
	return labels, nil
}
