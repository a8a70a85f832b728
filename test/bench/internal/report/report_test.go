//go:build linux

package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

func run(section, tool string, round int, cpu float64) Run {
	return Run{Section: section, Tool: tool, Round: round, CPUSeconds: cpu, Sleeps: 500_000, Answer: &Answer{Requests: 1_000_000, Seconds: 5}}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	// The machine was twice as slow in the second round, and the third has no wrk.
	r := &Report{Runs: []Run{
		run(HTTP1, "wrk", 0, 4), run(HTTP1, peer.Ours, 0, 4.4),
		run(HTTP1, peer.Ours, 1, 8.8), run(HTTP1, "wrk", 1, 8),
		run(HTTP1, peer.Ours, 2, 100),
	}}
	got := r.ratios(HTTP1, peer.Ours, "wrk", cpuPerRequest)
	if len(got) != 2 || got.text(ratio) != "1.10 (1.10 to 1.10)" {
		t.Errorf("ratios %v", got)
	}
}

func TestBarsJudgeTheMedian(t *testing.T) {
	r := &Report{}
	for i, cpu := range []float64{4.2, 4.3, 9} {
		r.Runs = append(r.Runs, run(HTTP1, "wrk", i, 4), run(HTTP1, peer.Ours, i, cpu), run(HTTP1, "fortio", i, 4.2))
	}
	r.Judge()
	var text strings.Builder
	r.Markdown(&text)
	for _, want := range []string{
		"| HTTP/1.1: CPU per request, x wrk | at most 1.10 | 1.07 (1.05 to 2.25) | met |",
		"| HTTP/1.1: CPU per request, x fortio | at most 1.00 | 1.02 (1.00 to 2.14) | missed |",
		"| gRPC: CPU per request, x ghz | at most 1.00 | – | not measured |",
		"| wrk | 4.00 µs (4.00 µs to 4.00 µs) | 1.00 (1.00 to 1.00) | 200,000 (200,000 to 200,000) | 0 |",
	} {
		if !strings.Contains(text.String(), want+"\n") {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// A tool that says that its figures are not to be believed is marked.
func TestInvalidRunsAreMarked(t *testing.T) {
	bad := run(Rate+"half", peer.Ours, 0, 1)
	bad.Load.Rate, bad.Answer.Invalid = 200_000, "late"
	good := run(Rate+"half", peer.Ours, 1, 1)
	good.Load.Rate = 200_000
	var text strings.Builder
	(&Report{Runs: []Run{bad, good}}).Markdown(&text)
	if want := "| kubectl-meshery: calls 1 of its 2 runs invalid | 100.0 % (100.0 % to 100.0 %) | 1.00 µs (1.00 µs to 1.00 µs) | 0.500 (0.500 to 0.500) |"; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in\n%s", want, text.String())
	}
}

func TestErrorsAreAgainstTheServersRecord(t *testing.T) {
	one := run(Truth+target.Lognormal, peer.Ours, 0, 1)
	one.Load.Rate = 200_000
	one.Truth = &target.Truth{Count: 1000, P50: 5, P99: 20}
	// The server knows of the service time; of the response time it cannot know.
	one.Answer.P50, one.Answer.P99, one.Answer.ServiceP50, one.Answer.ServiceP99 = 7, 70, 5.1, 19
	r := &Report{Runs: []Run{one}}
	var text strings.Builder
	r.Markdown(&text)
	if want := "| kubectl-meshery | 100.0 % | 5.00 ms | +2.0 % | 20.0 ms | −5.0 % |\n"; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in\n%s", want, text.String())
	}
}

func TestAFailedToolSaysWhy(t *testing.T) {
	r := &Report{Runs: []Run{{Section: HTTP2, Tool: peer.Ours, Error: "unknown flag: --streams | and more"}}}
	var text strings.Builder
	r.Markdown(&text)
	if want := "| kubectl-meshery | unknown flag: --streams / and more | – | – | – |\n"; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in\n%s", want, text.String())
	}
}

func TestAReportSurvivesJSON(t *testing.T) {
	r := &Report{Runs: []Run{run(HTTP1, "wrk", 0, 4), run(HTTP1, peer.Ours, 0, 4.4)}}
	r.Judge()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	back := &Report{}
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	back.Judge()
	var one, two strings.Builder
	r.Markdown(&one)
	back.Markdown(&two)
	if one.String() != two.String() {
		t.Errorf("%s\nbecame\n%s", one.String(), two.String())
	}
}

func TestUpdateReplacesTheTablesOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("# Page\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Update(file, "new"); err == nil {
		t.Error("a page without a place for tables")
	}
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Update(file, "new"); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if want := "before\n" + begin + "\nnew\n" + end + "after\n"; err != nil || string(b) != want {
		t.Errorf("%q, %v; want %q", b, err, want)
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 0.01234: "0.0123", 4.567: "4.57", 45.67: "45.7", 456.7: "457", 213905: "214,000", 1234567: "1,230,000"} {
		if got := three(f); got != want {
			t.Errorf("%g is %q, want %q", f, got, want)
		}
	}
}
