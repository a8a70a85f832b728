package cmd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/compare/synthetic"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// drawn makes n Results with noise, whose figures are shift usual spreads above those of
// others, a minute apart.
func drawn(seed uint64, n int, shift float64, labels map[string]string, change ...func(*document.Result)) (all []*document.Result) {
	made := synthetic.Runs{Noise: synthetic.Noises[0], Random: rand.New(rand.NewPCG(seed, 1)), Shift: shift, Labels: labels}
	for i := range n {
		r := made.Result(0)
		delete(r.Metadata.Labels, "block")
		u := uuid.UUID{6: 0x70, 7: byte(seed), 8: 0x80, 15: byte(i)}
		for b := range 6 {
			u[b] = byte(r.Status.StartTime.UnixMilli() >> (8 * (5 - b)))
		}
		r.Metadata.RunID = u.String()
		for _, c := range change {
			c(r)
		}
		all = append(all, r)
	}
	return all
}

// filed writes Results into a new directory, and returns it with a slash at its end.
func filed(t *testing.T, results []*document.Result) string {
	t.Helper()
	dir := t.TempDir()
	for i, r := range results {
		raw, err := document.Marshal(r)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.json", i)), raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir + "/"
}

// keptIn archives Results.
func keptIn(t *testing.T, url string, lists ...[]*document.Result) {
	t.Helper()
	o, err := archive.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		for _, r := range list {
			raw, err := document.Marshal(r)
			if err == nil {
				_, err = a.Put(t.Context(), raw)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func labelled(key, value string) map[string]string { return map[string]string{key: value} }

func TestCompare(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	t.Setenv("MESHERY_ARCHIVE", url)
	none, istio := drawn(1, 12, 0, labelled("mesh", "none")), drawn(2, 12, 8, labelled("mesh", "istio"))
	made := 0
	frail := func(r *document.Result) {
		if made++; made <= 3 {
			r.Status.Validity = document.Validity{Reasons: []string{"50 % of the requests failed"}}
			r.Status.Requests.Succeeded, r.Status.Requests.Failed = 50_000, 50_000
		}
	}
	keptIn(t, url, drawn(6, 14, 0, labelled("mesh", "frail"), frail), none, istio, drawn(3, 12, 0, labelled("mesh", "again")), drawn(4, 3, 8, labelled("mesh", "few")),
		drawn(5, 12, 8, labelled("mesh", "other"), func(r *document.Result) { r.Status.Environment.Nodes[0].Kernel = "6.6.0" }))
	for name, c := range map[string]struct {
		args    []string
		code    int
		verdict string
		want    string
	}{
		"worse":          {[]string{"mesh=none", "mesh=istio"}, 0, "WORSE", ""},
		"worse fails":    {[]string{"mesh=none", "mesh=istio", "--fail-on", "worse"}, exit.Thresholds, "WORSE", "istio is worse beside none"},
		"better":         {[]string{"mesh=istio", "mesh=none", "--fail-on", "worse", "--metrics", "responseTime.p50,cpu.node"}, 0, "BETTER", ""},
		"the same":       {[]string{"mesh=none", "mesh=again", "--fail-on", "worse,inconclusive", "--metrics", "responseTime.p50", "--effect", "responseTime=10%"}, 0, "SAME", ""},
		"good alone":     {[]string{"mesh=istio", "mesh=frail", "--fail-on", "worse,inconclusive", "--metrics", "responseTime.p50"}, exit.Thresholds, "INCONCLUSIVE", "frail is inconclusive beside istio"},
		"too few":        {[]string{"mesh=none", "mesh=few"}, 0, "TOO FEW RUNS", ""},
		"too few, worse": {[]string{"mesh=none", "mesh=few", "--fail-on", "worse"}, 0, "TOO FEW RUNS", ""},
		"too few fails":  {[]string{"mesh=none", "mesh=few", "--fail-on", "inconclusive"}, exit.Thresholds, "TOO FEW RUNS", "few beside none: too few runs for a verdict"},
		"too few, 4":     {[]string{"mesh=none", "mesh=few", "--fail-on", "worse,too-few"}, exit.Invalid, "TOO FEW RUNS", "few beside none: too few runs for a verdict"},
		"enough":         {[]string{"mesh=none", "mesh=istio", "--fail-on", "worse,too-few"}, exit.Thresholds, "WORSE", "istio is worse beside none"},
		"last":           {[]string{"mesh=none", "mesh=istio", "--last", "3"}, 0, "TOO FEW RUNS", ""},
		"refused":        {[]string{"mesh=none", "mesh=other"}, exit.Failure, "", "(--allow kernel, or --force)"},
		"allowed":        {[]string{"mesh=none", "mesh=other", "--allow", "kernel"}, 0, "WORSE", ""},
		"forced":         {[]string{"mesh=none", "mesh=other", "--force"}, 0, "WORSE", ""},
		"files, last":    {[]string{filed(t, none), filed(t, istio), "--last", "3"}, 0, "TOO FEW RUNS", ""},
		"files, where":   {[]string{filed(t, none), filed(t, istio), "--where", "mesh=none"}, exit.Failure, "", "of the 12 Results in files none is "},
		"files":          {[]string{filed(t, none), filed(t, istio), "--fail-on", "worse"}, exit.Thresholds, "WORSE", "is worse beside"},
	} {
		stdout, stderr, err := execute(t, append([]string{"compare"}, c.args...)...)
		if exit.Code(err) != c.code || err != nil && !strings.Contains(err.Error(), c.want) || stderr != "" {
			t.Errorf("%s: %d, %v, %q; want %d, %q", name, exit.Code(err), err, stderr, c.code, c.want)
		}
		if first, _, _ := strings.Cut(stdout, "\n"); (c.verdict == "") != (stdout == "") || !strings.Contains(first, c.verdict) && !strings.Contains(strings.ReplaceAll(stdout, "\n", " "), ": "+c.verdict) {
			t.Errorf("%s: no %s in\n%s", name, c.verdict, stdout)
		}
	}
	stdout, _, err := execute(t, "compare", "mesh=none", "mesh=istio", "-o", "json")
	var c document.Comparison
	if err != nil || json.Unmarshal([]byte(stdout), &c) != nil || len(c.A.Runs) != 12 || c.Verdict != document.Worse {
		t.Errorf("%v\n%s", err, stdout)
	}
	stdout, _, err = execute(t, "compare", "mesh=none", "mesh=istio", "--group-name", "the way it was before", "--group-name", "the way that it is now")
	if err != nil || !strings.HasPrefix(stdout, "the way that it is now beside the way it was before, 12 and 12 runs: WORSE\n") {
		t.Errorf("%v\n%s", err, stdout)
	}
	narrow := stdout
	stdout, _, err = execute(t, "compare", "mesh=none", "mesh=istio")
	if err != nil || !regexp.MustCompile(`(?m)^METRIC +NONE +ISTIO +DIFFERENCE \(95 %\) +VERDICT$`).MatchString(stdout) {
		t.Errorf("%v\n%s", err, stdout)
	}
	for line := range strings.Lines(narrow + stdout) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("%d wide: %s", n, line)
		}
	}
}

// What is in files needs no archive, and nobody is asked for credentials to one.
func TestFilesOpenNoArchive(t *testing.T) {
	home(t)
	var asked atomic.Int64
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "no credentials here", http.StatusNotFound)
	}))
	t.Cleanup(cloud.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "MINIO_ROOT_USER", "MINIO_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.URL)
	t.Setenv("MESHERY_ARCHIVE", "s3://runs")
	a, b := filed(t, drawn(1, 6, 0, nil)), filed(t, drawn(2, 6, 0, nil))
	for _, args := range [][]string{{"compare", a, b}, {"report", a, b, "--format", "markdown"}} {
		if _, _, err := execute(t, args...); err != nil || asked.Load() > 0 {
			t.Errorf("%s: %v, asked %d times", args[0], err, asked.Load())
		}
	}
	if _, _, err := execute(t, "compare", a, "mesh=none"); err == nil || asked.Load() == 0 {
		t.Errorf("with runs of the archive: %v, asked %d times", err, asked.Load())
	}
}

