package threshold

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the guide shows reads as it says.
func TestGuide(t *testing.T) {
	b, err := os.ReadFile("../../../docs/thresholds.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(b)
	wrong := "responsTime.p99 < 50ms"
	shown := 0
	for _, m := range regexp.MustCompile("--(?:threshold|abort-on|slo) '([^']*)'|(?m:^    - (.*[<>=].*)$)").FindAllStringSubmatch(guide, -1) {
		text := m[1] + m[2]
		_, err := Parse(text)
		switch {
		case text == wrong && !strings.Contains(guide, "\n--threshold: "+err.Error()+"\n"):
			t.Errorf("the guide does not show this error: %v", err)
		case text != wrong && err != nil:
			t.Error(err)
		}
		shown++
	}
	if shown < 7 {
		t.Errorf("%d expressions found", shown)
	}
	for _, group := range [][]string{latencies, latencyFields, requestFields, rateFields, {errorRate, unsentRate, rate, nodes, "requests.codes"}} {
		for _, word := range group {
			if !strings.Contains(guide, word) {
				t.Errorf("the guide does not name %s", word)
			}
		}
	}
	for unit := range timeUnits {
		if !regexp.MustCompile("`[0-9.]+" + unit + "`").MatchString(guide) {
			t.Errorf("the guide does not show the unit %s", unit)
		}
	}
}
