//go:build linux

package peer

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
)

// vegeta attacks and reports in two programs; only the attack is measured.
func vegeta() Peer {
	return Peer{Name: "vegeta", Program: "vegeta", Command: vegetaCommand, Parse: parseVegeta}
}

func vegetaCommand(program string, l Load) (Command, error) {
	results := filepath.Join(l.Dir, "results")
	args := []string{program, "attack", "-duration", seconds(l.Duration), "-output", results, "-workers", strconv.Itoa(l.concurrency())}
	switch l.Protocol {
	case GRPC:
		return Command{}, ErrCannot
	case HTTP2:
		args = append(args, "-h2c")
	}
	if l.Rate > 0 {
		// It adds workers, and so connections, when those it has are busy.
		args = append(args, "-rate", strconv.Itoa(int(l.Rate)), "-max-workers", strconv.Itoa(l.ceiling()))
	} else {
		args = append(args, "-rate", "0", "-max-workers", strconv.Itoa(l.concurrency()))
	}
	return Command{Args: args, Stdin: "GET " + l.url() + "\n",
		After: []string{program, "report", "-type", "json", results}}, nil
}

func parseVegeta(_ Load, stdout []byte) (Answer, error) {
	var r struct {
		Requests  int64
		Success   float64
		Duration  float64 // ns, of the attack
		Wait      float64 // ns, for the last answer
		Latencies struct {
			P50 float64 `json:"50th"` // ns
			P99 float64 `json:"99th"`
		}
	}
	if err := json.Unmarshal(stdout, &r); err != nil {
		return Answer{}, fmt.Errorf("read vegeta's report: %w", err)
	}
	a := Answer{Seconds: (r.Duration + r.Wait) / 1e9, P50: r.Latencies.P50 / 1e6, P99: r.Latencies.P99 / 1e6}
	a.Requests = int64(float64(r.Requests)*r.Success + 0.5)
	a.Failed = r.Requests - a.Requests
	return a, nil
}
