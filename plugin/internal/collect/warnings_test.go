package collect

import (
	"fmt"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// warned makes a good run of 100 calls per second, changed by what else happened,
// and checks its warnings. Warnings make no run invalid.
func warned(t *testing.T, test document.Test, agents int, env document.Environment, happened func(r *run), want ...string) {
	t.Helper()
	r := started(t, test, make([]time.Duration, agents)...)
	happened(r)
	for i := range agents {
		r.measured(i, of(1000/int64(agents)), time.Millisecond, 0)
	}
	out, err := r.Result("0193a1c4-7c1e-7000-8000-000000000001", env)
	if err != nil {
		t.Fatal(err)
	}
	said(t, "reasons", out.Status.Validity.Reasons)
	said(t, "warnings", out.Status.Validity.Warnings, want...)
}

func TestGapsOfSources(t *testing.T) {
	every := func(s float64) document.Test {
		test := test()
		test.Spec.Load.Duration = document.Duration(100 * time.Second)
		test.Spec.Metrics.Interval = document.Duration(s * 1e9)
		test.Spec.Validity.MinRate = share(0) // the calls are those of 10 s
		return test
	}
	// read reads a source every so many seconds from one time after T0 to another.
	read := func(r *run, agent int, source agentv1.Source, from, to, every float64) {
		series := cpuSeries()
		for s := from; s < to; s += every {
			r.reading(agent, source, int64(1000*s), series, map[uint32]float64{1: s, 2: s})
			series = nil
		}
	}
	fail := func(r *run, s int64, why string) {
		r.Chunk(0, &agentv1.Chunk{Body: &agentv1.Chunk_Samples{Samples: &agentv1.Samples{Source: exporter, UnixMilli: t0.UnixMilli() + 1000*s, Error: why}}})
	}
	for name, c := range map[string]struct {
		interval float64
		happened func(r *run)
		want     []string
	}{
		"none":               {1, func(r *run) { read(r, 0, exporter, 0, 110, 1) }, nil},
		"never read":         {1, func(r *run) { fail(r, 5, "refused") }, nil},
		"only in warm-up":    {1, func(r *run) { read(r, 0, exporter, 0, 2, 1) }, nil},
		"three missed":       {1, func(r *run) { read(r, 0, exporter, 0, 50, 1); read(r, 0, exporter, 52, 110, 1) }, nil},
		"more missed":        {1, func(r *run) { read(r, 0, exporter, 0, 50, 1); read(r, 0, exporter, 52.5, 110, 1) }, []string{"node-exporter on node worker-1 gave 98 readings of about 100, with a gap of 3.5s: its figures rest on these"}},
		"began late":         {1, func(r *run) { read(r, 0, exporter, 7, 110, 1) }, []string{"gave 96 readings of about 100, with a gap of 5s"}},
		"ended early":        {1, func(r *run) { read(r, 0, exporter, 0, 80, 1); fail(r, 85, "connection\nrefused") }, []string{"gave 78 readings of about 100, with a gap of 23s (connection; refused): its figures"}},
		"slow by and by":     {1, func(r *run) { read(r, 0, exporter, 0, 110, 2.2) }, []string{"gave 46 readings of about 100, with a gap of 2.2s"}},
		"asked for no more":  {5, func(r *run) { read(r, 0, exporter, 0, 110, 5) }, nil},
		"another node":       {1, func(r *run) { read(r, 0, exporter, 0, 110, 1); read(r, 1, exporter, 0, 60, 1) }, []string{"node-exporter on node worker-2"}},
		"the kubelet's own":  {1, func(r *run) { read(r, 0, kubelet, 0, 110, 15) }, nil},
		"a kubelet's silent": {1, func(r *run) { read(r, 0, kubelet, 0, 40, 15) }, []string{"the kubelet on node worker-1 gave 2 readings of about 5, with a gap of 1m12s"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := started(t, every(c.interval), 0, 0)
			c.happened(r)
			for i := range 2 {
				r.measured(i, of(5000), time.Millisecond, 0)
				r.final(i, succeeded, "", 102*time.Second)
			}
			v := r.result().Status.Validity
			said(t, "reasons", v.Reasons)
			said(t, "warnings", v.Warnings, c.want...)
		})
	}
}

func TestFewerConnectionsThanPlaces(t *testing.T) {
	one := test()
	one.Spec.Load.Connections = 1
	two := several("a", "b")
	two.Spec.Load.Connections = 2
	pods := document.Environment{TargetPods: []string{"s/a", "s/b", "s/c"}}
	resolved := func(targets ...int) func(r *run) {
		return func(r *run) {
			for _, a := range r.agents {
				a.Prepared.Targets = nil
				for i, n := range targets {
					a.Prepared.Targets = append(a.Prepared.Targets, &agentv1.TargetStatus{Name: string(rune('a' + i)), Addresses: make([]string, n)})
				}
			}
		}
	}
	warned(t, one, 2, document.Environment{}, resolved(1))
	warned(t, one, 2, document.Environment{}, resolved(3), "target has 3 addresses, and each agent calls the first 1 of them only: use at least 3 connections")
	warned(t, test(), 2, document.Environment{}, resolved(3))
	warned(t, two, 2, document.Environment{}, resolved(2, 4), "target b has 4 addresses, and each agent calls the first 2 of them only")
	warned(t, one, 2, pods, resolved(1), "3 pods are behind the target, and the connections to them are 2: some got no load")
	warned(t, one, 4, pods, resolved(1))
	// Each agent has its connections to each of several targets.
	by := document.Environment{TargetPods: []string{"s/a", "s/b", "s/c", "s/d", "s/e", "s/f"},
		PodsByTarget: map[string][]string{"a": {"s/a", "s/b", "s/c"}, "b": {"s/d", "s/e", "s/f"}}}
	warned(t, two, 2, by, resolved(1, 1))
	warned(t, two, 1, by, resolved(1, 1), "3 pods are behind the target a, and the connections to them are 2: some got no load; use more connections", "3 pods are behind the target b")
}

func TestUnreachableAddresses(t *testing.T) {
	reached := func(addresses []string, unreachable ...string) func(r *run) {
		return func(r *run) {
			for _, a := range r.agents {
				a.Prepared.Targets = []*agentv1.TargetStatus{{Name: "target", Addresses: addresses, Unreachable: unreachable}}
			}
		}
	}
	warned(t, test(), 2, document.Environment{}, reached([]string{"10.0.0.1:80"}))
	warned(t, test(), 2, document.Environment{}, reached([]string{"10.0.0.1:80"}, "10.0.0.2:80: connection refused", "10.0.0.3:80: i/o timeout"),
		"2 of the 3 addresses of the target were not connected to from node worker-1 and got no load: 10.0.0.2:80: connection refused")
	// Only one of the two families is served.
	warned(t, test(), 2, document.Environment{}, reached([]string{"127.0.0.1:80"}, "[::1]:80: connection refused"))
	r := started(t, test(), 0)
	reached([]string{"10.0.0.1:80"}, "10.0.0.2:80: refused")(r)
	if got := r.result().Status.Agents[0].Targets[0].Unreachable; len(got) != 1 || got[0] != "10.0.0.2:80: refused" {
		t.Errorf("%q", got)
	}
}

func TestNodesWithoutAgents(t *testing.T) {
	none := func(n int) func(r *run) {
		return func(r *run) {
			var nodes []document.NodeWithoutAgent
			for i := range n {
				nodes = append(nodes, document.NodeWithoutAgent{Node: fmt.Sprint("n", i), Reason: "taint\n" + fmt.Sprint(i)})
			}
			r.WithoutAgent(nodes)
		}
	}
	warned(t, test(), 1, document.Environment{}, none(1), "no agent took part on n0 (taint; 0): the load came from 1 node only")
	warned(t, test(), 2, document.Environment{}, none(5), "no agent took part on n0 (taint; 0), n1 (taint; 1), n2 (taint; 2), 2 more: the load came from 2 nodes only")
	three := test()
	three.Spec.Agents.Count = 3
	warned(t, three, 2, document.Environment{}, none(0), "3 agents were asked for, and 2 took part")
	r := started(t, test(), 0)
	none(1)(r)
	if got := r.result().Status.NodesWithoutAgent; len(got) != 1 || got[0].Node != "n0" {
		t.Errorf("%+v", got)
	}
}

// What is missing of the target's CPU is said, also where other containers have
// figures; so is what rests on little.
func TestCPUOfContainersThatIsMissing(t *testing.T) {
	const missing = "measure for 45 s or more"
	looks := map[string][]float64{"long": {2, 11}, "short": {3, 7}, "once": {5}}
	for name, c := range map[string]struct {
		target, containers []string
		want               []string
	}{
		"target known":             {[]string{"long"}, []string{"long"}, nil},
		"only another one known":   {[]string{"once"}, []string{"once", "long"}, []string{"the CPU of the target's containers is not known: the kubelet renews its figures every 10 to 20 s, and CPU takes two of them: " + missing}},
		"one of two known":         {[]string{"once", "long"}, []string{"once", "long"}, []string{"the CPU of 1 of the target's containers is not known, and their cost is missing: "}},
		"no target, one known":     {nil, []string{"once", "long"}, nil},
		"no target, none known":    {nil, []string{"once"}, []string{"the CPU of the containers is not known"}},
		"a small part":             {[]string{"long", "short"}, []string{"long", "short"}, []string{"the CPU of 1 of the target's containers rests on less than half of the measured time, down to 4 s of 10 s: measure longer"}},
		"a small part of another":  {[]string{"long"}, []string{"long", "short"}, nil},
		"nothing read of any":      {nil, nil, nil},
		"nothing of the target":    {[]string{"gone"}, []string{"long"}, []string{"nothing was read of 1 of the 1 pods behind the target, and their cost is missing: let an agent take part on every node they run on"}},
		"a part of the target":     {[]string{"gone", "long", "short"}, []string{"long"}, []string{"nothing was read of 2 of the 3 pods"}},
		"nothing but the agent's":  {nil, []string{"agent"}, nil},
		"the agent's own is short": {nil, []string{"agent", "long"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			env := document.Environment{Namespace: "shop"}
			for _, pod := range c.target {
				env.TargetPods = append(env.TargetPods, "shop/"+pod)
			}
			warned(t, test(), 1, env, func(r *run) {
				for i, pod := range c.containers {
					of, id := looks[pod], uint32(i+1)
					series := container(pod)
					series[0].Id = id
					if pod == "agent" {
						of, series[0].Labels["container"] = looks["short"], "agent"
					}
					for _, s := range of {
						r.reading(0, kubelet, int64(1000*s), series, map[uint32]float64{id: s})
						series = nil
					}
				}
			}, c.want...)
		})
	}
}
