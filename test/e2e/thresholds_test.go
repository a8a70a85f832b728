//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patient is a validity that a busy machine, or errors, do not end: thresholds
// are judged of valid runs only.
const patient = "validity: {maxLateness: 100, maxGeneratorCPU: 1, maxStartSkew: 10s, maxErrors: 1}"

func TestThresholdsDecide(t *testing.T) {
	at := beside(t)
	yaml := fmt.Sprintf("%s\n  target: {url: %q}\n  load: {rate: 200, duration: 2s}", patient, at.slow())
	run := append([]string{"meshery", "run", "-n", at.agents}, spec(t, yaml)...)
	met := must(t, append(run, "--threshold", "responseTime.p50 < 10s", "--threshold", "requests.sent == 400")...)
	for _, want := range []string{`(?m)^VALID `, `(?m)^responseTime.p50 < 10s .* passed$`, `(?m)^requests.sent == 400 +400 +passed$`} {
		if !regexp.MustCompile(want).MatchString(met.stdout) {
			t.Errorf("no %q in:\n%s", want, met.stdout)
		}
	}
	failed := kubectl(append(run, "--threshold", "responseTime.p50 < 10ms", "--threshold", "errorRate < 1%")...)
	for _, want := range []string{`(?m)^VALID `, `(?m)^responseTime.p50 < 10ms +2\d\.\d+ ms +FAILED$`, `(?m)^errorRate < 1% +0 % +passed$`} {
		if !regexp.MustCompile(want).MatchString(failed.stdout) {
			t.Errorf("no %q in:\n%s", want, failed.stdout)
		}
	}
	oneLine(t, failed, 3, "responseTime.p50 < 10ms")

	both := kubectl(append(run, "-o", "json", "--threshold", "responseTime.p50 < 10ms", "--threshold", "errorRate < 1%")...)
	if both.code != 3 {
		t.Errorf("with -o json: %v", both.err())
	}
	th := parse(t, both.stdout).Status.Thresholds
	if len(th) != 2 || th[0].Expression != "responseTime.p50 < 10ms" || th[0].Passed || th[0].Actual == nil ||
		*th[0].Actual < 20 || th[0].Unit != "ms" || !th[1].Passed || th[1].Actual == nil || *th[1].Actual != 0 {
		t.Errorf("thresholds %+v", th)
	}
}

// What a Test wants not to go on is ended early, everywhere.
func TestAbortOnEndsARunEarly(t *testing.T) {
	at := beside(t)
	// With the default of maxErrors it would be invalid for that, and exit with 4.
	yaml := fmt.Sprintf("validity: {maxLateness: 100, maxErrors: 1}\n  target: {url: %q}\n  load: {rate: 200, duration: 1m}", at.target+"?error=0.5&status=500")
	before, start := at.served(t), time.Now()
	r := kubectl(append([]string{"meshery", "run", "-n", at.agents, "-o", "json", "--abort-on", "errorRate > 20%"}, spec(t, yaml)...)...)
	oneLine(t, r, 3, "ended early", "errorRate > 20%")
	if took := time.Since(start); took > 40*time.Second {
		t.Errorf("it took %s of 1m", took)
	}
	got := parse(t, r.stdout)
	if s := &got.Status; s.Phase != "Cancelled" || !strings.Contains(s.Aborted, "errorRate > 20%") || s.Validity.Valid {
		t.Errorf("phase %s, aborted %q, validity %+v", s.Phase, s.Aborted, s.Validity)
	}
	if n := at.served(t) - before; n != sent(got) {
		t.Errorf("agents sent %d requests, the workload counted %d", sent(got), n)
	}
}

// Whoever attaches gets the thresholds of the run, and its exit code.
func TestAttachJudgesThresholds(t *testing.T) {
	at := beside(t)
	yaml := fmt.Sprintf("%s\n  target: {url: %q}\n  load: {rate: 200, duration: 6s}\n  thresholds: [responseTime.p50 < 10ms]", patient, at.slow())
	c := command(append([]string{"meshery", "run", "-n", at.agents}, spec(t, yaml)...)...)
	id, interrupt, wait := at.beginCommand(t, c)
	interrupt(syscall.SIGKILL)
	wait()
	attached := kubectl("meshery", "attach", id, "-n", at.agents, "-o", "json")
	if attached.code != 3 {
		t.Errorf("attach: %v, want exit code 3", attached.err())
	}
	if th := parse(t, attached.stdout).Status.Thresholds; len(th) != 1 || th[0].Passed || th[0].Actual == nil || *th[0].Actual < 20 {
		t.Errorf("thresholds %+v", th)
	}
	again := kubectl("meshery", "attach", id, "-n", at.agents)
	if again.code != 3 || !regexp.MustCompile(`(?m)^responseTime.p50 < 10ms .* FAILED$`).MatchString(again.stdout) {
		t.Errorf("attached to what is archived: %v", again.err())
	}
}
