//go:build linux

package peer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// meshery is kubectl-meshery without a cluster.
func meshery() Peer {
	return Peer{Name: Ours, Program: "kubectl-meshery", Command: mesheryCommand, Parse: ParseResult}
}

func mesheryCommand(program string, l Load) (Command, error) {
	c := Command{
		Args: append([]string{program, "run", "--local"}, MesheryArgs(l)...),
		Env:  []string{"MESHERY_ARCHIVE=file://" + l.Dir},
		// 4: the run is there, and says itself that it is not valid.
		MayFail: []int{4},
	}
	return c, nil
}

// MesheryArgs are the URL and the flags of kubectl meshery run for a load.
func MesheryArgs(l Load) []string {
	rate := "max"
	if l.Rate > 0 {
		rate = number(l.Rate)
	}
	args := []string{l.url(), "--rate", rate, "--connections", strconv.Itoa(l.Connections),
		"--duration", l.Duration.String(), "--warmup", "0s", "-o", "json"}
	switch l.Protocol {
	case HTTP2:
		args = append(args, "--protocol", "http/2", "--streams", strconv.Itoa(l.Streams))
	case GRPC:
		args = append(args, "--grpc-method", "grpc.health.v1.Health/Check", "--streams", strconv.Itoa(l.Streams))
	}
	return args
}

type latencies struct{ Count, P50, P99 float64 }

// ParseResult reads a Result.
func ParseResult(l Load, stdout []byte) (Answer, error) {
	var r struct {
		Status struct {
			Requests struct{ Succeeded, Failed int64 }
			Rate     struct{ Achieved float64 }
			Validity struct {
				Valid   bool
				Reasons []json.RawMessage
			}
			Latency struct{ ResponseTime, ServiceTime, Lateness latencies }
		}
	}
	if err := json.Unmarshal(stdout, &r); err != nil {
		return Answer{}, fmt.Errorf("read the Result: %w", err)
	}
	s := r.Status
	a := Answer{
		Requests: s.Requests.Succeeded, Failed: s.Requests.Failed,
		Seconds: l.Duration.Seconds(), LatenessP99: s.Latency.Lateness.P99,
		ServiceP50: s.Latency.ServiceTime.P50, ServiceP99: s.Latency.ServiceTime.P99,
		P50: s.Latency.ResponseTime.P50, P99: s.Latency.ResponseTime.P99,
	}
	if s.Latency.ResponseTime.Count == 0 { // a closed loop
		a.P50, a.P99 = a.ServiceP50, a.ServiceP99
	}
	if !s.Validity.Valid {
		var reasons []string
		for _, r := range s.Validity.Reasons {
			reasons = append(reasons, string(r))
		}
		a.Invalid = strings.Join(reasons, "; ")
	}
	return a, nil
}
