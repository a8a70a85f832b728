package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// The elements that readers of JUnit XML have in common; attributes and their order
// are those of the schema of Jenkins' xUnit plugin (junit-10.xsd).
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
	Out       string      `xml:"system-out,omitempty"`
	seconds   float64
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	Classname string        `xml:"classname,attr"`
	Time      string        `xml:"time,attr"`
	Skipped   *junitMessage `xml:"skipped"`
	Error     *junitMessage `xml:"error"`
	Failure   *junitMessage `xml:"failure"`
	Out       string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML. A comparison is a test suite with a test case
// per metric: worse has failed; inconclusive and too few runs are skipped, for
// nothing was shown, neither that it is worse nor that it is not. Groups that could not
// be compared are a suite with an error. A run that no
// comparison has is a suite with a case for its validity, where an invalid run is an
// error, and one per threshold, skipped in an invalid run.
func JUnit(w io.Writer, in Input) error {
	m, err := newModel(in)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	all := junitSuites{Name: xmlText(m.Title)}
	compared := map[string]bool{}
	for _, c := range m.Comparisons {
		all.Suites = append(all.Suites, junitComparison(c))
		for _, side := range []document.ComparedGroup{c.A, c.B} {
			for _, r := range side.Runs {
				compared[r.RunID] = true
			}
			for _, r := range side.LeftOut {
				compared[r.RunID] = true
			}
		}
	}
	for _, r := range m.Refused {
		name := xmlText(r.heading())
		all.Suites = append(all.Suites, junitSuite{Name: name, Cases: []junitCase{{Name: "verdict", Classname: name, Time: junitTime(0),
			Error: &junitMessage{refused + ": " + xmlText(r.Reason), "refused", xmlText(r.Reason)}}}})
	}
	for _, g := range m.groups {
		for i, r := range g.all {
			if r.repeats {
				continue
			}
			// What a comparison does not look at are thresholds.
			if !compared[r.Metadata.RunID] || len(r.Status.Thresholds) > 0 {
				all.Suites = append(all.Suites, junitRun(g, i, compared[r.Metadata.RunID]))
			}
		}
	}
	var seconds float64
	for i := range all.Suites {
		s := &all.Suites[i]
		s.count()
		seconds += s.seconds
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	all.Time = junitTime(seconds)
	raw, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = io.WriteString(w, xml.Header+string(raw)+"\n")
	return err
}

// count fills the counts of s.
func (s *junitSuite) count() {
	s.Tests, s.Time = len(s.Cases), junitTime(s.seconds)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// junitTime is seconds without separators of thousands, which some readers refuse.
func junitTime(seconds float64) string { return strconv.FormatFloat(max(0, seconds), 'f', 3, 64) }

func junitComparison(c *document.Comparison) junitSuite {
	name := xmlText(c.B.Name + " against " + c.A.Name)
	s := junitSuite{Name: name}
	for _, m := range c.Metrics {
		figures := fmt.Sprintf("%s %s, %s %s, difference %s", c.A.Name, side(m.Unit, m.A), c.B.Name, side(m.Unit, m.B), wording.Change(m.Unit, m.Difference, greater(m)))
		one := junitCase{Name: xmlText(m.Name), Classname: name, Time: junitTime(0), Out: xmlText(figures)}
		message := xmlText(wording.Metric(m.Name) + ": " + metricVerdict(m))
		switch m.Verdict {
		case document.Worse:
			one.Failure = &junitMessage{xmlText(wording.Metric(m.Name) + " is worse: " + figures), "worse", xmlText(figures)}
			one.Out = ""
		case document.Better, document.Same:
		default:
			one.Skipped = &junitMessage{Message: message}
		}
		s.Cases = append(s.Cases, one)
	}
	for _, l := range c.LeftOut {
		s.Cases = append(s.Cases, junitCase{Name: xmlText(l.Name), Classname: name, Time: junitTime(0), Skipped: &junitMessage{Message: xmlText("not compared: " + l.Reason)}})
	}
	if len(c.Metrics) == 0 {
		s.Cases = append(s.Cases, junitCase{Name: "verdict", Classname: name, Time: junitTime(0), Skipped: &junitMessage{Message: xmlText(string(c.Verdict) + ": " + verdictText(c))}})
	}
	s.Out = xmlText(basis(c))
	for _, l := range append(c.A.LeftOut[:len(c.A.LeftOut):len(c.A.LeftOut)], c.B.LeftOut...) {
		s.Out += xmlText(fmt.Sprintf("\nrun %s was left out: %s", l.RunID, l.Reason))
	}
	return s
}

// junitRun is the suite of a run. Whether a compared run is valid is for the
// comparison, which leaves it out if not: that is no error. Names are the same in
// every report of such groups, for CI shows by them what changed.
func junitRun(g *group, i int, compared bool) junitSuite {
	r, name := g.all[i], xmlText(g.name)
	if len(g.all) > 1 {
		name += fmt.Sprintf(", run %d", i+1)
	}
	s := junitSuite{Name: name, seconds: r.measured(), Out: xmlText("run " + r.Metadata.RunID)}
	if !r.Status.StartTime.IsZero() {
		s.Timestamp = r.Status.StartTime.UTC().Format("2006-01-02T15:04:05")
	}
	validity := junitCase{Name: "validity", Classname: name, Time: junitTime(r.measured())}
	v := r.Status.Validity
	if !v.Valid {
		why := xmlText(strings.Join(v.Reasons, "; "))
		if compared {
			validity.Skipped = &junitMessage{Message: "left out of the comparison: " + why}
		} else {
			validity.Error = &junitMessage{"the run is invalid: " + why, "invalid", xmlText(strings.Join(v.Reasons, "\n"))}
		}
	}
	if len(v.Warnings) > 0 {
		validity.Out = xmlText(strings.Join(v.Warnings, "\n"))
	}
	s.Cases = []junitCase{validity}
	for _, t := range r.Status.Thresholds {
		one := junitCase{Name: xmlText(t.Expression), Classname: name, Time: junitTime(0)}
		actual := "the actual value is not known"
		if t.Actual != nil {
			actual = "actual: " + thresholdActual(t)
			one.Out = xmlText(actual)
		}
		if t.Reason != "" {
			actual += "; " + t.Reason
		}
		switch {
		case !v.Valid:
			one.Skipped = &junitMessage{Message: xmlText("not judged, for the run is invalid; " + actual)}
		case !t.Passed:
			one.Failure = &junitMessage{xmlText(t.Expression + " does not hold; " + actual), "threshold", xmlText(actual)}
			one.Out = ""
		}
		s.Cases = append(s.Cases, one)
	}
	return s
}

// xmlText is text that can be seen, line by line.
func xmlText(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printer.Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}
