package session

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/testagents"
)

// mustRun returns a run that has ended, still connected to its agents.
func mustRun(t *testing.T, c Config) *Ended {
	t.Helper()
	e, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	closed(t, e)
	return e
}

func closed(t *testing.T, e *Ended) {
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
}

// sent is everything, the warm-up included.
func sent(r *document.Result) int64 {
	n := r.Status.Requests.Sent
	if r.Status.Warmup != nil {
		n += r.Status.Warmup.Sent
	}
	return n
}

// checkMerge compares the merged histograms with those of the agents.
func checkMerge(t *testing.T, r *document.Result) {
	t.Helper()
	for name, of := range map[string]func(document.Histograms) string{
		"response time": func(h document.Histograms) string { return h.ResponseTime },
		"service time":  func(h document.Histograms) string { return h.ServiceTime },
		"lateness":      func(h document.Histograms) string { return h.Lateness },
	} {
		merged := histogram.New()
		for _, a := range r.Status.Agents {
			h, err := histogram.Decode([]byte(of(a.Histograms)))
			if err != nil {
				t.Fatal(err)
			}
			merged.Merge(h)
		}
		all, err := histogram.Decode([]byte(of(r.Status.Histograms)))
		if err != nil || !all.Equal(merged) {
			t.Errorf("%s: merged %d, of the agents %d, %v", name, all.Count(), merged.Count(), err)
		}
	}
}

// butForLateness are the reasons why a run is invalid, less that the generator
// was late: this machine has other work to do, such as the other tests.
func butForLateness(v document.Validity) []string {
	return slices.DeleteFunc(slices.Clone(v.Reasons), func(reason string) bool { return strings.HasPrefix(reason, "the generator was late: ") })
}

func TestWholeRuns(t *testing.T) {
	for name, c := range map[string]struct {
		agents int
		rate   document.Rate
	}{"one agent": {1, 100}, "two agents": {2, 100}, "three agents, odd rate": {3, 97}, "closed loop": {2, document.Max}} {
		t.Run(name, func(t *testing.T) {
			url, count, _ := target(t)
			members, lines := agents(t, c.agents)
			config := config(t, members, url, c.rate, time.Second, 2*time.Second)
			var start Start
			config.Started = func(s Start) { start = s }
			e := mustRun(t, config)
			r := e.Result
			s := r.Status
			if s.Phase != document.Succeeded || len(butForLateness(s.Validity)) > 0 {
				t.Errorf("%s, %+v", s.Phase, s.Validity)
			}
			if sent(r) != count.Load() || s.Requests.Succeeded != s.Requests.Sent || s.Requests.Codes["200"] != s.Requests.Sent {
				t.Errorf("%d sent, the target counted %d: %+v", sent(r), count.Load(), s.Requests)
			}
			// Each agent asks once before the load, to choose its client.
			if n := int64(2 * c.rate); c.rate != document.Max && (s.Requests.Planned != n || s.Requests.Sent != n || s.Warmup.Sent != n/2+n%2+int64(c.agents)) {
				t.Errorf("%+v, %+v; want %d", s.Requests, s.Warmup, n)
			}
			checkMerge(t, r)
			if len(s.Agents) != c.agents || s.EndTime.Sub(s.StartTime) < 1990*time.Millisecond || s.EndTime.Sub(s.StartTime) > 2010*time.Millisecond {
				t.Errorf("%d agents, %s", len(s.Agents), s.EndTime.Sub(s.StartTime))
			}
			for _, a := range s.Agents {
				if a.Phase != document.AgentSucceeded || len(a.Targets) != 1 || len(a.Targets[0].Addresses) != 1 || a.ClockErrorMs > 100 || a.MaxRSSBytes == 0 {
					t.Errorf("%+v", a)
				}
			}
			if start.RunID != config.RunID || len(start.Nodes) != c.agents || start.Ends.Sub(start.T0) != 3*time.Second {
				t.Errorf("start %+v", start)
			}
			if len(s.Timeline) < 3 || !s.Timeline[0].Warmup {
				t.Errorf("time line %+v", s.Timeline)
			}
			// Every source that was wanted is named: two an agent, and Prometheus once.
			if len(s.Resources.Sources) != 2*c.agents+1 {
				t.Errorf("sources %+v", s.Resources.Sources)
			}
			for _, l := range lines { // what is connected is enough
				l.Refuse(testagents.ErrCut)
			}
			err := e.Acknowledge(t.Context())
			for _, l := range lines {
				l.Refuse(nil)
			}
			if err != nil || spooled(t, members) != 0 {
				t.Errorf("acknowledged: %v, %d runs are left", err, spooled(t, members))
			}
		})
	}
}

