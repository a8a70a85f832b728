package threshold

import "strings"

// meant is what people write at the beginning of a path for the one on the right.
var meant = map[string]string{
	"latency": "responseTime.p99", "mean": "responseTime.mean", "min": "responseTime.min", "max": "responseTime.max",
	"planned": "requests.planned", "sent": "requests.sent", "succeeded": "requests.succeeded", "failed": "requests.failed", "unsent": "requests.unsent",
	"errors": "requests.failed", "failures": "requests.failed", "achieved": "rate.achieved", "rps": "rate.achieved", "qps": "rate.achieved",
	"cpu": "resources.nodes.cpuUtilization", "cpuUtilization": "resources.nodes.cpuUtilization",
}

// unknown is the error for a word that should have been one of known.
func (p *parser) unknown(w word, known []string) error {
	if right := meant[w.text]; right != "" {
		return p.failAt(w.at, "%q is not a path, did you mean %q?", w.text, right)
	}
	if text, _, ok := percentile(w.text); ok {
		return p.failAt(w.at, "%q does not say of what, did you mean %q?", w.text, "responseTime."+text)
	}
	if near := nearest(w.text, known); near != "" {
		return p.failAt(w.at, "%q is unknown, did you mean %q?", short(w.text), near)
	}
	return p.failAt(w.at, "%q is unknown: write one of %s", short(w.text), strings.Join(known, ", "))
}

// nearest is the one of known that s is the beginning of, or that a slip or two
// turn into s; empty if none is near.
func nearest(s string, known []string) string {
	best, least := "", 1+max(1, min(len(s), 40)/3)
	for _, k := range known {
		if len(s) > 2 && strings.HasPrefix(k, s) {
			return k
		}
		if d := distance(strings.ToLower(s), strings.ToLower(k), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters must be put in, taken out or replaced to make b
// of a (Levenshtein), or most if that is less.
func distance(a, b string, most int) int {
	if max(len(a), len(b))-min(len(a), len(b)) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
