// Package render turns the plan of a cluster into what its programs read:
// command lines, configuration files, manifests. It touches nothing.
package render

import "fmt"

// Every cluster uses the same addresses: each is sealed in namespaces of its own.
const (
	ControlPlaneIP = "10.99.0.1"
	LanBits        = 24
	PodCIDR        = "10.244.0.0/16"
	ServiceCIDR    = "10.96.0.0/16"
	APIServiceIP   = "10.96.0.1"
	DNSServiceIP   = "10.96.0.10"
	Domain         = "cluster.local"

	APIPort        = 6443
	S3Port         = 7070
	PrometheusPort = 9090

	// MaxNodes keeps node addresses clear of the control plane's, in one /24.
	MaxNodes = 50
)

// S3 access for tests. The server is reachable from this machine's loopback and
// from inside the cluster only, so the credentials need not be secret.
const (
	S3AccessKey = "meshery-test"
	S3SecretKey = "meshery-test-secret"
	S3Region    = "us-east-1"
	S3Bucket    = "perf"
)

// NodeName is the name of the i-th node, counted from 1.
func NodeName(i int) string { return fmt.Sprintf("worker-%d", i) }

// NodeIP is its address on the cluster's network.
func NodeIP(i int) string { return fmt.Sprintf("10.99.0.%d", 10+i) }

// NodePodCIDR is what its pods' addresses are taken from.
func NodePodCIDR(i int) string { return fmt.Sprintf("10.244.%d.0/24", i) }

// APIURL is the API server as seen inside the cluster's network.
func APIURL() string { return fmt.Sprintf("https://%s:%d", ControlPlaneIP, APIPort) }
