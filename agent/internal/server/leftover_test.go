package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
	"github.com/meshery/kubectl-meshery/agent/internal/load"
)

// An agent is not well when calls are still there that should have ended long ago,
// by the longest that any target's may take; one whose calls end in time is.
func TestAnAgentIsUnwellWhenCallsHang(t *testing.T) {
	url, _ := target(t, 0)
	r := &run{}
	longest := time.Duration(0)
	for _, timeout := range []time.Duration{time.Second, 5 * time.Minute, time.Minute} {
		clients, err := client.Reach(t.Context(), client.Target{URL: url, Method: "GET", Timeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		defer clients.Close()
		r.targets = append(r.targets, load.Target{Clients: clients, Weight: 1})
		longest = max(longest, clients.LongestCall())
	}
	if longest < 5*time.Minute {
		t.Fatalf("the longest call may take %v, and its timeout is 5m", longest)
	}
	for name, hang := range map[string]bool{"hang": true, "end late": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leftover := make(chan struct{})
				m := &manager{}
				m.shutdown, m.cancel = context.WithCancel(t.Context())
				defer m.cancel()
				this := &run{targets: r.targets, leftover: leftover}
				go m.lookAfter(this)
				time.Sleep(longest + leftoverTime - time.Second)
				synctest.Wait()
				if m.unwell.Load() {
					t.Errorf("unwell before %v and %v have passed", longest, leftoverTime)
				}
				if !hang {
					close(leftover)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if m.unwell.Load() != hang {
					t.Errorf("unwell is %v", m.unwell.Load())
				}
			})
		})
	}
}