func TestCompareRefuses(t *testing.T) {
	home(t)
	for want, args := range map[string][]string{
		"compare needs two groups of runs":           {"mesh=none"},
		`--fail-on "better" is unknown`:              {"mesh=a", "mesh=b", "--fail-on", "better"},
		`--effect "cpu" is not METRIC=5%`:            {"mesh=a", "mesh=b", "--effect", "cpu"},
		`"5x" is neither a share`:                    {"mesh=a", "mesh=b", "--effect", "cpu=5x"},
		"--last -1 is below 0":                       {"mesh=a", "mesh=b", "--last", "-1"},
		"no run has both mesh=a and mesh=c":          {"mesh=a", "mesh=b", "--where", "mesh=c"},
		"confidence 2 is not between":                {"mesh=a", "mesh=b", "--confidence", "2"},
		"--confidence 0 is not between":              {"mesh=a", "mesh=b", "--confidence", "0"},
		"--seed 0 is none":                           {"mesh=a", "mesh=b", "--seed", "0"},
		"--group-name is given 1 times for 2 groups": {"mesh=a", "mesh=b", "--group-name", "x"},
		`condition "mesh=" has no value`:             {"mesh=", "mesh=b"},
		`condition "x" is not KEY=VALUE`:             {"mesh=a", "mesh=b", "--where", "x"},
		`output format "xml" is unknown`:             {"mesh=a", "mesh=b", "-o", "xml"},
	} {
		stdout, _, err := execute(t, append([]string{"compare"}, args...)...)
		if exit.Code(err) != exit.Usage || !strings.Contains(fmt.Sprint(err), want) || stdout != "" {
			t.Errorf("%v: %d, %v; want %q", args, exit.Code(err), err, want)
		}
	}
}
