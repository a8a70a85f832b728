// Package manifests holds the YAML of everything that runs in a cluster, as
// written: with names without a suffix, no namespace and no version. Package
// deploy sets those; the reference workload (echo.yaml) can be applied as it is.
package manifests

import "embed"

// FS holds the files.
//
//go:embed *.yaml
var FS embed.FS

// What the files and the programs agree on.
const (
	AgentName        = "meshery-agent"
	AgentPort        = 8910 // gRPC, on 127.0.0.1 of the pod only
	AgentMetricsPort = 8911
	KubeletFlag      = "--kubelet" // the agent reads the kubelet's metrics

	NodeExporterNamespace = "meshery-node-exporter"
	NodeExporterName      = "node-exporter"
	NodeExporterPort      = 9100
)
