package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

var update = flag.Bool("update", false, "write the golden files")

func written(t *testing.T, in report.Input, write func(io.Writer, report.Input) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// golden holds text against a file. Figures of the made-up runs are reckoned with
// floating point, which another processor rounds otherwise, but far behind the
// digits that are shown.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; look at it and run go test -update:\n%s", file, got)
	}
}

func TestMarkdown(t *testing.T) {
	for _, name := range []string{"comparison", "single"} {
		golden(t, name+".md", written(t, made(t, name), report.Markdown))
	}
}

// Foreign text makes no element, mention, link, reference, code or further cell.
func TestMarkdownOfForeignText(t *testing.T) {
	text := written(t, made(t, "poor"), report.Markdown)
	fenced := regexp.MustCompile("(?s)(?m)^(```+)\n.*?\n```+$").ReplaceAllString(text, "")
	for _, bad := range []string{"<script", "<img", "@everyone", "\u202e", "\x1b", "http://127"} {
		if strings.Contains(fenced, bad) {
			t.Errorf("%q is in\n%s", bad, fenced)
		}
	}
	columns := 0
	for line := range strings.Lines(fenced) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(line, "|") // foreign ones are entities
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d cells, the first line has %d: %s", n, columns, line)
		}
	}
	for _, c := range []struct{ title, want string }{
		{"a|b", "a&#124;b"}, {"@org/team", "&#64;\u2060org/team"}, {"#12 GH-3", "&#35;\u206012 GH\u2060-3"}, {"www.example.com", "www\u2060.example.com"},
		{"https://x", "https&#58;\u2060//x"}, {"`a` *b* _c_ [d](e) ![f]", "\\`a\\` \\*b\\* \\_c\\_ \\[d\\](e) \\!\\[f\\]"}, {"<b>&amp;", "&lt;b&gt;&amp;amp;"},
		{":tada:", "&#58;\u2060tada:"}, {"$x$ ~y~ a\\b", "\\$x\\$ \\~y\\~ a\\\\b"}, {"two\nlines", "two\\\\nlines"},
	} {
		in := made(t, "single")
		in.Title = c.title
		if got, _, _ := strings.Cut(written(t, in, report.Markdown), "\n"); got != "### "+c.want {
			t.Errorf("%q became %q, want %q", c.title, got, "### "+c.want)
		}
	}
}

// A fence in a Test does not end the code.
func TestMarkdownFences(t *testing.T) {
	in := made(t, "single")
	in.Groups[0].Runs[0].Spec.Target.Headers = []document.Header{{Name: "Accept", Value: "```\n</details>\n````\n"}}
	if text := written(t, in, report.Markdown); !strings.Contains(text, "\n`````\napiVersion: ") {
		t.Errorf("got\n%s", text)
	}
}

// GitHub refuses longer comments. What is folded goes first, and the verdict stays.
func TestMarkdownFitsIntoAComment(t *testing.T) {
	in := made(t, "comparison")
	for _, c := range []struct {
		copies         int
		folds, overall bool
	}{{1, true, true}, {12, true, false}, {60, false, false}} {
		many := in
		many.Comparisons = nil
		for range c.copies {
			for _, one := range in.Comparisons {
				copied := *one
				copied.Metrics = slices.Repeat(one.Metrics, 2)
				many.Comparisons = append(many.Comparisons, &copied)
			}
		}
		text := written(t, many, report.Markdown)
		said := strings.Contains(text, "does not fit into a comment")
		if len(text) > 65_000 || said == c.overall || strings.Contains(text, "How to repeat") != c.overall || strings.Contains(text, "More figures") != c.folds ||
			strings.Count(text, "<details>") != strings.Count(text, "</details>") || !strings.HasSuffix(text, "</sub>\n") || !strings.HasPrefix(text, "### ") {
			t.Errorf("%d copies: %d bytes, said %v, folds %d", c.copies, len(text), said, strings.Count(text, "<details>"))
		}
	}
}

