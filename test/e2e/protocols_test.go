//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"testing"
)

// echoes is what is sent to be echoed over TCP and UDP: 40 bytes.
const echoes = "0123456789012345678901234567890123456789"

// protocols are the ways to call the workload, each with its own counter.
var protocols = []struct {
	name, client string
	target       string // YAML, with the host for %s
	counter      string
	each         int64 // that a call adds to the counter
}{
	{"http1", "fast", `{url: "http://%s:8080/"}`, "echo_requests_total", 1},
	{"http1 POST", "std", `{url: "http://%s:8080/", method: POST, body: "to be read"}`, "echo_requests_total", 1},
	{"h2c", "http2", `{url: "http://%s:8080/", protocol: http/2}`, "echo_requests_total", 1},
	{"https", "fast", `{url: "https://%s:8443/", tls: {insecureSkipVerify: true}}`, "echo_requests_total", 1},
	{"https http2", "http2", `{url: "https://%s:8443/", protocol: http/2, tls: {insecureSkipVerify: true}}`, "echo_requests_total", 1},
	{"grpc health", "grpc", `{url: "grpc://%s:8079"}`, `echo_grpc_requests_total{code="OK",method="grpc.health.v1.Health/Check"}`, 1},
	{"grpc ping", "grpc", `{url: "grpc://%s:8079", grpc: {method: fgrpc.PingServer/Ping}}`, `echo_grpc_requests_total{code="OK",method="fgrpc.PingServer/Ping"}`, 1},
	{"tcp", "tcp", `{url: "tcp://%s:8078", body: "` + echoes + `"}`, "echo_tcp_bytes_total", int64(len(echoes))},
	{"udp", "udp", `{url: "udp://%s:8078", body: "` + echoes + `"}`, "echo_udp_packets_total", 1},
}

// Both ends count the same in every protocol, and agents start together.
func TestEveryProtocolIsCountedAlikeAtBothEnds(t *testing.T) {
	at := alone(t)
	var skews []float64
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			before := counted(t, at.shop)
			r := at.quick(t, "target: "+fmt.Sprintf(p.target, at.host)+"\n  load: {rate: 300, duration: 1s, warmup: 1s, connections: 4}")
			d := counted(t, at.shop).since(before)
			s := &r.Status
			if s.Requests.Planned != 300 {
				t.Errorf("%d requests planned, want 300", s.Requests.Planned)
			}
			got := d.sum(p.counter) / p.each
			// What a stall just before the end holds up is not sent any more.
			few := s.Requests.Succeeded < 297
			if p.name == "udp" {
				// A datagram may be lost, on the way or on the way back.
				if got > sent(r) || got < s.Requests.Succeeded+s.Warmup.Succeeded || few {
					t.Errorf("%d packets sent, %+v; the workload counted %d", sent(r), s.Requests, got)
				}
			} else if got != sent(r) || d.sum(p.counter)%p.each != 0 || s.Requests.Succeeded != s.Requests.Sent || few {
				t.Errorf("%d calls sent, %+v; the workload counted %v", sent(r), s.Requests, d)
			}
			for _, a := range s.Agents {
				if len(a.Targets) != 1 || a.Targets[0].Client != p.client {
					t.Errorf("agent on %s: %+v, want the client %q", a.Node, a.Targets, p.client)
				}
			}
			skews = append(skews, startSkew(t, s))
		})
	}
	t.Logf("start skews: %.3v ms", skews)
	// The median of the runs: a first call may be late where many things run at once.
	slices.Sort(skews)
	if len(skews) == 0 || skews[len(skews)/2] >= 5 {
		t.Errorf("agents started %v ms apart: the median is not below 5 ms", skews)
	}
}

// startSkew is the greatest one of a run by two agents, in milliseconds. It must
// be there, with the bound of the clocks' error.
func startSkew(t *testing.T, s *resultStatus) (most float64) {
	t.Helper()
	if len(s.Agents) < 2 {
		t.Errorf("%d agents, want two", len(s.Agents))
	}
	for _, a := range s.Agents {
		if a.StartSkewMs == nil || a.ClockErrorMs == nil || *a.ClockErrorMs <= 0 || *a.ClockErrorMs > 50 {
			t.Errorf("agent on %s: no start skew with a bound of the clock's error", a.Node)
			continue
		}
		most = max(most, *a.StartSkewMs)
	}
	return most
}

// The targets of one Test get their shares, and each is counted alike at both ends.
func TestWeightedTargetsAreCountedAlikeAtBothEnds(t *testing.T) {
	at := beside(t)
	host := at.host
	targets := []struct {
		yaml    string
		share   float64
		counter string
		each    int64
		probes  int64 // calls of each agent to choose a client
	}{
		{`{name: h1, weight: 5, url: "http://` + host + `:8080/"}`, 0.5, `echo_requests_total{code="200"}`, 1, 1},
		// With a status of its own, to be told from the first.
		{`{name: h2c, weight: 2, protocol: http/2, check: {status: ["404"]}, url: "http://` + host + `:8080/?status=404"}`, 0.2, `echo_requests_total{code="404"}`, 1, 0},
		{`{name: health, weight: 1, url: "grpc://` + host + `:8079"}`, 0.1, `echo_grpc_requests_total{code="OK",method="grpc.health.v1.Health/Check"}`, 1, 0},
		{`{name: ping, weight: 1.5, url: "grpc://` + host + `:8079", grpc: {method: fgrpc.PingServer/Ping}}`, 0.15, `echo_grpc_requests_total{code="OK",method="fgrpc.PingServer/Ping"}`, 1, 0},
		{`{name: tcp, weight: 0.5, url: "tcp://` + host + `:8078", body: ` + echoes[:7] + `x}`, 0.05, "echo_tcp_bytes_total", 8, 0},
	}
	yaml := "targets:"
	for _, one := range targets {
		yaml += "\n  - " + one.yaml
	}
	before := counted(t, at.shop)
	r := at.quick(t, yaml+"\n  load: {rate: 400, duration: 3s, connections: 4}")
	d := counted(t, at.shop).since(before)
	if len(r.Status.Targets) != len(targets) || r.Status.Requests.Succeeded != 1200 {
		t.Fatalf("%+v, %+v; want 1200 calls of %d targets", r.Status.Requests, r.Status.Targets, len(targets))
	}
	for i, want := range targets {
		got := r.Status.Targets[i]
		if n := d.sum(want.counter); n != (got.Requests.Sent+want.probes*int64(len(r.Status.Agents)))*want.each || got.Requests.Failed != 0 {
			t.Errorf("target %s: %+v; the workload counted %v", got.Name, got.Requests, d)
		}
		if share := float64(got.Requests.Sent) / 1200; share < want.share-0.01 || share > want.share+0.01 {
			t.Errorf("target %s got %.3f of the calls, want %.3f", got.Name, share, want.share)
		}
	}
}
