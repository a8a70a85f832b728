package scrape

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/meshery/kubectl-meshery/internal/queries"
)

// TestDocs: the page names every series and query, and none that is not read.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{CoresSeries}
	want = slices.AppendSeq(want, maps.Keys(nodeExporterTable))
	want = slices.AppendSeq(want, maps.Keys(kubeletTable))
	for _, q := range queries.Default() {
		want = append(want, q.Name)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var got []string
	for _, m := range regexp.MustCompile("`((?:node|container|pod)[_-][A-Za-z0-9_-]+)`").FindAllSubmatch(page, -1) {
		got = append(got, string(m[1]))
	}
	slices.Sort(got)
	got = slices.Compact(got)
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("docs/metrics.md does not name %s", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("docs/metrics.md names %s, which is not read", name)
		}
	}
}
