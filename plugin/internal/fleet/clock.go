package fleet

import (
	"context"
	"errors"
	"time"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// Clock relates an agent's wall clock to the caller's.
type Clock struct {
	// Offset is agent time minus caller time.
	Offset time.Duration
	// Error bounds the offset's error: half the shortest round trip. The true
	// offset lies within Offset ± Error whatever the asymmetry of the path.
	Error time.Duration
}

// pings per measurement; the one with the shortest round trip counts, for it
// waited least in queues.
const pings = 9

// measureClock estimates the offset by the exchange of RFC 5905, section 8:
// offset = ((t2-t1) + (t3-t4)) / 2, delay = (t4-t1) - (t3-t2).
func measureClock(ctx context.Context, client agentv1.AgentServiceClient) (Clock, error) {
	best := time.Duration(-1)
	var c Clock
	for range pings {
		t1 := time.Now()
		r, err := client.Ping(ctx, &agentv1.PingRequest{})
		if err != nil {
			return Clock{}, err
		}
		elapsed := time.Since(t1) // monotonic
		t4 := t1.UnixNano() + int64(elapsed)
		// A negative delay, or time that runs backwards on the agent, means that
		// its clock was set in between: such an exchange tells nothing.
		took := time.Duration(r.GetSentUnixNano() - r.GetReceivedUnixNano())
		delay := elapsed - took
		if took < 0 || delay < 0 || (best >= 0 && delay >= best) {
			continue
		}
		best = delay
		c.Offset = time.Duration((r.GetReceivedUnixNano() - t1.UnixNano() + r.GetSentUnixNano() - t4) / 2)
		c.Error = delay / 2
	}
	if best < 0 {
		return Clock{}, errors.New("the agent's clock is being set all the time: see to the time service of its node")
	}
	return c, nil
}

// agentTime is the caller's t on the agent's clock.
func (c Clock) agentTime(t time.Time) time.Time { return t.Add(c.Offset) }

// CallerTime is the agent's t on the caller's clock.
func (c Clock) CallerTime(t time.Time) time.Time { return t.Add(-c.Offset) }
