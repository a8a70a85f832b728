package collect

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

func TestTimelineMergesAgentsBySecond(t *testing.T) {
	r := started(t, test(), 0, 0)
	for i := range 2 {
		r.seconds(i, 0, 3, 500, time.Duration(1+2*i)*time.Millisecond)
		// A call of the warm-up that came back in the measured time.
		r.snapshot(i, 3000, 4000, true, 1, 1, time.Second)
		r.snapshot(i, 3000, 4000, false, 500, 2, time.Millisecond)
		// A second in which nothing came back, and the short rest at the end.
		r.snapshot(i, 4000, 5000, false, 0, 0, 0)
		r.snapshot(i, 5000, 5003, false, 0, 0, 0)
		r.final(i, succeeded, "", 12*time.Second)
	}
	points := r.result().Status.Timeline
	want := []document.Point{
		{Second: 0, Warmup: true, Sent: 1000}, {Second: 1, Warmup: true, Sent: 1000}, {Second: 2, Sent: 1000},
		{Second: 3, Warmup: true, Sent: 2, Failed: 2}, {Second: 3, Sent: 1000, Failed: 4}, {Second: 4},
	}
	if len(points) != len(want) {
		t.Fatalf("%d points: %+v", len(points), points)
	}
	for i, p := range points {
		if w := want[i]; p.Second != w.Second || p.Warmup != w.Warmup || p.Sent != w.Sent || p.Failed != w.Failed {
			t.Errorf("point %d: %+v, want %+v", i, p, w)
		}
	}
	if p := points[2]; p.P99 == nil || math.Abs(*p.P99-3) > 0.003 || math.Abs(*p.P50-1) > 0.001 || math.Abs(*p.Max-3) > 0.003 {
		t.Errorf("second 2 is not that of both agents: %+v", p)
	}
	if p := points[5]; p.P50 != nil || p.Max != nil {
		t.Errorf("an empty second: %+v", p)
	}
}

func TestTimelineWaitsForAnAgentThatIsBroken(t *testing.T) {
	r := started(t, test(), 0, 0)
	r.seconds(0, 0, 5, 100, time.Millisecond)
	r.seconds(1, 0, 3, 100, time.Millisecond)
	r.Broken(1, errors.New("the cable is cut"))
	p := r.Progress()
	if p.Second != 2 || p.Warmup || p.Rate != 200 || p.Broken["worker-2"] == nil || len(p.Broken) != 1 {
		t.Errorf("progress %+v", p)
	}
	// It is back, and its seconds come late.
	r.Broken(1, nil)
	r.seconds(1, 3, 5, 100, 3*time.Millisecond)
	if p = r.Progress(); p.Second != 4 || p.Warmup || p.Rate != 200 || len(p.Broken) != 0 || p.P50 == nil || p.P99 == nil {
		t.Errorf("progress %+v", p)
	}
	// The other one is lost: nobody waits for it any longer.
	r.Lost(0, errors.New("gone"))
	r.seconds(1, 5, 6, 100, time.Millisecond)
	if p = r.Progress(); p.Second != 5 || p.Rate != 100 {
		t.Errorf("progress %+v", p)
	}
	for _, p := range r.result().Status.Timeline {
		if want := int64(200); p.Second < 5 && p.Sent != want {
			t.Errorf("second %d: %d sent, want %d", p.Second, p.Sent, want)
		}
	}
}

// Calls that were never sent come in a snapshot of their own at the end. They
// have waited all along: in the totals, but not in the last second.
func TestUnsentCallsAreNoneOfTheLastSecond(t *testing.T) {
	r := started(t, test(), 0)
	r.seconds(0, 0, 11, 50, time.Millisecond)
	unsent := func(from int64) {
		r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: &agentv1.Snapshot{FromNanos: from, ToNanos: 12e9,
			Counts: &agentv1.Counts{Planned: 500, Unsent: 500}, Latencies: &agentv1.Latencies{ResponseTime: encode(t, 500, 8*time.Second)}}}})
	}
	unsent(11e9) // told with a second in which nothing was sent
	unsent(12e9)
	r.final(0, succeeded, "", 12*time.Second)
	s := r.result().Status
	if len(s.Timeline) != 12 {
		t.Fatalf("%d points, want 12: %+v", len(s.Timeline), s.Timeline)
	}
	for _, p := range s.Timeline[:11] {
		if p.Sent != 50 || p.Max == nil || *p.Max > 2 {
			t.Errorf("second %d: %+v", p.Second, p)
		}
	}
	if p := s.Timeline[11]; p.Second != 11 || p.Sent != 0 || p.P50 != nil || p.P99 != nil || p.Max != nil {
		t.Errorf("the last second: %+v", p)
	}
	if q := s.Requests; q.Planned != 1450 || q.Sent != 450 || q.Unsent != 1000 {
		t.Errorf("requests %+v", q)
	}
	if l := s.Latency.ResponseTime; l.Count != 1450 || *l.P50 < 7900 {
		t.Errorf("the waiting is not in the response time: %+v", l)
	}
	if p := r.Progress(); p.Second != 11 || p.Rate != 0 {
		t.Errorf("progress %+v", p)
	}
}

func TestAStallIsSeenWhileItLasts(t *testing.T) {
	r := started(t, test(), 0)
	r.seconds(0, 0, 4, 100, time.Millisecond)
	r.seconds(0, 4, 5, 0, 0)
	if p := r.Progress(); p.Second != 4 || p.Rate != 0 || p.P50 == nil {
		t.Errorf("progress %+v", p)
	}
}

func TestLongRunsHavePointsOfSeveralSeconds(t *testing.T) {
	const seconds = 7200
	line := newTimeline(2, seconds*time.Second)
	latencies := &agentv1.Latencies{ResponseTime: encode(t, 2, time.Millisecond)}
	add := func(agent int, s int64) {
		snapshot := &agentv1.Snapshot{FromNanos: s * 1e9, ToNanos: (s + 1) * 1e9, Counts: &agentv1.Counts{Planned: 2, Sent: 2}}
		if s < 200 {
			snapshot.Latencies = latencies
		}
		line.add(agent, snapshot, false)
	}
	for s := range int64(seconds) {
		add(0, s)
		// The other one is out of reach for an hour.
		if s == seconds/2 {
			for late := range s {
				add(1, late)
			}
		}
		if s >= seconds/2 {
			add(1, s)
		}
	}
	points := line.points()
	if len(points) != maxPoints {
		t.Fatalf("%d points", len(points))
	}
	for i, p := range points {
		if p.Second != 4*i || p.Sent != 16 || (p.P50 != nil) != (p.Second < 200) {
			t.Fatalf("point %d: %+v", i, p)
		}
	}
}

func TestManyPartsOfAPointAreMergedExactly(t *testing.T) {
	p := &openPoint{}
	for i := range int64(100) {
		p.add(encode(t, 3, time.Duration(i+1)*time.Millisecond))
	}
	if h := p.merged(); h.Count() != 300 || len(p.latencies) > maxParts {
		t.Errorf("%d calls in %d parts", h.Count(), len(p.latencies))
	}
}
