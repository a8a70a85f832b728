package cmd

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

func TestReport(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	t.Setenv("MESHERY_ARCHIVE", url)
	none, istio := drawn(1, 12, 0, map[string]string{"bench": "b1", "variant": "none"}), drawn(2, 12, 8, map[string]string{"bench": "b1", "variant": "istio"})
	keptIn(t, url, istio, none, drawn(3, 1, 0, labelled("bench", "b2")))
	page, text, junit := filepath.Join(dir, "it's.html"), filepath.Join(dir, "r.md"), filepath.Join(dir, "r.xml")
	stdout, stderr, err := execute(t, "report", "bench=b1", "--by", "variant", "--baseline", "none", "--fail-on", "worse", "--title", "A & B",
		"--token=eyJhidden", "--as=somebody", "--context=", "-n", "perf", "--archive-path-style", "--output", page, "--output", text, "--output", junit)
	if exit.Code(err) != exit.Thresholds || err.Error() != "istio is worse beside none" || stdout != "" || strings.Count(stderr, "The report is in ") != 3 {
		t.Errorf("%d, %v, %q, %q", exit.Code(err), err, stdout, stderr)
	}
	again := "kubectl meshery report bench=b1 --archive-path-style --baseline=none --by=variant --context='' --fail-on=worse -n perf --output='" +
		dir + `/it'\''s.html' --output=` + text + " --output=" + junit + " --title='A & B'"
	read := map[string]string{}
	for _, file := range []string{page, text, junit} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "hidden") || strings.Contains(string(raw), "somebody") {
			t.Errorf("%s publishes what opens the cluster", file)
		}
		read[file] = string(raw)
	}
	if !strings.Contains(read[text], again) || !strings.Contains(read[text], "worse") {
		t.Errorf("not how to repeat it, %s, in\n%s", again, read[text])
	}
	if !strings.HasPrefix(strings.TrimSpace(read[page]), "<!DOCTYPE html>") || !strings.Contains(read[page], "<title>A &amp; B</title>") {
		t.Errorf("the page begins with %.200s", read[page])
	}
	if err := xml.Unmarshal([]byte(read[junit]), new(struct{})); err != nil || !strings.Contains(read[junit], "<failure") {
		t.Errorf("%v\n%s", err, read[junit])
	}

	// The line does the same again.
	if _, _, err := execute(t, "report", "bench=b1", "--archive-path-style=true", "--by=variant", "--baseline=none", "--output="+text); err != nil {
		t.Error(err)
	}
	// Files, and one form on standard output.
	stdout, _, err = execute(t, "report", filed(t, none), filed(t, istio), "--format", "markdown")
	if err != nil || !strings.Contains(stdout, "worse") {
		t.Errorf("%v\n%s", err, stdout)
	}
	// Where one group cannot be compared with the first, the others are, and why is said.
	other := drawn(4, 12, 0, labelled("variant", "other"))
	for _, r := range other {
		r.Spec.Load.Rate = 77
	}
	stdout, _, err = execute(t, "report", filed(t, none), filed(t, istio), filed(t, other), "--format", "markdown", "--fail-on", "worse")
	if exit.Code(err) != exit.Thresholds || !strings.Contains(stdout, "**worse**") || !strings.Contains(stdout, "**not compared**: the runs differ in test") ||
		!strings.Contains(err.Error(), "is worse beside") || !strings.Contains(err.Error(), "--allow test, or --force") {
		t.Errorf("%d, %v\n%s", exit.Code(err), err, stdout)
	}
	for _, format := range []string{"html", "junit"} {
		stdout, _, err = execute(t, "report", filed(t, none), filed(t, other), "--format", format)
		if exit.Code(err) != exit.Failure || !strings.Contains(strings.ToLower(stdout), "not compared") || !strings.Contains(stdout, "the runs differ in test") {
			t.Errorf("%s: %d, %v\n%s", format, exit.Code(err), err, stdout)
		}
	}
	// Too few runs are no error without --fail-on inconclusive.
	stdout, _, err = execute(t, "report", "variant=none", "variant=istio", "--last", "3", "--fail-on", "worse", "--format", "markdown")
	if err != nil || !strings.Contains(stdout, "too few") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestReportRefuses(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	t.Setenv("MESHERY_ARCHIVE", url)
	keptIn(t, url, drawn(1, 2, 0, labelled("variant", "none")), drawn(2, 2, 0, nil))
	for want, c := range map[string]struct {
		args []string
		code int
	}{
		"report needs at least one group":          {nil, exit.Usage},
		`--format "pdf" is unknown`:                {[]string{"checkout", "--format", "pdf"}, exit.Usage},
		`--output "x.txt" ends on none of`:         {[]string{"checkout", "--output", "x.txt"}, exit.Usage},
		"--by splits one group, and 2 are given":   {[]string{"a", "b", "--by", "x"}, exit.Usage},
		"--baseline belongs to --by":               {[]string{"a", "--baseline", "x"}, exit.Usage},
		`has no label "variant" to split by`:       {[]string{"checkout", "--by", "variant"}, exit.Failure},
		"no run has variant=istio: there are none": {[]string{"variant=none", "--by", "variant", "--baseline", "istio"}, exit.Failure},
		`is of a Test named "cart"`:                {[]string{"cart"}, exit.Failure},
		"no such file":                             {[]string{"gone.json"}, exit.Failure},
	} {
		stdout, _, err := execute(t, append([]string{"report"}, c.args...)...)
		if exit.Code(err) != c.code || !strings.Contains(fmt.Sprint(err), want) || stdout != "" {
			t.Errorf("%v: %d, %v; want %q", c.args, exit.Code(err), err, want)
		}
	}
}