func TestAnInterruptStopsTheLoadAndKeepsWhatWasMeasured(t *testing.T) {
	for name, c := range map[string]struct{ warmup, after time.Duration }{
		"in the load": {0, 1200 * time.Millisecond},
		"in warm-up":  {time.Hour, 1200 * time.Millisecond},
		"before T0":   {0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, count, _ := target(t)
			members, lines := agents(t, 2)
			config := config(t, members, url, 100, c.warmup, time.Hour)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var interrupted time.Time
			config.Started = func(s Start) {
				wait := max(0, time.Until(s.T0)+c.after)
				if c.after == 0 {
					wait = 0
				}
				time.AfterFunc(wait, func() {
					interrupted = time.Now()
					if c.after > 0 {
						lines[1].Cut(nil) // the connection breaks just then: the agent is told all the same
					}
					cancel()
				})
			}
			e, err := Run(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			closed(t, e)
			r := e.Result
			if took := time.Since(interrupted); took > time.Duration(config.Test.Spec.Target.Timeout)+stopPatience {
				t.Errorf("stopping took %s", took)
			}
			s := r.Status
			if s.Phase != document.Cancelled || s.Validity.Valid || len(butForLateness(s.Validity)) != 1 {
				t.Errorf("%s, %+v", s.Phase, s.Validity)
			}
			if n := count.Load(); sent(r) != n || (n == int64(len(members))) != (c.after == 0) {
				t.Errorf("%d sent, the target counted %d", sent(r), n)
			}
			if measured := c.warmup == 0 && c.after > 0; (s.Requests.Sent > 0) != measured {
				t.Errorf("%+v", s.Requests)
			}
			for _, a := range s.Agents {
				if a.Phase != document.AgentCancelled || a.Reason != "interrupted by somebody@somewhere" {
					t.Errorf("%+v", a)
				}
			}
			checkMerge(t, r)
			time.Sleep(200 * time.Millisecond)
			if now := count.Load(); now != sent(r) {
				t.Errorf("the load goes on: %d, %d at the end", now, sent(r))
			}
		})
	}
}

