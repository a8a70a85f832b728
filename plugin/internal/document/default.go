package document

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Defaults of a Test.
const (
	DefaultRate        = Rate(10)
	DefaultConnections = 16
	DefaultDuration    = Duration(30 * time.Second)
	DefaultWarmup      = Duration(3 * time.Second)
	DefaultTimeout     = Duration(10 * time.Second)
	DefaultInterval    = Duration(time.Second)
	DefaultStep        = Duration(5 * time.Second)
	DefaultGRPCMethod  = "grpc.health.v1.Health/Check"
	DefaultEcho        = "kubectl-meshery\n"
)

// Default fills what is not given.
func (t *Test) Default() {
	t.APIVersion, t.Kind = APIVersion, KindTest
	s := &t.Spec
	if len(s.Targets) == 0 {
		s.Target.setDefaults()
	}
	taken := map[string]bool{}
	for i := range s.Targets {
		s.Targets[i].setDefaults()
		s.Targets[i].nameAmong(taken)
	}
	s.Load.setDefaults()
	setDefault(&s.Metrics.Interval, DefaultInterval)
	if p := s.Metrics.Prometheus; p != nil {
		setDefault(&p.Step, DefaultStep)
	}
	if t.Metadata.Name == "" {
		t.Metadata.Name = nameFromURL(s.AllTargets()[0].URL)
	}
}

func (t *Target) setDefaults() {
	if t.URL != "" && !strings.Contains(t.URL, "://") {
		t.URL = "http://" + t.URL
	}
	scheme, _, _ := strings.Cut(t.URL, "://")
	if t.Protocol == "" {
		switch scheme {
		case "grpc", "grpcs":
			t.Protocol = GRPC
		case TCP, UDP:
			t.Protocol = scheme
		default:
			t.Protocol = HTTP1
		}
	}
	hasBody := t.Body != "" || len(t.BodyBase64) > 0
	switch t.Protocol {
	case HTTP1, HTTP2:
		if t.Method == "" {
			t.Method = "GET"
			if hasBody {
				t.Method = "POST"
			}
		}
	case GRPC:
		if t.GRPC == nil {
			t.GRPC = &GRPCCall{Method: DefaultGRPCMethod}
		}
	case TCP, UDP:
		if !hasBody {
			t.Body = DefaultEcho
		}
	}
	setDefault(&t.Timeout, DefaultTimeout)
}

// nameAmong names one of several targets, and gives it its weight.
func (t *Target) nameAmong(taken map[string]bool) {
	if t.Weight == nil {
		t.Weight = new(1.0)
	}
	if t.Name == "" {
		name := nameFromURL(t.URL)
		t.Name = name
		for n := 2; taken[t.Name]; n++ {
			t.Name = fmt.Sprintf("%s-%d", name, n)
		}
	}
	taken[t.Name] = true
}

func (l *Load) setDefaults() {
	if l.Connections == 0 {
		l.Connections = DefaultConnections
	}
	if l.Streams == 0 {
		l.Streams = 1
	}
	if l.Rate == RateUnset {
		l.Rate = DefaultRate
		if len(l.Stages) > 0 {
			l.Rate = Rate(l.Stages[0].Rate)
		}
	}
	if l.Arrivals == "" {
		l.Arrivals = Constant
	}
	if l.Arrivals != Constant && l.Seed == 0 {
		// 32 bits, so that every reader of JSON has it exactly.
		l.Seed = uint64(rand.Uint32()) + 1
	}
	if l.Duration == 0 {
		l.Duration = l.defaultDuration()
	}
}

// MeanRate is the rate over the measured time, in calls per second; 0 in a
// closed loop.
func (l *Load) MeanRate() float64 {
	if len(l.Stages) == 0 {
		return float64(l.Rate)
	}
	var calls, seconds float64
	before := l.Stages[0].Rate
	for _, s := range l.Stages {
		if s.Step {
			before = s.Rate
		}
		d := time.Duration(s.Duration).Seconds()
		calls += d * (before + s.Rate) / 2
		seconds += d
		before = s.Rate
	}
	if seconds == 0 {
		return float64(l.Rate)
	}
	return calls / seconds
}

// closedLoopBound ends a closed loop that does not come to its requests.
const closedLoopBound = Duration(time.Hour)

// defaultDuration is the stages' together, or enough for the requests.
func (l *Load) defaultDuration() Duration {
	switch {
	case len(l.Stages) > 0:
		var sum Duration
		for _, s := range l.Stages {
			sum += s.Duration
		}
		return sum
	case l.Requests == 0:
		return DefaultDuration
	case l.Rate == Max:
		return closedLoopBound
	}
	seconds := float64(l.Requests) / float64(l.Rate)
	if l.Arrivals == Poisson {
		// Ten standard deviations of the time that so many arrivals take.
		seconds += 10 * math.Sqrt(float64(l.Requests)) / float64(l.Rate)
	}
	return Duration(min(math.Ceil(seconds*1e9), float64(math.MaxInt64/2)))
}

func setDefault(d *Duration, v Duration) {
	if *d == 0 {
		*d = v
	}
}

var notName = regexp.MustCompile(`[^a-z0-9.-]+`)

// nameFromURL names a Test after its target's host: "checkout" for
// http://checkout.shop:8080/.
func nameFromURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "test"
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "ip6-" + strings.Trim(host, ":") // http://[::1]/
	} else if strings.Trim(host, "0123456789.") != "" {
		host, _, _ = strings.Cut(host, ".")
	}
	host = strings.Trim(notName.ReplaceAllString(host, "-"), "-.")
	if host == "" {
		return "test"
	}
	return host
}
