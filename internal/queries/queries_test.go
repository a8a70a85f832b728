package queries

import (
	"strings"
	"testing"
	"time"
)

func TestExpand(t *testing.T) {
	for _, c := range []struct {
		window, step time.Duration
		want         string
	}{
		{20 * time.Second, 5 * time.Second, "rate(x[20s])"},
		{20*time.Second + time.Millisecond, 5 * time.Second, "rate(x[21s])"},
		{5 * time.Second, 5 * time.Second, "rate(x[10s])"},
		{time.Hour, 5 * time.Second, "rate(x[3600s])"},
		{0, 0, "rate(x[1s])"},
	} {
		if got := Expand("rate(x[$window])", c.window, c.step); got != c.want {
			t.Errorf("Expand(%s, %s) = %q, want %q", c.window, c.step, got, c.want)
		}
	}
}

func TestDefaultIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range Default() {
		if q.Name == "" || q.Query == "" || q.Unit == "" || seen[q.Name] {
			t.Errorf("query %+v: name, query and unit must be set and the name be unique", q)
		}
		seen[q.Name] = true
		if strings.Contains(q.Query, "rate(") && !strings.Contains(q.Query, Window) {
			t.Errorf("query %q takes a rate over something else than %s", q.Name, Window)
		}
	}
}
