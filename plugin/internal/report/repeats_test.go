package report_test

import (
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/imports"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
	"github.com/meshery/kubectl-meshery/plugin/internal/report/example"
)

// A measurement counts once, as often as it may be given.
func TestMeasurementsCountOnce(t *testing.T) {
	for _, valid := range []bool{true, false} {
		in := made(t, "single")
		one := in.Groups[0].Runs[0]
		one.Status.Validity.Valid = valid
		again, copied := *one, *one
		copied.Metadata.RunID, copied.Metadata.Labels = "copied", map[string]string{imports.LabelRun: one.Metadata.RunID}
		in.Groups[0] = report.Group{Name: "a", Runs: []*document.Result{one, &again, &copied}}
		text := page(t, in)
		name := "a"
		if !valid {
			name = "a (invalid)"
		}
		if got := row(t, text, "overview", name); !strings.HasPrefix(got, name+"|1 of 3|18,000|") {
			t.Errorf("valid %v: %q", valid, got)
		}
		for _, want := range []string{"it was given twice", "it is the same measurement as run " + one.Metadata.RunID + ", exported and imported"} {
			if !strings.Contains(text, want) {
				t.Errorf("valid %v: the page lacks %q", valid, want)
			}
		}
		if s := junit(t, in); len(s.Suites) != 1 {
			t.Errorf("valid %v: %d test suites", valid, len(s.Suites))
		}
	}
}

// What a comparison says of a run that was given twice holds for the page.
func TestComparedRunGivenTwice(t *testing.T) {
	in := made(t, "comparison")
	a := &in.Groups[0]
	c := *in.Comparisons[0]
	again, copied := *a.Runs[0], *a.Runs[1]
	id := again.Metadata.RunID
	copied.Metadata.RunID, copied.Metadata.Labels = "copied", map[string]string{imports.LabelRun: copied.Metadata.RunID}
	before := len(junit(t, in).Suites)
	a.Runs = append(a.Runs, &again, &copied)
	c.A.LeftOut = append(c.A.LeftOut, document.LeftOutRun{RunID: id, Reason: "it was given twice"}, document.LeftOutRun{RunID: "copied", Reason: "it is a copy"})
	in.Comparisons = []*document.Comparison{&c}
	if n := len(junit(t, in).Suites); n != before {
		t.Errorf("%d test suites, %d without the copies", n, before)
	}
	text := page(t, in)
	if got := row(t, text, "overview", a.Name); !strings.HasPrefix(got, a.Name+"|6 of 8|") {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(text, "it was given twice"); n != 1 {
		t.Errorf("said %d times", n)
	}
	if got := row(t, text, "validity-runs", id); strings.Contains(got, "twice") {
		t.Errorf("the first of both is left out: %q", got)
	}
}

// Copies that were exported and imported differ by nothing, which is known and drawn.
func TestDifferencesOfExactlyNothing(t *testing.T) {
	in := made(t, "comparison")
	copies := report.Group{Name: "copies"}
	for _, r := range in.Groups[0].Runs {
		one := *r
		one.Metadata.RunID, one.Metadata.Labels = "copy-of-"+r.Metadata.RunID, map[string]string{imports.LabelRun: r.Metadata.RunID}
		copies.Runs = append(copies.Runs, &one)
	}
	c, err := example.Compare(in.Groups[0], copies)
	if err != nil {
		t.Fatal(err)
	}
	text := page(t, report.Input{Groups: []report.Group{in.Groups[0], copies}, Comparisons: []*document.Comparison{c}})
	if c.Verdict != document.Same || strings.Contains(text, "No difference is known") || !strings.Contains(text, `<title id="comparison-1-differences-title">`) {
		t.Errorf("%s; the chart of differences says nothing", c.Verdict)
	}
}
