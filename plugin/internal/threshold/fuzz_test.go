package threshold

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Whatever is given: no panic; what is read is written so that it reads the
// same; and an error is one line of printable text that is not too long.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"responseTime.p99 < 50ms", "status.latency.responseTime.p99.95<=1.5s", "errorRate < 0.1%", "errorRate<0.001",
		`requests.codes["503"] < 10`, "codes.503 == 0", "rate.achieved > 990", `targets["a.b"].serviceTime.mean != 7us`,
		"targets.a.requests.failed == 0", "resources.nodes.cpuUtilization < 80%", "lateness.count >= 5", "p99 < 5", "responseTime.p100 < 5m",
		"a.b.c < 1", "[", `x["`, "responseTime.p99 < 5 ms x", "\x00\xff", "µ < 5",
	} {
		f.Add(s)
	}
	empty := &document.Result{}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			line := err.Error()
			if !utf8.ValidString(line) || strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
				t.Errorf("%q: the error is not one line of text: %q", s, line)
			}
			if n := utf8.RuneCountInString(line); n > 1200 {
				t.Errorf("%q: the error has %d characters", s, n)
			}
			return
		}
		if again, err := Parse(e.String()); err != nil || again != e {
			t.Errorf("%q: its text %q reads as %+v (%v), not %+v", s, e.String(), again, err, e)
		}
		if actual, ok, reason := e.Evaluate(empty); reason != "" && (ok || actual != 0) {
			t.Errorf("%q: actual %v, ok %v, and yet %q", s, actual, ok, reason)
		}
		Hopeless(e, empty, 1000)
	})
}
