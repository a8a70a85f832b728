package threshold

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

func TestHopeless(t *testing.T) {
	ok := answered(600, 10*time.Millisecond)
	slow := func(n int, d time.Duration) []request {
		return append(answered(600, 10*time.Millisecond), answered(n, d)...)
	}
	failing := func(n int) []request {
		all := answered(600, 10*time.Millisecond)
		for range n {
			all = append(all, request{failed: true, code: "503", error: time.Millisecond})
		}
		return all
	}
	for _, c := range []struct {
		text    string
		sofar   []request
		planned int64
		reason  string // empty: not hopeless
	}{
		{"errorRate < 1%", failing(9), 1000, ""},
		{"errorRate < 1%", failing(10), 1000, "errorRate will be at least 1.00 %, whatever the 390 requests still to come bring"},
		{"errorRate <= 1%", failing(10), 1000, ""},
		{"errorRate <= 1%", failing(11), 1000, "errorRate will be at least 1.10 %, whatever the 389 requests still to come bring"},
		{"errorRate < 1%", failing(300), 0, ""},
		{"errorRate > 50%", ok, 1200, "errorRate will be at most 50.0 %, whatever the 600 requests still to come bring"},
		{"errorRate >= 50%", ok, 1200, ""},
		{"errorRate == 0", failing(1), 1000, "errorRate will be at least 0.100 %, whatever the 399 requests still to come bring"},
		{"errorRate != 0", ok, 601, ""},
		{"errorRate != 0", ok, 600, "errorRate will be exactly 0 %, whatever the 0 requests still to come bring"},
		{"requests.failed == 0", ok, 1000, ""},
		{"requests.failed == 0", failing(1), 1000, "requests.failed will be at least 1, whatever the 399 requests still to come bring"},
		{"requests.failed == 0", failing(1), 0, "requests.failed will be at least 1, whatever is still to come"},
		{"requests.failed == 500", ok, 1000, "requests.failed will be at most 400, whatever the 400 requests still to come bring"},
		{`requests.codes["503"] < 2`, failing(2), 1000, `requests.codes["503"] will be at least 2, whatever the 398 requests still to come bring`},
		{"requests.sent > 600", ok, 601, ""},
		{"requests.sent > 601", ok, 601, "requests.sent will be at most 601, whatever the last request brings"},
		{"requests.planned >= 1001", ok, 1000, "requests.planned will be at most 1,000, whatever the 400 requests still to come bring"},
		// The rank of p99 of 1,000 is 990: it is above when 11 are.
		{"responseTime.p99 < 50ms", slow(10, 60*time.Millisecond), 1000, ""},
		{"responseTime.p99 < 50ms", slow(11, 60*time.Millisecond), 1000, "responseTime.p99 will be at least 60.0 ms, whatever the 389 requests still to come bring"},
		{"responseTime.p99 < 50ms", slow(11, 40*time.Millisecond), 1000, ""},
		{"responseTime.p99.5 < 50ms", slow(6, 60*time.Millisecond), 1000, "responseTime.p99.5 will be at least 60.0 ms, whatever the 394 requests still to come bring"},
		{"responseTime.p99 < 50ms", slow(300, 60*time.Millisecond), 0, ""},
		{"responseTime.p99 > 11ms", ok, 606, "responseTime.p99 will be at most 10.0 ms, whatever the 6 requests still to come bring"},
		{"responseTime.p99 > 11ms", ok, 607, ""},
		{"responseTime.p99.9 < 50ms", ok, 3687, "responseTime.p99.9 needs 3,688 requests, and will have at most 3,687"},
		{"responseTime.p99.9 < 50ms", nil, 3687, "responseTime.p99.9 needs 3,688 requests, and will have at most 3,687"},
		{"responseTime.p99.9 < 50ms", nil, 3688, ""},
		{"responseTime.p99.9 < 50ms", ok, 0, ""},
		{"responseTime.max < 50ms", slow(1, 60*time.Millisecond), 1000, "responseTime.max will be at least 60.0 ms, whatever the 399 requests still to come bring"},
		{"responseTime.max < 50ms", slow(1, 60*time.Millisecond), 0, "responseTime.max will be at least 60.0 ms, whatever is still to come"},
		{"responseTime.max > 50ms", ok, 601, ""},
		{"responseTime.min > 11ms", ok, 0, "responseTime.min will be at most 9.99 ms, whatever is still to come"},
		{"responseTime.min < 1ms", ok, 601, ""},
		{"responseTime.mean < 5.99ms", ok, 1000, "responseTime.mean will be at least 6.00 ms, whatever the 400 requests still to come bring"},
		{"responseTime.mean < 6.1ms", ok, 1000, ""},
		{"responseTime.mean > 23m", ok, 1000, ""},
		{"responseTime.mean > 25m", ok, 1000, "responseTime.mean will be at most 1,440 s, whatever the 400 requests still to come bring"},
		{"responseTime.count > 1000", ok, 1000, "responseTime.count will be at most 1,000, whatever the 400 requests still to come bring"},
		{"connectTime.count < 1", slow(0, 0), 1000, ""},
		{"unsentRate > 40%", ok, 1000, "unsentRate will be at most 40.0 %, whatever the 400 requests still to come bring"},
		{"rate.achieved > 5000", ok, 1000, ""},
		{"rate.target > 5000", ok, 1000, ""},
		{"resources.nodes.cpuUtilization < 1%", ok, 1000, ""},
		{"targets.a.errorRate < 1%", failing(600), 1200, ""}, // nothing known of it yet
		// A planned count that was wrong proves nothing.
		{"errorRate < 1%", failing(600), 1000, ""},
	} {
		hopeless, reason := Hopeless(parse(t, c.text), resultOf(t, c.sofar), c.planned)
		if reason != c.reason || hopeless != (c.reason != "") {
			t.Errorf("%s, %d of %d: %v, %q, want %q", c.text, len(c.sofar), c.planned, hopeless, reason, c.reason)
		}
		if starved := Starved(parse(t, c.text), resultOf(t, c.sofar), c.planned); starved != strings.Contains(c.reason, " needs ") {
			t.Errorf("%s, %d of %d: starved is %v", c.text, len(c.sofar), c.planned, starved)
		}
	}
}

