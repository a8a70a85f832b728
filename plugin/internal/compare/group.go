package compare

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Group is one side of a comparison. The zero value, with a name, is empty.
type Group struct {
	// Name is how the group was asked for.
	Name string
	runs []*run
	// broken are runs that do not count for what the target did: see tried. They have
	// no figures.
	broken  []*run
	leftOut []document.LeftOutRun
}

// run is what is kept of a Result: some 100 KB, where the document has many times as
// much.
type run struct {
	id, name string
	// origin is what was measured: see document.ResultMetadata.Measurement.
	origin string
	start  time.Time
	labels map[string]string
	// figures by the metric's name, and why others are absent.
	figures map[string]float64
	absent  map[string]string
	// buckets of the histograms, by their name in the Result.
	buckets map[string][]histogram.Bucket
	facts   []fact
}

// Add takes a run into the group, and nothing of r that it holds on to. A run that is
// not whole, not valid, or already there is left out, and the Comparison says so.
func (g *Group) Add(r *document.Result) {
	id, origin := r.Metadata.RunID, r.Metadata.Measurement()
	if same := g.same(origin); same != nil {
		g.leave(id, r.Metadata.Repeats(same.id))
		return
	}
	one := &run{id: id, origin: origin, name: r.Metadata.Name, start: r.Status.StartTime, labels: maps.Clone(r.Metadata.Labels)}
	if reason := unfit(r); reason != "" {
		if BrokenByTarget(r) {
			g.broken = append(g.broken, one)
		}
		g.leave(id, reason)
		return
	}
	one.figures, one.absent, one.buckets = map[string]float64{}, map[string]string{}, map[string][]histogram.Bucket{}
	for name, text := range map[string]string{"responseTime": r.Status.Histograms.ResponseTime, "serviceTime": r.Status.Histograms.ServiceTime} {
		h, err := histogram.Decode([]byte(text))
		if err != nil {
			g.leave(id, "its histogram "+name+" cannot be read: "+err.Error())
			return
		}
		one.buckets[name] = h.Buckets()
	}
	one.measure(r)
	one.facts = facts(r)
	g.runs = append(g.runs, one)
}

// Runs is how many runs of the group count so far.
func (g *Group) Runs() int { return len(g.runs) }

// same is the run of the same measurement, nil without.
func (g *Group) same(origin string) *run { return measured(g.runs, origin) }

func measured(runs []*run, origin string) *run {
	for _, r := range runs {
		if r.origin == origin {
			return r
		}
	}
	return nil
}

func (g *Group) leave(id, reason string) {
	g.leftOut = append(g.leftOut, document.LeftOutRun{RunID: id, Reason: reason})
}

// unfit says why a run does not count, "" when it does.
func unfit(r *document.Result) string {
	switch v := &r.Status.Validity; {
	case !v.Valid && len(v.Reasons) > 0:
		return "invalid: " + strings.Join(v.Reasons, "; ")
	case !v.Valid:
		return "invalid"
	case r.Status.Phase != document.Succeeded:
		return fmt.Sprintf("it did not succeed, but is %s", r.Status.Phase)
	}
	return ""
}
