package server

import (
	"context"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/load"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// An empty value that is wanted is not the same as none.
func TestAPlanMayWantAnEmptyValue(t *testing.T) {
	p := planFor("http://a/", 10, 0, time.Second)
	p.Targets[0].Check = &agentv1.Check{Json: []*agentv1.JSONCheck{{Path: "{.ready}"}, {Path: "{.error}", Equals: new("")}}}
	targets, err := targetsOf(p)
	if err != nil {
		t.Fatal(err)
	}
	if j := targets[0].Check.JSON; j[0].Equals != nil || j[1].Equals == nil || *j[1].Equals != "" {
		t.Errorf("%+v", j)
	}
}

// accepted checks a plan as prepare does.
func accepted(p *agentv1.Plan) (load.Plan, error) {
	if _, err := targetsOf(p); err != nil {
		return load.Plan{}, err
	}
	return loadOf(p)
}

func TestPlansBeyondTheBoundsAreRefused(t *testing.T) {
	const days = 24 * time.Hour
	stages := func(of ...time.Duration) (all []*agentv1.Stage) {
		for _, d := range of {
			all = append(all, &agentv1.Stage{Duration: durationpb.New(d), Rate: 10})
		}
		return all
	}
	for _, c := range []struct {
		name  string
		words string // in the error; empty where the plan is good
		set   func(p *agentv1.Plan)
	}{
		{"as it is", "", func(*agentv1.Plan) {}},
		{"a month", "", func(p *agentv1.Plan) { p.Load.Duration = durationpb.New(30 * days) }},
		{"a longer duration", "at most", func(p *agentv1.Plan) { p.Load.Duration = durationpb.New(30*days + 1) }},
		{"for ever", "at most", func(p *agentv1.Plan) { p.Load.Duration = durationpb.New(math.MaxInt64) }},
		{"beyond a Duration", "at most", func(p *agentv1.Plan) { p.Load.Duration = &durationpb.Duration{Seconds: math.MaxInt64} }},
		{"a longer warm-up", "at most", func(p *agentv1.Plan) { p.Load.Warmup = durationpb.New(30*days + 1) }},
		{"a long stage", "stage", func(p *agentv1.Plan) { p.Load.Stages = stages(30*days + 1) }},
		{"long stages", "run shorter", func(p *agentv1.Plan) { p.Load.Stages = stages(20*days, 11*days) }},
		{"stages of a month", "", func(p *agentv1.Plan) { p.Load.Stages = stages(20*days, 10*days) }},
		{"a long timeout", "timeout", func(p *agentv1.Plan) { p.Targets[0].Timeout = durationpb.New(10*time.Minute + 1) }},
		{"the longest timeout", "", func(p *agentv1.Plan) { p.Targets[0].Timeout = durationpb.New(10 * time.Minute) }},
		{"many requests", "", func(p *agentv1.Plan) { p.Load.Requests = 1e12 }},
		{"too many requests", "requests", func(p *agentv1.Plan) { p.Load.Requests = 1e12 + 1 }},
		{"streams of HTTP/1.1", "one stream", func(p *agentv1.Plan) { p.Load.Streams = 2 }},
		{"streams of TCP", "one stream", func(p *agentv1.Plan) {
			p.Load.Streams, p.Targets[0].Protocol, p.Targets[0].Url = 2, agentv1.Protocol_PROTOCOL_TCP, "tcp://a:1"
		}},
		{"streams of UDP", "one stream", func(p *agentv1.Plan) {
			p.Load.Streams, p.Targets[0].Protocol, p.Targets[0].Url = 2, agentv1.Protocol_PROTOCOL_UDP, "udp://a:1"
		}},
		{"streams of HTTP/2", "", func(p *agentv1.Plan) { p.Load.Streams, p.Targets[0].Protocol = 2, agentv1.Protocol_PROTOCOL_HTTP2 }},
		{"more streams than can be", "in flight", func(p *agentv1.Plan) {
			p.Load.Streams, p.Targets[0].Protocol = math.MaxInt32, agentv1.Protocol_PROTOCOL_HTTP2
		}},
	} {
		p := planFor("http://a/", 10, 0, time.Second)
		c.set(p)
		_, err := accepted(p)
		if (err != nil) != (c.words != "") || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.words)
		}
	}
}

