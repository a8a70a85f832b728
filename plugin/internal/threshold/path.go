package threshold

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// path names one number of a Result.
type path struct {
	// target is the one of several that is meant; "" is all together.
	target string
	// group is a latency ("responseTime"), or one of the constants below.
	group string
	// field of the group: "p99.5", "mean", "failed", a status code; "" where the
	// group is a number itself.
	field string
	// q is the quantile of a percentile, above 0 and below 1; 0 for all others.
	q float64
}

// Groups that are no latency.
const (
	requests   = "requests"
	codes      = "codes" // status.requests.codes
	errorRate  = "errorRate"
	unsentRate = "unsentRate"
	rate       = "rate"
	nodes      = "resources.nodes"
)

var (
	latencies      = []string{"responseTime", "serviceTime", "lateness", "connectTime", "errorTime"}
	requestFields  = []string{"planned", "sent", "succeeded", "failed", "unsent"}
	rateFields     = []string{"target", "achieved"}
	latencyFields  = []string{"mean", "min", "max", "count"}
	percentileName = regexp.MustCompile(`^p([0-9]{1,2})(?:\.([0-9]{1,5}))?$`)
	// The names that Results have for percentiles of more than two digits.
	percentileField = map[string]string{"p999": "p99.9", "p9999": "p99.99"}
)

// kind is what a path counts in.
type kind int

const (
	inRequests     kind = iota // whole numbers
	inMilliseconds             // times
	inPercent                  // shares
	inRate                     // requests per second
)

func (k kind) unit() string {
	switch k {
	case inMilliseconds:
		return "ms"
	case inPercent:
		return "%"
	}
	return ""
}

func (p path) kind() kind {
	switch p.group {
	case requests, codes:
		return inRequests
	case errorRate, unsentRate, nodes:
		return inPercent
	case rate:
		return inRate
	}
	if p.field == "count" {
		return inRequests
	}
	return inMilliseconds
}

// String is the path as it stands in the Result below .status, without
// "latency.", and with percentiles as p99.9.
func (p path) String() string {
	var b strings.Builder
	if p.target != "" {
		b.WriteString("targets")
		// A dot inside a name would end it.
		if strings.Contains(p.target, ".") {
			b.WriteString(`["` + p.target + `"]`)
		} else {
			b.WriteString("." + p.target)
		}
		b.WriteString(".")
	}
	switch {
	case p.group == codes:
		b.WriteString(`requests.codes["` + p.field + `"]`)
	case p.field == "":
		b.WriteString(p.group)
	default:
		b.WriteString(p.group + "." + p.field)
	}
	return b.String()
}

// percentile reads "p99.5": its canonical name, and its quantile as the nearest
// float64, which is what the constant 0.995 is. Quantile 0 or 1 is none.
func percentile(name string) (canonical string, q float64, ok bool) {
	if long, found := percentileField[name]; found {
		name = long
	}
	m := percentileName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	text := plainDecimal(m[1] + "." + m[2] + "0")
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() == 0 {
		return "", 0, false
	}
	q, _ = r.Quo(r, big.NewRat(100, 1)).Float64()
	return "p" + text, q, true
}

// plainDecimal is a decimal number without zeros that say nothing.
func plainDecimal(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

func isLatency(group string) bool { return slices.Contains(latencies, group) }
