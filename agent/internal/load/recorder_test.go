package load

import (
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/internal/histogram"
)

// What of a call goes into which time; all were intended at 0, sent 1 s later for
// want of a connection, and ended after 6 s.
func TestTheTimesOfACall(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		name                      string
		answer                    client.Answer
		service, response, errors time.Duration
	}{
		{"answered", client.Answer{Code: 200}, 5 * time.Second, 6 * time.Second, none},
		{"after waiting for a stream", client.Answer{Code: 200, Waited: 4 * time.Second}, time.Second, 6 * time.Second, none},
		{"with a body that was looked into", client.Answer{Code: 200, Checked: 2 * time.Second}, 3 * time.Second, 4 * time.Second, none},
		{"with a wrong body", client.Answer{Code: 200, Failure: client.FailCheck, Checked: 2 * time.Second}, none, none, 3 * time.Second},
		{"timed out", client.Answer{Failure: client.FailTimeout}, 5 * time.Second, 6 * time.Second, 5 * time.Second},
		{"timed out, mostly served", client.Answer{Failure: client.FailTimeout, Waited: time.Second}, 4 * time.Second, 6 * time.Second, 4 * time.Second},
		{"timed out while waiting for a stream", client.Answer{Failure: client.FailTimeout, Waited: 5*time.Second - time.Microsecond}, none, 6 * time.Second, 5 * time.Second},
		{"cancelled while waiting for a stream", client.Answer{Failure: client.FailCancelled, Waited: 5 * time.Second}, none, 6 * time.Second, 5 * time.Second},
		{"refused after waiting", client.Answer{Failure: client.FailRefused, Waited: 4 * time.Second}, none, none, time.Second},
	} {
		one := newTallies(1)[0]
		one.record(&call{Answer: c.answer, start: time.Second, end: 6 * time.Second})
		m := newMeasurement()
		one.drain(m)
		for _, h := range []struct {
			name string
			got  *histogram.Histogram
			want time.Duration
		}{
			{"service time", m.ServiceTime, c.service}, {"response time", m.ResponseTime, c.response}, {"error time", m.ErrorTime, c.errors},
		} {
			want := histogram.New()
			if h.want != none {
				want.Record(h.want)
			}
			if !h.got.Equal(want) {
				t.Errorf("%s: %s %v (%d), want %v", c.name, h.name, h.got.Max(), h.got.Count(), h.want)
			}
		}
		if m.Lateness.Count() != 1 || m.Sent != 1 {
			t.Errorf("%s: %+v", c.name, m.Counts)
		}
	}
}

// An answer that came in time is no timeout because looking into it took long.
func TestLookingIntoABodyIsNoTimeout(t *testing.T) {
	c := &call{Answer: client.Answer{Code: 200, Checked: time.Second}, end: 1500 * time.Millisecond}
	if c.checkTimeout(time.Second); !c.OK() {
		t.Errorf("%+v", c.Answer)
	}
}
