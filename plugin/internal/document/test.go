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
	Target  Target  `json:"target"`
	Load    Load    `json:"load"`
	Agents  Agents  `json:"agents,omitzero"`
	Metrics Metrics `json:"metrics,omitzero"`
}

// Target is what is called.
type Target struct {
	URL     string   `json:"url"`
	Method  string   `json:"method,omitempty"`
	Headers []Header `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
	// BodyBase64 is the body where it is not valid UTF-8.
	BodyBase64 []byte `json:"bodyBase64,omitempty"`
	// Timeout of one call.
	Timeout Duration `json:"timeout,omitzero"`
	// InsecureSkipVerify accepts any server certificate.
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// Header is one request header; a name may stand several times.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Load is how the target is called.
type Load struct {
	// Rate is calls per second of all agents together, or "max" for a closed
	// loop: as fast as the connections allow.
	Rate Rate `json:"rate"`
	// Connections per agent, each with one call in flight.
	Connections int `json:"connections,omitempty"`
	// Duration of the measured time.
	Duration Duration `json:"duration,omitzero"`
	// Warmup is load at the same rate before the measured time.
	Warmup Duration `json:"warmup,omitzero"`
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

// Max stands for "as fast as the connections allow".
const Max Rate = 0

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