func TestAnInterruptBeforeTheStart(t *testing.T) {
	url, count, _ := target(t)
	members, _ := agents(t, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, config(t, members, url, 100, 0, time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if count.Load() != 0 || spooled(t, members) != 0 {
		t.Errorf("%d calls, %d runs", count.Load(), spooled(t, members))
	}
}

func TestAnAgentThatIsLost(t *testing.T) {
	url, _, _ := target(t)
	members, lines := agents(t, 3)
	config := config(t, members, url, 150, 0, 3*time.Second)
	config.Started = func(s Start) {
		time.AfterFunc(time.Until(s.T0)+1500*time.Millisecond, func() { lines[1].Cut(testagents.Gone{}) })
	}
	e := mustRun(t, config)
	r := e.Result
	s := r.Status
	if s.Phase != document.Partial || s.Validity.Valid || !strings.Contains(s.Validity.Reasons[0], "worker-2 was lost: there is no such pod any more") {
		t.Errorf("%s, %+v", s.Phase, s.Validity)
	}
	if a := s.Agents; a[0].Phase != document.AgentSucceeded || a[0].Requests.Sent != 150 || a[1].Phase != document.AgentLost || a[1].Requests.Sent == 0 || a[1].Requests.Sent > 100 {
		t.Errorf("%+v", a)
	}
	checkMerge(t, r)
	// The others are let go all the same, and that the lost one is, is no news.
	if err := e.Acknowledge(t.Context()); err != nil {
		t.Errorf("acknowledged: %v", err)
	}
	if n := spooled(t, []fleet.Member{members[0], members[2]}); n != 0 {
		t.Errorf("%d runs are left where the agents answer", n)
	}
}

// Who has the run and cannot be told is named; the others are let go. Whoever
// comes for the run later tells the rest.
func TestAcknowledgingWhereAnAgentDoesNotAnswer(t *testing.T) {
	url, _, _ := target(t)
	members, lines := agents(t, 3)
	config := config(t, members, url, 150, 0, time.Second)
	e := mustRun(t, config)
	lines[1].Cut(testagents.ErrCut)
	err := e.Acknowledge(t.Context())
	if err == nil || !strings.Contains(err.Error(), `the run stays in the agents' spool`) || !strings.HasSuffix(err.Error(), `: agent on node "worker-2": the cable is cut`) {
		t.Errorf("got %v", err)
	}
	if n := spooled(t, []fleet.Member{members[0], members[2]}); n != 0 {
		t.Errorf("%d runs are left where the agents answer", n)
	}
	if err := Acknowledge(t.Context(), members, config.RunID); err != nil {
		t.Errorf("nobody who answers has it: %v", err)
	}
	lines[1].Refuse(nil)
	if n := spooled(t, members); n != 1 {
		t.Errorf("%d runs are left", n)
	}
	lines[0].Cut(testagents.ErrCut)
	if err := Acknowledge(t.Context(), members, config.RunID); err != nil {
		t.Errorf("who has it answers: %v", err)
	}
	lines[0].Refuse(nil)
	if n := spooled(t, members); n != 0 {
		t.Errorf("%d runs are left", n)
	}
}

func TestErrorsBeforeTheStart(t *testing.T) {
	url, count, _ := target(t)
	members, lines := agents(t, 2)
	for name, c := range map[string]struct {
		url  string
		down error
		want string
	}{
		"host":    {"http://no-such-host.invalid/", nil, `agents on nodes worker-1, worker-2: host "no-such-host.invalid" does not resolve`},
		"refused": {"http://127.0.0.1:1/", nil, `connect to "127.0.0.1:1": 127.0.0.1:1: connect: connection refused`},
		"dial":    {url, testagents.ErrCut, `agent on node "worker-2": the cable is cut`},
	} {
		lines[1].Refuse(c.down)
		_, err := Run(t.Context(), config(t, members, c.url, 100, 0, time.Second))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q in one line", name, err, c.want)
		}
		lines[1].Refuse(nil)
	}
	if count.Load() != 0 || spooled(t, members) != 0 {
		t.Errorf("%d calls, %d runs", count.Load(), spooled(t, members))
	}
}

func TestSecretsAreSentAndNotKept(t *testing.T) {
	url, _, header := target(t)
	members, _ := agents(t, 1)
	config := config(t, members, url, 10, 0, time.Second)
	config.Test.Spec.Target.Headers = []document.Header{{Name: "Authorization", Value: "Bearer s3cr3t"}, {Name: "X-Vault-Token", Value: "s3cr3t"}, {Name: "Accept", Value: "text/plain"}}
	r := mustRun(t, config).Result
	got := header.Load().(http.Header)
	if got.Get("Authorization") != "Bearer s3cr3t" || got.Get("X-Vault-Token") != "s3cr3t" {
		t.Errorf("sent %v", got)
	}
	raw, err := document.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := fleet.Connect(t.Context(), members)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plan, err := f.Agents[0].Plan(t.Context(), config.RunID)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("s3cr3t")) || strings.Contains(plan.String(), "s3cr3t") {
		t.Errorf("kept in\n%s\nor\n%s", raw, plan)
	}
	if h := r.Spec.Target.Headers; h[0].Value != "<redacted>" || h[1].Value != "<redacted>" || h[2].Value != "text/plain" {
		t.Errorf("%+v", h)
	}
	if h := config.Test.Spec.Target.Headers; h[0].Value != "Bearer s3cr3t" {
		t.Errorf("the caller's Test was changed: %+v", h)
	}
}
