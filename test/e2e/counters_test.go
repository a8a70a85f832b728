//go:build e2e

package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// counters are what a workload has counted, by metric with its labels, all its
// pods together.
type counters map[string]int64

var counterLine = regexp.MustCompile(`(?m)^(echo_[a-z_]+_total(?:\{.*\})?) (\S+)$`)

// counted reads the counters of the workload in a namespace.
func counted(t *testing.T, namespace string) counters {
	t.Helper()
	c := counters{}
	for _, pod := range strings.Fields(must(t, "get", "pods", "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}").stdout) {
		page := must(t, "get", "--raw", "/api/v1/namespaces/"+namespace+"/pods/"+pod+":8081/proxy/metrics").stdout
		for _, m := range counterLine.FindAllStringSubmatch(page, -1) {
			v, err := strconv.ParseFloat(m[2], 64) // large ones are written as 1e+06
			if err != nil {
				t.Fatalf("%s: %v", m[0], err)
			}
			c[m[1]] += int64(v)
		}
	}
	return c
}

// since is what was counted after an earlier reading.
func (c counters) since(before counters) counters {
	d := counters{}
	for name, v := range c {
		if v != before[name] {
			d[name] = v - before[name]
		}
	}
	return d
}

// sum adds up the counters whose name with labels begins so.
func (c counters) sum(prefix string) int64 {
	var n int64
	for name, v := range c {
		if strings.HasPrefix(name, prefix) {
			n += v
		}
	}
	return n
}

// served is the number of HTTP requests that the workload has counted.
func (at *site) served(t *testing.T) int64 {
	t.Helper()
	return counted(t, at.shop).sum("echo_requests_total")
}
