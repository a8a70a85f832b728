//go:build linux

package peer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func k6() Peer {
	return Peer{Name: "k6", Program: "k6", Command: k6Command, Parse: parseK6}
}

// k6Script is as lean as k6 allows: no checks, no bodies, no thresholds. The
// summary goes to stdout.
const k6Script = `import http from 'k6/http';
export const options = {
	scenarios: { load: %s },
	summaryTrendStats: ['p(50)', 'p(99)'],
	discardResponseBodies: true,
};
export default function () { http.get('%s'); }
export function handleSummary(data) { return { stdout: JSON.stringify(data) }; }
`

func k6Command(program string, l Load) (Command, error) {
	if l.Protocol != HTTP1 { // HTTP/2 only with TLS
		return Command{}, ErrCannot
	}
	scenario := map[string]any{"executor": "constant-vus", "vus": l.Connections, "duration": seconds(l.Duration), "gracefulStop": "2s"}
	if l.Rate > 0 {
		scenario = map[string]any{"executor": "constant-arrival-rate", "rate": int(l.Rate), "timeUnit": "1s", "duration": seconds(l.Duration),
			"preAllocatedVUs": l.Connections, "maxVUs": l.ceiling(), "gracefulStop": "2s"}
	}
	b, err := json.Marshal(scenario)
	if err != nil {
		return Command{}, err
	}
	script := filepath.Join(l.Dir, "load.js")
	if err := os.WriteFile(script, fmt.Appendf(nil, k6Script, b, l.url()), 0o644); err != nil {
		return Command{}, err
	}
	// Without its REST API, which would want a port.
	return Command{Args: []string{program, "run", "--quiet", "--no-usage-report", "--no-color", "--address", "", script}}, nil
}

func parseK6(l Load, stdout []byte) (Answer, error) {
	type metric struct {
		Values struct {
			Count, Rate   float64
			Passes, Fails int64
			P50           float64 `json:"p(50)"`
			P99           float64 `json:"p(99)"`
		}
	}
	var r struct{ Metrics map[string]metric }
	if err := json.Unmarshal(stdout, &r); err != nil {
		return Answer{}, fmt.Errorf("read k6's summary: %w", err)
	}
	requests, duration := r.Metrics["http_reqs"].Values, r.Metrics["http_req_duration"].Values
	// In this rate metric a pass is a request that failed.
	failed := r.Metrics["http_req_failed"].Values.Passes
	a := Answer{Requests: int64(requests.Count) - failed, Failed: failed, P50: duration.P50, P99: duration.P99}
	if requests.Rate > 0 {
		a.Seconds = requests.Count / requests.Rate
	}
	return a, nil
}