// suites are what a reader of JUnit XML finds.
type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name     string  `xml:"name,attr"`
		Tests    int     `xml:"tests,attr"`
		Failures int     `xml:"failures,attr"`
		Errors   int     `xml:"errors,attr"`
		Skipped  int     `xml:"skipped,attr"`
		Time     float64 `xml:"time,attr"`
		Cases    []struct {
			Name      string  `xml:"name,attr"`
			Classname string  `xml:"classname,attr"`
			Time      float64 `xml:"time,attr"`
			Skipped   *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
			Error   *struct{} `xml:"error"`
			Failure *struct {
				Message string `xml:"message,attr"`
				Type    string `xml:"type,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func junit(t *testing.T, in report.Input) suites {
	t.Helper()
	text := written(t, in, report.JUnit)
	var s suites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	total := [3]int{}
	for _, suite := range s.Suites {
		var failures, errors, skipped int
		for _, c := range suite.Cases {
			if c.Name == "" || c.Classname == "" {
				t.Errorf("a case of %q has no name", suite.Name)
			}
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errors++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if suite.Name == "" || suite.Tests != len(suite.Cases) || suite.Failures != failures || suite.Errors != errors || suite.Skipped != skipped {
			t.Errorf("suite %q counts %d tests, %d failures, %d errors, %d skipped; it has %d, %d, %d, %d", suite.Name, suite.Tests, suite.Failures, suite.Errors, suite.Skipped, len(suite.Cases), failures, errors, skipped)
		}
		total[0], total[1], total[2] = total[0]+suite.Tests, total[1]+failures, total[2]+errors
	}
	if total != [3]int{s.Tests, s.Failures, s.Errors} {
		t.Errorf("the root counts %d, %d and %d; the suites have %v", s.Tests, s.Failures, s.Errors, total)
	}
	return s
}

func TestJUnit(t *testing.T) {
	for _, name := range []string{"comparison", "single"} {
		golden(t, name+".xml", written(t, made(t, name), report.JUnit))
	}
}

func TestJUnitOutcomes(t *testing.T) {
	in := made(t, "comparison")
	in.Groups = nil
	want := map[document.Verdict]string{document.Worse: "failed", document.Better: "passed", document.Same: "passed", document.Inconclusive: "skipped", document.TooFew: "skipped"}
	c := *in.Comparisons[0]
	c.Metrics = slices.Clone(c.Metrics[:5])
	for i, v := range []document.Verdict{document.Worse, document.Better, document.Same, document.Inconclusive, document.TooFew} {
		c.Metrics[i].Verdict = v
	}
	c.LeftOut = []document.LeftOutMetric{{Name: "cpu.controlPlane", Reason: "nothing was read of node worker-4"}}
	in.Comparisons = []*document.Comparison{&c}
	s := junit(t, in).Suites[0]
	for i, m := range c.Metrics {
		got := "passed"
		switch one := s.Cases[i]; {
		case one.Failure != nil && one.Failure.Type == "worse" && strings.Contains(one.Failure.Message, " is worse: bare "):
			got = "failed"
		case one.Skipped != nil && one.Skipped.Message != "":
			got = "skipped"
		}
		if got != want[m.Verdict] {
			t.Errorf("%s has %s", m.Verdict, got)
		}
	}
	if last := s.Cases[len(s.Cases)-1]; last.Name != "cpu.controlPlane" || last.Skipped == nil || !strings.Contains(last.Skipped.Message, "not compared: ") {
		t.Errorf("%+v", last)
	}
	single := made(t, "single")
	run := junit(t, single).Suites[0]
	if run.Time != 30 || run.Failures != 2 || run.Errors != 0 || run.Tests != 4 {
		t.Errorf("%+v", run)
	}
	single.Groups[0].Runs[0].Status.Validity = document.Validity{Reasons: []string{"x"}}
	if run := junit(t, single).Suites[0]; run.Failures != 0 || run.Errors != 1 || run.Skipped != 3 {
		t.Errorf("an invalid run: %+v", run)
	}
	poor := junit(t, made(t, "poor"))
	if len(poor.Suites) != 4 || poor.Errors != 2 || poor.Suites[0].Cases[0].Skipped == nil {
		t.Errorf("%+v", poor)
	}
}

func TestJUnitOfForeignText(t *testing.T) {
	text := written(t, made(t, "poor"), report.JUnit)
	for _, bad := range []string{"\x1b", "\u202e", "<script", "<img"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in\n%s", bad, text)
		}
	}
	if !strings.Contains(text, "&lt;/title&gt;&lt;script&gt;") {
		t.Errorf("the name is not in\n%s", text)
	}
}
