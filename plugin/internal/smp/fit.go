package smp

import (
	"regexp"
	"strings"
)

var (
	notName  = regexp.MustCompile(`[^a-z0-9.-]+`)
	notLabel = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)
	notKey   = regexp.MustCompile(`[^A-Za-z0-9_./-]+`)
)

const (
	maxName = 63
	maxKey  = 253
)

// FitName makes the name of a Test of s; "" where nothing of it can be one.
func FitName(s string) string { return fit(strings.ToLower(s), notName, maxName) }

// FitLabel and FitKey make the value and the name of a label, as those of a Test
// have to be; "" where nothing of s can be one.
func FitLabel(s string) string { return fit(s, notLabel, maxName) }

// FitKey is the name.
func FitKey(s string) string { return fit(s, notKey, maxKey) }

// fit puts a dash for every stretch that is not allowed, and begins and ends with
// a letter or digit.
func fit(s string, wrong *regexp.Regexp, most int) string {
	const ends = "-_./"
	s = strings.Trim(wrong.ReplaceAllString(s, "-"), ends)
	return strings.TrimRight(s[:min(len(s), most)], ends)
}