// Whatever plan is accepted, its schedule is found in a moment, and a stop ends it.
func FuzzAcceptedPlans(f *testing.F) {
	const day = int64(24 * time.Hour)
	f.Add(1.0, int64(0), int64(5*time.Second), int64(1e11), int32(0), 0.0, int64(0))
	f.Add(10e6, 30*day, 30*day, int64(1e12), int32(1), 0.001, 30*day)
	f.Add(0.001, 30*day, 30*day, int64(1e12), int32(3), 10e6, 30*day)
	f.Add(10e6, 30*day, int64(1), int64(1), int32(2), 10e6, int64(1))
	f.Add(0.0, int64(0), 30*day, int64(1e12), int32(1), 0.0, int64(0))
	f.Add(1e-3, int64(math.MaxInt64), int64(math.MaxInt64), int64(math.MaxInt64), int32(1), math.Inf(1), int64(math.MaxInt64))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	url := "tcp://" + l.Addr().String()
	f.Fuzz(func(t *testing.T, rate float64, warmup, duration, requests int64, arrivals int32, stageRate float64, stage int64) {
		p := planFor("http://127.0.0.1:1/", rate, time.Duration(warmup), time.Duration(duration))
		p.Load.Requests, p.Load.Arrivals, p.Load.Connections = requests, agentv1.Arrivals(arrivals), 1
		if stageRate != 0 {
			p.Load.Stages = []*agentv1.Stage{{Duration: durationpb.New(time.Duration(stage)), Rate: stageRate}, {Rate: rate}}
		}
		plan, err := accepted(p)
		if err != nil {
			return
		}
		clients, err := client.Reach(t.Context(), client.Target{URL: url, Protocol: client.TCP, Body: []byte("x"), Timeout: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := load.NewEngine(plan, []load.Target{{Clients: clients, Weight: 1}}, time.Now()).Run(ctx, func(*load.Snapshot) {})
			ended <- err
		}()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%+v: a stop does not end it", plan)
		}
	})
}

// What no other moment would put right is told from a target that is not there.
func TestPlansThatCannotBeRightAreToldFromTargetsThatAreNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(g, health.NewServer())
	reflection.Register(g)
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
	url, _ := target(t, 0)
	ask := func(p *agentv1.Plan, call *agentv1.GRPCCall, headers ...*agentv1.Header) {
		to := p.Targets[0]
		to.Protocol, to.Url, to.Method, to.Grpc, to.Headers = agentv1.Protocol_PROTOCOL_GRPC, "grpc://"+l.Addr().String(), "", call, headers
	}
	const check = "grpc.health.v1.Health/Check"
	a := serve(t, t.TempDir(), 1<<20)
	for _, c := range []struct {
		name string
		code codes.Code
		set  func(p *agentv1.Plan)
	}{
		{"right", codes.OK, func(p *agentv1.Plan) { ask(p, &agentv1.GRPCCall{Method: check}) }},
		{"no such method", codes.InvalidArgument, func(p *agentv1.Plan) { ask(p, &agentv1.GRPCCall{Method: "grpc.health.v1.Health/Chek"}) }},
		{"no such service", codes.InvalidArgument, func(p *agentv1.Plan) { ask(p, &agentv1.GRPCCall{Method: "a.B/C"}) }},
		{"a wrong message", codes.InvalidArgument, func(p *agentv1.Plan) { ask(p, &agentv1.GRPCCall{Method: check, Message: `{"sevice":"x"}`}) }},
		{"wrong metadata", codes.InvalidArgument, func(p *agentv1.Plan) {
			ask(p, &agentv1.GRPCCall{Method: check}, &agentv1.Header{Name: "x-bin", Value: "!"})
		}},
		{"a header of the client's", codes.InvalidArgument, func(p *agentv1.Plan) {
			p.Targets[0].Headers = []*agentv1.Header{{Name: "Content-Length", Value: "1"}}
		}},
		{"nothing to echo", codes.InvalidArgument, func(p *agentv1.Plan) {
			p.Targets[0].Protocol, p.Targets[0].Url = agentv1.Protocol_PROTOCOL_TCP, "tcp://"+l.Addr().String()
		}},
		{"nobody there", codes.Unavailable, func(p *agentv1.Plan) { p.Targets[0].Url = "http://127.0.0.1:1/" }},
	} {
		p := planFor(url, 10, 0, time.Second)
		c.set(p)
		_, err := a.PrepareRun(t.Context(), &agentv1.PrepareRunRequest{RunId: runID, Plan: p})
		if status.Code(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
		}
		if err == nil {
			if _, err := a.StopRun(t.Context(), &agentv1.StopRunRequest{RunId: runID}); err != nil {
				t.Error(err)
			}
		}
	}
}
