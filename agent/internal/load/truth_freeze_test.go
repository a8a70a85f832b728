//go:build unix

package load

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/agent/internal/client"
)

// frozen is what the process that is frozen tells of its run.
type frozen struct {
	T0                                       time.Time
	Sent, Planned                            int64
	Response50, Response99                   time.Duration
	Lateness90, Lateness99, LongestOfService time.Duration
}

var frozenPlan = Plan{Rate: 200, Agents: 1, Connections: 4, Duration: 4 * time.Second}

// TestFrozenProcess is the process that TestTruthOfAFrozenGenerator freezes, and
// nothing where that did not start it.
func TestFrozenProcess(t *testing.T) {
	url := os.Getenv("MESHERY_TEST_FREEZE")
	if url == "" {
		return
	}
	clients, err := client.Reach(t.Context(), client.Target{URL: url, Method: "GET", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	m := measure(t, t.Context(), soon(), frozenPlan, only(clients)...)
	f := frozen{T0: m.t0, Sent: m.whole.Sent, Planned: m.whole.Planned(), LongestOfService: m.whole.ServiceTime.Max()}
	f.Response50, _ = m.whole.ResponseTime.Quantile(0.5)
	f.Response99, _ = m.whole.ResponseTime.Quantile(0.99)
	f.Lateness90, _ = m.whole.Lateness.Quantile(0.9)
	f.Lateness99, _ = m.whole.Lateness.Quantile(0.99)
	if err := json.NewEncoder(os.Stdout).Encode(f); err != nil {
		t.Fatal(err)
	}
}

// A node takes the CPU from an agent for a second, while the server answers as
// ever. 200 calls become due meanwhile: they are late, and no response time blames
// the server for it.
func TestTruthOfAFrozenGenerator(t *testing.T) {
	t.Parallel()
	w := newWitness(t, ok)
	steadily(t, func(tr *trial) {
		w.forget()
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFrozenProcess$")
		child.Env = append(os.Environ(), "MESHERY_TEST_FREEZE="+w.url+"/")
		var out strings.Builder
		child.Stdout = &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for tries := 0; len(w.entries("")) < 200; tries++ {
			if tries > 10_000 {
				t.Fatalf("the process sends nothing: %q", out.String())
			}
			time.Sleep(5 * time.Millisecond)
		}
		stopped := time.Now()
		if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		resumed := time.Now()
		if err := child.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		var got frozen
		if err := json.NewDecoder(strings.NewReader(out.String())).Decode(&got); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		log := w.entries("")[1:] // less the one that chose the client
		if got.Planned != 800 || int64(len(log)) != got.Sent || got.Sent != 800 {
			t.Fatalf("%+v, the server got %d; want 800", got, len(log))
		}
		tr.busy = "its disturbance cannot be told from the lateness wanted here"
		var response, late []time.Duration
		for k, e := range log {
			due := got.T0.Add(time.Duration(k) * time.Second / 200)
			from := due
			if due.After(stopped) && due.Before(resumed) {
				from = resumed
			}
			response = append(response, e.answered.Sub(from))
			late = append(late, from.Sub(due))
		}
		truth, own := sorted(response), sorted(late)
		t.Logf("%+v; by the server's log response time p99 %v, lateness p90 %v and p99 %v", got, truth.at(0.99), own.at(0.9), own.at(0.99))
		// The process goes on a moment after it was told to: that is lateness, too.
		moment := truth.at(0.99)
		tr.within("response time p99", got.Response99, 0, moment+moment/50+5*time.Millisecond)
		tr.within("lateness p90", got.Lateness90, own.at(0.9)*98/100, own.at(0.9)*102/100+moment)
		tr.within("lateness p99", got.Lateness99, own.at(0.99)*98/100, own.at(0.99)*102/100+moment)
	})
}
