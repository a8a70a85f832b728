// Package scrape reads the agent's own node while a run lasts: node-exporter
// and the kubelet at a fixed interval, and Prometheus once, after the measured
// time. It keeps only the series of its table, hands each reading on as a
// message of the agent protocol, and names what cannot be read. It does not
// store, merge or judge anything.
package scrape
