package imports

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/compare"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/export"
)

// Runs that were exported and imported compare with those that they were as what
// they are: the same, in every figure.
func TestExportedRunsCompareAsTheSame(t *testing.T) {
	a, b := &compare.Group{Name: "measured"}, &compare.Group{Name: "imported"}
	for i := range 10 {
		r := measured(t)
		r.Spec = document.Test{Spec: r.Spec}.Redacted().Spec // as in the archive
		r.Spec.Target.Body = ""
		r.Metadata.RunID = fmt.Sprintf("0193a1c4-7c1e-7000-8000-%012d", i)
		r.Status.StartTime, r.Status.EndTime = r.Status.StartTime.Add(time.Duration(i)*time.Hour), r.Status.EndTime.Add(time.Duration(i)*time.Hour)
		l, h := &r.Status.Latency, &r.Status.Histograms
		l.ResponseTime, h.ResponseTime = drawn(t, uint64(100+i), 9986, 2)
		l.ServiceTime, h.ServiceTime = drawn(t, uint64(200+i), 9983, 1)
		raw, _, err := export.Fortio(r, export.Response)
		if err != nil {
			t.Fatal(err)
		}
		a.Add(r)
		b.Add(one(t, raw, Options{}))
	}
	c, err := compare.Compare(a, b, compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.A.Runs) != 10 || len(c.B.Runs) != 10 || len(c.Differences) > 0 || c.Verdict != document.Same || c.Reason != "both sides are the same measurements" {
		t.Errorf("%s (%s), left out %+v %+v, differences %+v", c.Verdict, c.Reason, c.A.LeftOut, c.B.LeftOut, c.Differences)
	}
	if len(c.Metrics) == 0 {
		t.Error("nothing is compared")
	}
	for _, m := range c.Metrics {
		if !slices.Equal(m.A.Values, m.B.Values) || m.A.Median != m.B.Median || m.Difference != nil && m.Difference.Value != 0 {
			t.Errorf("%s: %+v and %+v", m.Name, m.A, m.B)
		}
	}
}
