//go:build e2e

package e2e

import (
	"fmt"
	"testing"
)

// most is the memory of an agent with a thousand connections, in bytes.
const most = 150 << 20

// An agent with a thousand connections fits well into its memory limit.
func TestAThousandConnectionsAreLight(t *testing.T) {
	at := alone(t)
	node := nodeNames(t)[0]
	slowly := at.target + "?delay=500ms"
	for _, c := range []struct{ name, client, target string }{
		{"fast", "fast", fmt.Sprintf("{url: %q}", slowly)},
		{"std", "std", fmt.Sprintf("{url: %q, method: POST, body: x}", slowly)},
	} {
		t.Run(c.name, func(t *testing.T) {
			// A closed loop keeps all of them busy: 1000 answers in 500 ms.
			r := at.quick(t, "target: "+c.target+"\n  load: {rate: max, duration: 5s, connections: 1000}", "--node", node)
			a := r.Status.Agents[0]
			if n := r.Status.Latency.ConnectTime; n == nil || n.Count < 1000 || r.Status.Requests.Failed != 0 {
				t.Errorf("%+v over connections %+v, want 1000 of them and no errors", r.Status.Requests, n)
			}
			t.Logf("%s with 1000 connections: %.1f MiB", a.Targets[0].Client, float64(a.MaxRSSBytes)/(1<<20))
			if a.Targets[0].Client != c.client || a.MaxRSSBytes == 0 || a.MaxRSSBytes > most {
				t.Errorf("client %q, %d bytes; want %q, at most %d", a.Targets[0].Client, a.MaxRSSBytes, c.client, most)
			}
		})
	}
}