func TestHopelessNeedsTheHistogramOfTheSummary(t *testing.T) {
	r := resultOf(t, answered(1000, time.Second))
	e := parse(t, "responseTime.p99 < 50ms")
	if hopeless, _ := Hopeless(e, r, 1000); !hopeless {
		t.Fatal("1,000 of 1,000 too slow, and there is hope")
	}
	for name, encoded := range map[string]string{"absent": "", "broken": "x", "of fewer": resultOf(t, answered(10, time.Second)).Status.Histograms.ResponseTime} {
		r.Status.Histograms.ResponseTime = encoded
		if hopeless, reason := Hopeless(e, r, 1000); hopeless {
			t.Errorf("histogram %s: %s", name, reason)
		}
	}
}

// scenario is a random run, what was measured of it at a random moment, and a
// bound of its requests.
type scenario struct {
	random       *rand.Rand
	sofar, whole []request
	planned      int64
}

func randomScenario(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 7))
	s := &scenario{random: r}
	n := int(math.Exp(r.Float64() * math.Log(4000)))
	chance := func() float64 { return []float64{0, 0, 0.001, 0.01, 0.02, 0.3, 1}[r.IntN(7)] }
	failing, unsent, targets := chance(), chance(), r.IntN(2) == 0
	if unsent == 1 {
		unsent = 0.9
	}
	median, spread := math.Exp(r.Float64()*12), r.Float64()*2
	duration := func() time.Duration { return time.Duration(1000 * median * math.Exp(spread*r.NormFloat64())) }
	for i := range n {
		one := request{code: "200", service: duration(), late: duration() / 100}
		one.response = one.service
		if r.IntN(20) == 0 {
			one.response += duration()
		}
		if r.IntN(50) == 0 {
			one.connect = duration()
		}
		switch {
		case float64(i) > (1-unsent)*float64(n):
			one.unsent = true
		case r.Float64() < failing:
			one.failed, one.error = true, duration()
			one.code = []string{"503", "timeout", "connection"}[r.IntN(3)]
		}
		if targets {
			one.target = []string{"a", "b.c"}[r.IntN(2)]
		}
		s.whole = append(s.whole, one)
	}
	if r.IntN(2) == 0 { // the target gets better, or worse: early and late differ
		r.Shuffle(len(s.whole), func(i, j int) { s.whole[i], s.whole[j] = s.whole[j], s.whole[i] })
	}
	s.sofar = s.whole[:r.IntN(n+1)]
	s.planned = int64(n)
	switch r.IntN(6) {
	case 0:
		s.planned = 0
	case 1:
		s.planned += int64(r.IntN(n + 1)) // an agent was lost
	}
	return s
}

var somePaths = []string{
	"requests.planned", "requests.sent", "requests.succeeded", "requests.failed", "requests.unsent", "codes.503", "codes.200",
	"errorRate", "unsentRate", "responseTime.p50", "responseTime.p99", "responseTime.p97", "responseTime.p99.5", "responseTime.p99.9",
	"responseTime.mean", "responseTime.min", "responseTime.max", "responseTime.count", "serviceTime.p90", "serviceTime.p99", "serviceTime.mean",
	"lateness.p99", "lateness.max", "connectTime.max", "connectTime.min", "connectTime.p50", "errorTime.p50", "errorTime.max", "errorTime.count",
	"targets.a.errorRate", "targets.a.responseTime.p90", `targets["b.c"].requests.failed`, `targets["b.c"].serviceTime.max`, "targets.a.codes.200",
	"rate.achieved",
}

