package cmd

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/history"
)

// measuredDaily archives a run a day from 2025-03-01, whose 99th percentile is value's
// and whose label "version" changes every fifth day.
func measuredDaily(t *testing.T, url string, days int, value func(day int) float64) (ids []string) {
	t.Helper()
	for i := range days {
		start := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, i)
		u := uuid.UUID{6: 0x70, 8: 0x80, 15: byte(i)}
		for b := range 6 {
			u[b] = byte(start.UnixMilli() >> (8 * (5 - b)))
		}
		id := u.String()
		ids = append(ids, id)
		archived(t, url, id, func(r *document.Result) {
			p99 := value(i)
			r.Metadata.Labels = map[string]string{"version": fmt.Sprintf("1.%d", i/5)}
			r.Status.StartTime, r.Status.EndTime = start, start.Add(time.Minute)
			r.Status.Latency.ResponseTime = &document.Summary{Count: 60000, P99: &p99, Max: 2 * p99}
			r.Status.Validity.Valid = i != 3
		})
	}
	return ids
}

func TestHistory(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	t.Setenv("MESHERY_ARCHIVE", url)
	random := rand.New(rand.NewPCG(1, 2))
	ids := measuredDaily(t, url, 60, func(day int) float64 {
		v := 10 + 0.3*random.NormFloat64()
		if day >= 40 {
			v += 2
		}
		return v
	})
	picture := filepath.Join(dir, "history.svg")
	stdout, stderr, err := execute(t, "history", "checkout", "--svg", picture)
	if err != nil || !strings.Contains(stderr, picture) {
		t.Fatalf("%v, %q", err, stderr)
	}
	for _, want := range []string{
		"checkout: response p99 of 59 runs, 2025-03-01 to 2025-04-29\n", "2025-04-10  " + ids[40][:13] + " ", "worse", "+18.9 %",
		"left out of the history: " + ids[3] + ": it is not valid",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in\n%s", want, stdout)
		}
	}
	for line := range strings.Lines(stdout) {
		if n := len([]rune(line)); n > 81 {
			t.Errorf("%d wide: %s", n, line)
		}
	}
	svg, err := os.ReadFile(picture)
	if err != nil || xml.Unmarshal(svg, new(struct{})) != nil || !strings.Contains(string(svg), "response p99") {
		t.Errorf("the picture: %v", err)
	}

	stdout, _, err = execute(t, "history", "checkout", "-o", "json")
	var h history.History
	if err != nil || json.Unmarshal([]byte(stdout), &h) != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	if len(h.Changes) != 1 || h.Changes[0].RunID != ids[40] || h.Changes[0].Verdict != document.Worse || len(h.Points) != 59 || h.Unit != "ms" {
		t.Errorf("%+v", h.Changes)
	}
	if d := h.Changes[0].Difference; d < 1.7 || d > 2.3 {
		t.Errorf("a difference of %v, about 2 is true", d)
	}

	stdout, _, err = execute(t, "history", "name=checkout", "--by", "version", "-o", "json")
	h = history.History{}
	if err != nil || json.Unmarshal([]byte(stdout), &h) != nil || len(h.Points) != 12 {
		t.Fatalf("%v\n%s", err, stdout)
	}
	if p := h.Points[0]; p.Label != "1.0" || len(p.Runs) != 4 || p.Low == nil || *p.Low > p.Value || *p.High < p.Value {
		t.Errorf("the first version: %+v", p)
	}
	if stdout, _, err = execute(t, "history", "checkout", "--by", "version", "-o", "wide"); err != nil || !strings.Contains(stdout, "GREATEST") {
		t.Errorf("%v\n%s", err, stdout)
	}
	// Before the change there is nothing to find.
	if stdout, _, err = execute(t, "history", "checkout", "--until", "2025-04-09"); err != nil || !strings.Contains(stdout, "No change found.\n") {
		t.Errorf("%v\n%s", err, stdout)
	}
	if stdout, _, err = execute(t, "history", "checkout", "--last", "4"); err != nil || !strings.Contains(stdout, "Too few points to find changes in: 10 are needed") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestHistoryRefuses(t *testing.T) {
	dir := home(t)
	t.Setenv("MESHERY_ARCHIVE", "file://"+dir+"/archive")
	measuredDaily(t, "file://"+dir+"/archive", 4, func(int) float64 { return 1 })
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exit.Usage, "history needs the name of a Test (0 given)"},
		{[]string{"checkout", "--metric", "p99"}, exit.Usage, `--metric "p99" is no metric: use one of responseTime.mean,`},
		{[]string{"checkout", "--significance", "1"}, exit.Usage, "--significance 1 is not between 0.001 and 0.5"},
		{[]string{"checkout", "--significance", "0.0001"}, exit.Usage, "--significance 0.0001 is not between 0.001 and 0.5"},
		{[]string{"file.json"}, exit.Usage, "history reads the archive, not files"},
		{[]string{"cart"}, exit.Failure, `no run in file://` + dir + `/archive is of a Test named "cart"`},
		{[]string{"name=checkout", "--where", "name=cart"}, exit.Usage, "no run has both name=checkout and name=cart: give one"},
		{[]string{"checkout", "--metric", "serviceTime.p50"}, exit.Failure, "none of the 4 runs of checkout has a figure to show"},
	} {
		_, _, err := execute(t, append([]string{"history"}, c.args...)...)
		if exit.Code(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %d, %v; want %q", c.args, exit.Code(err), err, c.want)
		}
	}
}
