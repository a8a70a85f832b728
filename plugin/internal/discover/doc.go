// Package discover finds, through the Kubernetes API alone, what is in a
// cluster: the agents and the nodes that have none, and where metrics can be read
// (node-exporter, Prometheus). It changes nothing and connects to nothing but
// the API server.
package discover