// expression is a random one whose value is near what is, or was, measured:
// elsewhere nothing is decided.
func (s *scenario) expression(t *testing.T, results ...*document.Result) Expression {
	path := somePaths[s.random.IntN(len(somePaths))]
	op := operators[s.random.IntN(len(operators))]
	at, _, _ := parse(t, path+" < 1").Evaluate(results[s.random.IntN(len(results))])
	e := parse(t, path+" < 1")
	at *= []float64{0.5, 0.9, 0.999, 1, 1, 1, 1.001, 1.1, 2}[s.random.IntN(9)]
	switch e.path.kind() {
	case inRequests:
		return parse(t, fmt.Sprintf("%s %s %.0f", path, op, at))
	case inPercent:
		return parse(t, fmt.Sprintf("%s %s %.6f%%", path, op, min(at, 100)))
	}
	return parse(t, fmt.Sprintf("%s %s %.6f", path, op, at))
}

// proveSound: what was called hopeless does not hold over the whole run.
func proveSound(t *testing.T, seed uint64, found map[string]int) {
	s := randomScenario(seed)
	sofar, whole := resultOf(t, s.sofar), resultOf(t, s.whole)
	for range 40 {
		e := s.expression(t, sofar, whole)
		hopeless, reason := Hopeless(e, sofar, s.planned)
		if !hopeless {
			continue
		}
		found[e.op]++
		if actual, ok, _ := e.Evaluate(whole); ok {
			t.Errorf("seed %d: %s was called hopeless after %d of %d requests (%s), and %v met it",
				seed, e, len(s.sofar), s.planned, reason, actual)
		}
	}
}

func TestHopelessIsAlwaysRight(t *testing.T) {
	found := map[string]int{}
	for seed := range uint64(40) {
		proveSound(t, seed, found)
	}
	t.Logf("hopeless: %v", found)
	for _, op := range operators {
		if found[op] < 5 {
			t.Errorf("%s was hopeless in %d cases: too few to prove anything", op, found[op])
		}
	}
}

func FuzzHopeless(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { proveSound(t, seed, map[string]int{}) })
}

// continuations are what the requests still to come can do at the extremes.
func (s *scenario) continuations(t *testing.T) []*document.Result {
	rest := int(s.planned) - len(s.sofar)
	kinds := []request{
		{code: "200"}, {code: "200", response: time.Hour, service: time.Hour, late: time.Hour},
		{failed: true, code: "503"}, {failed: true, code: "503", error: time.Hour},
		{unsent: true}, {unsent: true, response: time.Hour},
	}
	all := []*document.Result{resultOf(t, s.sofar)}
	for _, k := range kinds {
		k.target = "a"
		run := append([]request{}, s.sofar...)
		for range rest {
			run = append(run, k)
		}
		all = append(all, resultOf(t, run))
	}
	return all
}

func TestRepeated(t *testing.T) {
	for _, d := range []time.Duration{0, time.Hour} {
		for _, n := range []int64{0, 1, 16383, 16384, 100_001} {
			h := repeated(d, n)
			if h.Count() != n || n > 0 && (h.Min() > d || h.Max() < d) {
				t.Errorf("%d times %v: %d from %v to %v", n, d, h.Count(), h.Min(), h.Max())
			}
		}
	}
	if n := repeated(0, 1<<52).Count(); n != 1<<52 {
		t.Errorf("2^52 are %d", n)
	}
}

// What is not called hopeless can still come to hold: some extreme of what may
// follow meets it. Left out are means, for their slack, and connect times, for
// nobody knows how many will come.
func TestHopelessIsExact(t *testing.T) {
	proven := 0
	for seed := uint64(0); proven < 150 && seed < 1000; seed++ {
		s := randomScenario(seed)
		if s.planned < 10 || s.planned > 600 {
			continue
		}
		sofar := resultOf(t, s.sofar)
		ends := s.continuations(t)
		whole := resultOf(t, s.whole)
		for range 100 {
			e := s.expression(t, sofar, whole)
			if e.op == "==" || e.op == "!=" || e.path.field == "mean" || e.path.group == "connectTime" || e.path.group == rate || e.Target() == "b.c" {
				continue
			}
			if _, _, reason := e.Evaluate(sofar); e.Target() != "" && reason != "" {
				continue
			}
			if hopeless, _ := Hopeless(e, sofar, s.planned); hopeless {
				continue
			}
			met := false
			for _, end := range ends {
				_, ok, _ := e.Evaluate(end)
				met = met || ok
			}
			if !met {
				t.Errorf("seed %d: after %d of %d requests, %s is not called hopeless and no continuation meets it", seed, len(s.sofar), s.planned, e)
			}
			proven++
		}
	}
	if proven < 150 {
		t.Errorf("only %d cases", proven)
	}
}
