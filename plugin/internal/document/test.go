package document

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Test says what to run: target, load, placement and metrics.
type Test struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   Metadata `json:"metadata"`
	Spec       Spec     `json:"spec"`
}

// Metadata names a Test.
type Metadata struct {
	Name   string            `json:"name,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// Spec is the body of a Test.
type Spec struct {
	// Target is what is called; Targets are several, each call goes to one of
	// them. One of the two is given.
	Target  Target   `json:"target,omitzero"`
	Targets []Target `json:"targets,omitempty"`
	Load    Load     `json:"load"`
	Agents  Agents   `json:"agents,omitzero"`
	Metrics Metrics  `json:"metrics,omitzero"`
	// Thresholds are expressions over the Result that must hold, such as
	// "responseTime.p99 < 50ms".
	Thresholds []string `json:"thresholds,omitempty"`
	// AbortOn ends the run early: expressions that must not come to hold, or
	// "hopeless" for a threshold that can no longer be met.
	AbortOn  []string `json:"abortOn,omitempty"`
	Validity Criteria `json:"validity,omitzero"`
}

// AllTargets is what is called, one or several.
func (s *Spec) AllTargets() []Target {
	if len(s.Targets) > 0 {
		return s.Targets
	}
	return []Target{s.Target}
}

// Criteria are the bounds beyond which a run is invalid; nil means the default.
// Shares are of 1.
type Criteria struct {
	// MinRate is the least share of the target rate that must be delivered.
	MinRate *float64 `json:"minRate,omitempty"`
	// MaxErrors is the greatest share of calls that may fail.
	MaxErrors *float64 `json:"maxErrors,omitempty"`
	// MaxLateness bounds the 99th percentile of the lateness, as a share of the
	// median response time.
	MaxLateness *float64 `json:"maxLateness,omitempty"`
	// MaxGeneratorCPU is the greatest share of its cores that an agent may use.
	MaxGeneratorCPU *float64 `json:"maxGeneratorCPU,omitempty"`
	// MaxStartSkew is the greatest time between the agents' first calls.
	MaxStartSkew *Duration `json:"maxStartSkew,omitempty"`
}

// Protocols of a target.
const (
	HTTP1 = "http/1.1"
	HTTP2 = "http/2"
	GRPC  = "grpc"
	TCP   = "tcp"
	UDP   = "udp"
)

// Target is one thing that is called, in one way.
type Target struct {
	// Name tells several targets apart.
	Name string `json:"name,omitempty"`
	// URL: http, https, grpc, grpcs (gRPC with TLS), tcp or udp.
	URL string `json:"url"`
	// Weight of several targets: a target gets weight / sum of the calls. Nil is 1.
	Weight *float64 `json:"weight,omitempty"`
	// Protocol is HTTP1, HTTP2, GRPC, TCP or UDP. HTTP/2 over http is h2c with
	// prior knowledge.
	Protocol string   `json:"protocol,omitempty"`
	Method   string   `json:"method,omitempty"`
	Headers  []Header `json:"headers,omitempty"` // gRPC: metadata
	// Body of an HTTP request, or what is sent to be echoed (TCP, UDP).
	Body string `json:"body,omitempty"`
	// BodyBase64 is the body where it is not valid UTF-8.
	BodyBase64 []byte `json:"bodyBase64,omitempty"`
	// Timeout of one call.
	Timeout Duration  `json:"timeout,omitzero"`
	TLS     *TLS      `json:"tls,omitempty"`
	GRPC    *GRPCCall `json:"grpc,omitempty"`
	Check   *Check    `json:"check,omitempty"`
}

// TLS of a target whose URL says https or grpcs.
type TLS struct {
	// InsecureSkipVerify accepts any server certificate.
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
	// CA, Cert and Key are PEM: whom to trust instead of the system's
	// authorities, and the client's own certificate (mTLS).
	CA   string `json:"ca,omitempty"`
	Cert string `json:"cert,omitempty"`
	Key  string `json:"key,omitempty"`
	// ServerName is asked for and verified instead of the URL's host.
	ServerName string `json:"serverName,omitempty"`
}

// GRPCCall is a unary call.
type GRPCCall struct {
	// Method is package.Service/Method.
	Method string `json:"method"`
	// Message is the request, as protobuf JSON text.
	Message string `json:"message,omitempty"`
	// DescriptorSet is a FileDescriptorSet that describes the method. Without one
	// the target's reflection service is asked, unless the method is
	// grpc.health.v1.Health/Check or fgrpc.PingServer/Ping.
	DescriptorSet []byte `json:"descriptorSet,omitempty"`
}

// Check says which answers are right, beyond being whole. A wrong answer is a
// failed call.
type Check struct {
	// Status codes that are right: "200", "2xx", or names of gRPC codes. None
	// given: 2xx, OK.
	Status []string `json:"status,omitempty"`
	// BodyContains is what the body must contain.
	BodyContains string      `json:"bodyContains,omitempty"`
	JSON         []JSONCheck `json:"json,omitempty"`
}

// JSONCheck is what a JSON body, or a gRPC answer as protobuf JSON, must have.
type JSONCheck struct {
	// Path is a JSONPath as kubectl writes it, such as {.status.ready}.
	Path string `json:"path"`
	// Equals is the text of the value; nil: anything may be there.
	Equals *string `json:"equals,omitempty"`
}

// Header is one request header; a name may stand several times.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Load is how the targets are called.
type Load struct {
	// Rate is calls per second of all agents together, or "max" for a closed
	// loop: as fast as the connections allow. With stages: that of the warm-up.
	Rate Rate `json:"rate"`
	// Stages change the rate over the measured time, which is theirs together.
	Stages []Stage `json:"stages,omitempty"`
	// Arrivals is how calls follow each other at a rate: Constant (the default),
	// Poisson or Uniform. Seed is that of the random ones, 1 to MaxSeed.
	Arrivals string `json:"arrivals,omitempty"`
	Seed     uint64 `json:"seed,omitempty"`
	// Connections per agent to each target, each with one call in flight.
	Connections int `json:"connections,omitempty"`
	// Streams are calls in flight on each connection (HTTP/2, gRPC).
	Streams int `json:"streams,omitempty"`
	// Duration of the measured time. With Requests: at most this.
	Duration Duration `json:"duration,omitzero"`
	// Requests ends the load after so many measured calls of all agents.
	Requests int64 `json:"requests,omitempty"`
	// Warmup is load at the rate before the measured time.
	Warmup Duration `json:"warmup,omitzero"`
}

// Kinds of arrivals.
const (
	Constant = "constant" // evenly spaced
	Poisson  = "poisson"  // a Poisson process
	Uniform  = "uniform"  // at a random moment between a slot and the next
)

// Stage is one stretch of the load.
type Stage struct {
	Duration Duration `json:"duration"`
	// Rate at the stage's end.
	Rate float64 `json:"rate"`
	// Step has the rate from the stage's beginning on; otherwise it is reached in
	// a straight line from the stage before. The first stage has one rate.
	Step bool `json:"step,omitempty"`
}

// Agents chooses which agents run the Test; all of them when empty.
type Agents struct {
	Count int      `json:"count,omitempty"`
	Nodes []string `json:"nodes,omitempty"`
}

// Metrics says what is read while the run lasts. Nil pointers mean the default:
// read what is found.
type Metrics struct {
	Interval     Duration    `json:"interval,omitzero"`
	NodeExporter *Source     `json:"nodeExporter,omitempty"`
	Kubelet      *Kubelet    `json:"kubelet,omitempty"`
	Prometheus   *Prometheus `json:"prometheus,omitempty"`
}

// Source is one place metrics are read from.
type Source struct {
	Disabled bool `json:"disabled,omitempty"`
	// URL replaces the one found; $(HOST_IP) and $(NODE_NAME) stand for the
	// agent's own node.
	URL string `json:"url,omitempty"`
}

// Kubelet is the kubelet of an agent's own node; where it listens is known.
type Kubelet struct {
	Disabled bool `json:"disabled,omitempty"`
}

// Prometheus says which PromQL range queries are asked after the measured time.
type Prometheus struct {
	Source  `json:",inline"`
	Step    Duration `json:"step,omitzero"`
	Queries []Query  `json:"queries,omitempty"`
}

// Query is one PromQL expression; $window stands for the measured time.
type Query struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	Unit  string `json:"unit,omitempty"`
}

// Duration is a time.Duration written as Go duration text.
type Duration time.Duration

// MarshalJSON writes "1m30s".
func (d Duration) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(d).String())
}

// UnmarshalJSON reads "1m30s"; a bare number is refused, for its unit is a guess.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("duration %s is not text with a unit such as %q", b, "30s")
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("duration %q is not a number with a unit such as %q", s, "30s")
	}
	*d = Duration(v)
	return nil
}

// String is the Go duration text.
func (d Duration) String() string { return time.Duration(d).String() }

// Rate is calls per second; Max is a closed loop.
type Rate float64

const (
	// Max stands for "as fast as the connections allow".
	Max Rate = 0
	// RateUnset is before Default where nobody said.
	RateUnset Rate = -1
)

// ParseRate reads a number of calls per second above 0, or "max".
func ParseRate(s string) (Rate, error) {
	if s == "max" {
		return Max, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("rate %q is neither a number of calls per second above 0 nor %q", s, "max")
	}
	return Rate(v), nil
}

// String is what ParseRate reads.
func (r Rate) String() string {
	if r == Max {
		return "max"
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64)
}

// MarshalJSON writes a number, or "max".
func (r Rate) MarshalJSON() ([]byte, error) {
	if r == Max {
		return []byte(`"max"`), nil
	}
	return []byte(r.String()), nil
}

// UnmarshalJSON reads a number above 0, or "max".
func (r *Rate) UnmarshalJSON(b []byte) error {
	s := string(b)
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	v, err := ParseRate(s)
	if err != nil {
		return err
	}
	*r = v
	return nil
}
