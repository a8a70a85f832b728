package session

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
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
	plans, _ := c.plans(test)
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
	r, err := Attach(t.Context(), Config{RunID: c.RunID, Members: members, Owner: "another",
		Surroundings: func(test document.Test) document.Environment {
			return document.Environment{Context: test.Metadata.Name}
		}})
	if err != nil {
		t.Fatal(err)
	}
	return r
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
	if s.Phase != document.Succeeded || !s.Validity.Valid || s.Requests.Sent != 200 || s.Warmup.Sent != 100 || sent(live) != count.Load() {
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

// What a plugin makes of a run and what another one makes of it later is the same.
func TestAttachGivesTheResultOfRun(t *testing.T) {
	url, _, _ := target(t)
	members, _ := agents(t, 2)
	c := config(t, members, url, 100, 0, 2*time.Second)
	first := mustRun(t, c).Status
	again := attached(t, c, members).Status
	if !reflect.DeepEqual(again.Requests, first.Requests) || again.Histograms != first.Histograms || !reflect.DeepEqual(again.Latency, first.Latency) ||
		again.Rate.Achieved != first.Rate.Achieved || again.Phase != first.Phase || len(again.Timeline) != len(first.Timeline) {
		t.Errorf("run %+v, %+v\nattached %+v, %+v", first.Requests, first.Rate, again.Requests, again.Rate)
	}
	if d := again.StartTime.Sub(first.StartTime).Abs(); d > 50*time.Millisecond {
		t.Errorf("start times differ by %s", d)
	}
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
	plans, _ := c.plans(nil)
	if _, err := f.Prepare(t.Context(), c.RunID, plans); err != nil {
		t.Fatal(err)
	}
	if _, err := Attach(t.Context(), Config{RunID: c.RunID, Members: members}); err == nil || !strings.Contains(err.Error(), "was prepared and not started") {
		t.Errorf("got %v", err)
	}
}
