package collect

import (
	"fmt"
	"math"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// delivery holds what was sent against what the agents' schedules held, and
// these against what the Test asks for. When a run is stopped some requests
// always wait: that they were not sent says nothing.
func (j *judge) delivery() {
	if j.status.Phase == document.Cancelled {
		return
	}
	l, least := &j.test.Spec.Load, *j.criteria.MinRate
	connections := "one connection"
	if l.Connections > 1 {
		connections = fmt.Sprintf("%d connections", l.Connections)
	}
	if l.Streams > 1 {
		connections += fmt.Sprintf(" of %d streams", l.Streams)
	}
	for _, p := range j.parts(j.criteria.SentShare) {
		j.reason("only %s of the planned requests%s could be sent: the target, or the %s per agent, cannot take this rate; use more connections or a lower rate",
			percent(p.share, least), p.to, connections)
	}
	r := &j.status.Requests
	rate := j.status.Rate
	if rate.Target == nil || r.Sent == 0 || j.status.Phase != document.Succeeded || j.endsApart() {
		return
	}
	wanted := *rate.Target * float64(r.Sent) / rate.Achieved
	if float64(r.Planned) < least*wanted-j.chance(wanted) {
		j.reason("the agents planned %s requests per second, and the Test asks for %s: deploy agents of the plugin's version",
			printer.Rate(*rate.Target*float64(r.Planned)/wanted), printer.Rate(*rate.Target))
	}
}

// endsApart tells that each agent ends when its share of the requests has come,
// which by chance is earlier on one than on another: of the time that the last
// one took, the others were silent for a part.
func (j *judge) endsApart() bool {
	return j.test.Spec.Load.Requests > 0 && j.test.Spec.Load.Arrivals == document.Poisson
}

// part is what is wrong with the requests of the run, or those to one of several
// targets.
type part struct {
	share float64
	to    string // " to target cart"; empty for all
	codes string // where in the Result
}

// parts are the targets of which this is true, for what is well with all of them
// together may be bad for one; all together where it is true of each.
func (j *judge) parts(bad func(*document.Requests) (share float64, is bool)) []part {
	var named []part
	for i := range j.status.Targets {
		t := &j.status.Targets[i]
		if share, is := bad(&t.Requests); is {
			named = append(named, part{share, " to target " + t.Name, fmt.Sprintf(".status.targets[%d].requests.codes", i)})
		}
	}
	if len(named) > 0 && len(named) < len(j.status.Targets) {
		return named
	}
	if share, is := bad(&j.status.Requests); is {
		return []part{{share: share, codes: ".status.requests.codes"}}
	}
	return nil
}

// chance is by how much fewer arrivals than wanted mean nothing: the slots at
// both ends, or four standard deviations of a Poisson process.
func (j *judge) chance(wanted float64) float64 {
	if j.test.Spec.Load.Arrivals == document.Poisson {
		return 2 + 4*math.Sqrt(wanted)
	}
	return 2
}

// errors are those of the target.
func (j *judge) errors() {
	most := *j.criteria.MaxErrors
	for _, p := range j.parts(j.criteria.FailedShare) {
		j.reason("%s of the requests%s failed, and at most %s may: the latencies are those of the rest; %s says how they failed",
			percent(p.share, most), p.to, allowed(most), p.codes)
	}
}
