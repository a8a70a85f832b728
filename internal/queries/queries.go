// Package queries holds the PromQL asked of Prometheus when a Test names no
// queries of its own. Plugin and agent share it. It asks nobody anything.
package queries

import (
	"fmt"
	"strings"
	"time"
)

// Window stands in a query for the length of the measured time.
const Window = "$window"

// Query is one PromQL expression.
type Query struct {
	Name  string
	Query string
	Unit  string
}

// nodeDevices leaves out the loopback and the host ends of pod interfaces,
// whose traffic is counted again on the node's own interfaces.
const nodeDevices = `device!~"lo|(veth|cali|lxc|gke|azv|eni|tap).*"`

// Default are queries over the metrics of cAdvisor and node-exporter as they
// are named by those themselves; no recording rules are needed. The inner max
// of the container queries counts a container once where Prometheus reads it
// twice, from /metrics/cadvisor and from /metrics/resource.
func Default() []Query {
	return []Query{
		{
			Name:  "container-cpu",
			Query: `sum by (namespace) (max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{container!="",container!="POD"}[$window])))`,
			Unit:  "cores",
		},
		{
			Name:  "container-memory",
			Query: `sum by (namespace) (max by (namespace, pod, container) (container_memory_working_set_bytes{container!="",container!="POD"}))`,
			Unit:  "bytes",
		},
		{
			Name:  "node-cpu-utilization",
			Query: `1 - sum by (instance) (rate(node_cpu_seconds_total{mode=~"idle|iowait"}[$window])) / sum by (instance) (rate(node_cpu_seconds_total[$window]))`,
			Unit:  "ratio",
		},
		{
			Name:  "node-kernel-cpu",
			Query: `sum by (instance, mode) (rate(node_cpu_seconds_total{mode=~"system|softirq"}[$window]))`,
			Unit:  "cores",
		},
		{
			Name:  "node-network-received",
			Query: `sum by (instance) (rate(node_network_receive_bytes_total{` + nodeDevices + `}[$window]))`,
			Unit:  "bytes/s",
		},
		{
			Name:  "node-network-transmitted",
			Query: `sum by (instance) (rate(node_network_transmit_bytes_total{` + nodeDevices + `}[$window]))`,
			Unit:  "bytes/s",
		},
		{
			Name:  "node-tcp-retransmits",
			Query: `sum by (instance) (rate(node_netstat_Tcp_RetransSegs[$window]))`,
			Unit:  "segments/s",
		},
	}
}

// Expand puts the length of the measured time, in whole seconds and at least
// two steps, in place of $window: a rate over less than two readings is empty.
func Expand(query string, window, step time.Duration) string {
	window = max(window, 2*step, time.Second)
	seconds := (window + time.Second - 1) / time.Second
	return strings.ReplaceAll(query, Window, fmt.Sprintf("%ds", int64(seconds)))
}
