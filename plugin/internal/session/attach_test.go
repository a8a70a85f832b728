package session

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
)

// orphan starts a run as a plugin does that dies right after it.
func orphan(t *testing.T, c Config) {
	t.Helper()
	f, err := fleet.Connect(t.Context(), c.Members)
	if err != nil {
		t.Fatal(err)
	}
	test, err := json.Marshal(c.Test.Redacted())
	if err != nil {
		t.Fatal(err)
	}
	plans := c.plans(test)
	if _, err := f.Prepare(t.Context(), c.RunID, plans); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Start(t.Context(), c.RunID); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func attached(t *testing.T, c Config, members []fleet.Member) *document.Result {
	t.Helper()
	e, err := Attach(t.Context(), Config{RunID: c.RunID, Members: members, Owner: "another",
		Surroundings: func(test document.Test) document.Environment {
			return document.Environment{Context: test.Metadata.Name}
		}})
	if err != nil {
		t.Fatal(err)
	}
	closed(t, e)
	return e.Result
}

func TestAttachToARunWhosePluginDied(t *testing.T) {
	url, count, _ := target(t)
	members, _ := agents(t, 3)
	c := config(t, members, url, 100, time.Second, 2*time.Second)
	orphan(t, c)
	// Interrupting who only watches leaves the run alone.
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	if _, err := Attach(ctx, Config{RunID: c.RunID, Members: members}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupted: %v", err)
	}
	// The members come in another order, and with one that has no part in it.
	others, _ := agents(t, 1)
	others[0].Pod = "agent-of-another-node"
	shuffled := []fleet.Member{others[0], members[2], members[0], members[1]}
	live := attached(t, c, shuffled)
	s := live.Status
	if s.Phase != document.Succeeded || len(butForLateness(s.Validity)) > 0 || s.Requests.Sent != 200 || s.Warmup.Sent != 103 || sent(live) != count.Load() {
		t.Errorf("%s, %+v, %+v, the target counted %d", s.Phase, s.Validity, s.Requests, count.Load())
	}
	if live.Metadata.Name != c.Test.Metadata.Name || !reflect.DeepEqual(live.Spec, c.Test.Spec) || s.Environment.Context != c.Test.Metadata.Name {
		t.Errorf("%+v, %+v", live.Metadata, live.Spec)
	}
	for i, a := range s.Agents {
		if a.Node != members[i].Node {
			t.Errorf("agent %d is that of %s", i, a.Node)
		}
	}
	checkMerge(t, live)
	// After the end it gives the same once more.
	again := attached(t, c, members).Status
	if !reflect.DeepEqual(again.Requests, s.Requests) || again.Histograms != s.Histograms || !reflect.DeepEqual(again.Warmup, s.Warmup) || !reflect.DeepEqual(again.Latency, s.Latency) {
		t.Errorf("attached again: %+v, first %+v", again.Requests, s.Requests)
	}
}

// What a plugin makes of a run and what another one makes of its record later is
// the same: only the clocks are measured anew.
func TestAttachGivesTheResultOfRun(t *testing.T) {
	url, _, _ := target(t)
	exporter := metrics(t, "node_load1 1\n")
	members, _ := agents(t, 2)
	c := config(t, members, url, 100, time.Second, 2*time.Second)
	// A source that answers, one that does not, one that is absent on one node.
	c.Sources = Sources{NodeExporter: map[string]string{"worker-1": exporter}, NoNodeExporter: "none on this node",
		NoKubelet: "the agents may not read it", Prometheus: "http://127.0.0.1:1"}
	c.NodesWithoutAgent = []document.NodeWithoutAgent{{Node: "worker-8", Reason: "image cannot be pulled"}, {Node: "worker-9", Reason: "taint"}}
	c.Test.Metadata.Labels = map[string]string{"build": "7"}
	// How far apart the agents began is said with how well clocks are known.
	skew := document.Duration(time.Minute)
	c.Test.Spec.Validity.MaxStartSkew = &skew
	c.Environment.Context = c.Test.Metadata.Name
	first := mustRun(t, c).Result
	again := attached(t, c, members)
	if s := first.Status; len(s.Resources.Sources) != 5 || len(s.NodesWithoutAgent) != 2 || s.Agents[0].Targets[0].Client == "" || len(s.Agents[1].Targets[0].Addresses) != 1 || len(s.Resources.Nodes) != 1 {
		t.Errorf("%+v", s)
	}
	if d := again.Status.StartTime.Sub(first.Status.StartTime).Abs(); d > 50*time.Millisecond {
		t.Errorf("start times differ by %s", d)
	}
	if one, other := withoutClocks(t, first), withoutClocks(t, again); one != other {
		t.Errorf("run\n%s\nattached\n%s", one, other)
	}
}

// withoutClocks is a Result without what rests on the clocks' offsets.
func withoutClocks(t *testing.T, r *document.Result) string {
	t.Helper()
	c := *r
	c.Status.StartTime, c.Status.EndTime = time.Time{}, time.Time{}
	c.Status.Rate.Achieved = 0
	c.Status.Agents = slices.Clone(c.Status.Agents)
	for i := range c.Status.Agents {
		c.Status.Agents[i].ClockErrorMs, c.Status.Agents[i].StartSkewMs = 0, 0
	}
	raw, err := document.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAttachWhereAnAgentIsGone(t *testing.T) {
	url, _, _ := target(t)
	members, _ := agents(t, 2)
	c := config(t, members, url, 100, 0, time.Second)
	orphan(t, c)
	s := attached(t, c, members[1:]).Status
	if s.Phase != document.Partial || s.Requests.Sent != 50 || s.Agents[0].Phase != document.AgentLost || s.Agents[1].Phase != document.AgentSucceeded {
		t.Errorf("%s, %+v, %+v", s.Phase, s.Requests, s.Agents)
	}
	if !strings.Contains(s.Validity.Reasons[0], `worker-1 was lost: pod "agent-worker-1" is gone`) {
		t.Errorf("%+v", s.Validity)
	}
}

// Who took part and cannot be reached is lost; who did not take part does not
// matter.
func TestAttachWhereAgentsCannotBeReached(t *testing.T) {
	url, _, _ := target(t)
	members, lines := agents(t, 4)
	c := config(t, members[:3], url, 150, 0, time.Second)
	orphan(t, c)
	lines[1].Refuse(testagents.ErrCut)
	lines[3].Refuse(testagents.ErrCut)
	s := attached(t, c, members).Status
	if s.Phase != document.Partial || s.Requests.Sent != 100 || len(s.Agents) != 3 || s.Agents[1].Phase != document.AgentLost ||
		s.Agents[1].Reason != "the cable is cut" || s.Agents[0].Phase != document.AgentSucceeded || s.Agents[2].Phase != document.AgentSucceeded {
		t.Errorf("%s, %+v, %+v", s.Phase, s.Requests, s.Agents)
	}
	for want, down := range map[string][]int{
		`no agent that can be reached has started run "` + c.RunID + `": agents on nodes worker-1, worker-2, worker-3: the cable is cut`: {0, 1, 2},
		"agents on nodes worker-1, worker-2, worker-3 and 1 more: the cable is cut":                                                      {0, 1, 2, 3},
	} {
		for i, l := range lines {
			l.Refuse(nil)
			if slices.Contains(down, i) {
				l.Refuse(testagents.ErrCut)
			}
		}
		if _, err := Attach(t.Context(), Config{RunID: c.RunID, Members: members}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestAttachToNothing(t *testing.T) {
	url, _, _ := target(t)
	members, _ := agents(t, 2)
	c := config(t, members, url, 100, 0, time.Second)
	for _, id := range []string{c.RunID, ""} {
		if _, err := Attach(t.Context(), Config{RunID: id, Members: members}); err == nil || !strings.Contains(err.Error(), "no agent has run") {
			t.Errorf("run %q: %v", id, err)
		}
	}
	f, err := fleet.Connect(t.Context(), members)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plans := c.plans(nil)
	if _, err := f.Prepare(t.Context(), c.RunID, plans); err != nil {
		t.Fatal(err)
	}
	if _, err := Attach(t.Context(), Config{RunID: c.RunID, Members: members}); err == nil || !strings.Contains(err.Error(), "was prepared and not started") {
		t.Errorf("got %v", err)
	}
}
