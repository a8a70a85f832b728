package session

import (
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// The plugin that started a run may have died: whoever attaches watches for what
// its Test wants it to end by.
func TestAttachJudgesAbortOn(t *testing.T) {
	url, count, _ := target(t)
	members, _ := agents(t, 2)
	c := config(t, members, url, 100, 0, time.Hour)
	c.Test.Spec.AbortOn = []string{"requests.sent > 200"}
	orphan(t, c)
	r := attached(t, c, members)
	s := r.Status
	if s.Phase != document.Cancelled || !strings.HasPrefix(s.Aborted, "requests.sent > 200: it is ") || len(s.Validity.Reasons) == 0 ||
		!strings.HasPrefix(s.Validity.Reasons[0], "ended early by its Test: requests.sent > 200") {
		t.Errorf("%s, aborted %q, %+v", s.Phase, s.Aborted, s.Validity)
	}
	for _, a := range s.Agents {
		if a.Phase != document.AgentCancelled || !strings.HasPrefix(a.Reason, "aborted: requests.sent > 200") {
			t.Errorf("%+v", a)
		}
	}
	if n := count.Load(); sent(r) != n {
		t.Errorf("%d sent, the target counted %d", sent(r), n)
	}
	// It says so once more to who comes later, and is not stopped again.
	if again := attached(t, c, members).Status; again.Aborted != s.Aborted || again.Requests.Sent != s.Requests.Sent {
		t.Errorf("attached again: %q, %+v", again.Aborted, again.Requests)
	}
}

// A run that ended before anybody looked is what it is, whatever its Test would
// have ended it for.
func TestAttachDoesNotAbortWhatHasEnded(t *testing.T) {
	url, _, _ := target(t)
	members, _ := agents(t, 2)
	c := config(t, members, url, 200, 0, 6*time.Second)
	c.Test.Spec.AbortOn = []string{"requests.sent > 200"}
	orphan(t, c)
	for ended := 0; ended < len(members); {
		ended = 0
		for _, s := range runs(t, members) {
			if s.GetPhase() == agentv1.RunPhase_RUN_PHASE_SUCCEEDED {
				ended++
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if s := attached(t, c, members).Status; s.Phase != document.Succeeded || s.Aborted != "" || s.Requests.Sent != 1200 {
		t.Errorf("%s, aborted %q, %+v", s.Phase, s.Aborted, s.Requests)
	}
}
