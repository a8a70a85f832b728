// Package discover tells Prometheus what to scrape. Debian's Prometheus is built
// without the discovery of Kubernetes objects, so they are looked up here and
// handed over as target files.
package discover

import (
	"maps"
	"net"
	"slices"
	"strconv"
)

// group is one entry of a Prometheus target file.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

const kubeletPort = "10250"

var kubeletPaths = []string{"/metrics/cadvisor", "/metrics/resource"}

type nodeList struct {
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Status struct {
			Addresses []struct {
				Type    string `json:"type"`
				Address string `json:"address"`
			} `json:"addresses"`
		} `json:"status"`
	} `json:"items"`
}

func kubelets(nodes nodeList) []group {
	groups := []group{}
	for _, n := range nodes.Items {
		for _, a := range n.Status.Addresses {
			if a.Type != "InternalIP" {
				continue
			}
			for _, path := range kubeletPaths {
				groups = append(groups, group{
					Targets: []string{net.JoinHostPort(a.Address, kubeletPort)},
					Labels: map[string]string{
						"job": "kubelet", "node": n.Metadata.Name,
						"metrics_path": path, "__metrics_path__": path,
					},
				})
			}
		}
	}
	return groups
}

type podList struct {
	Items []pod `json:"items"`
}

type pod struct {
	Metadata struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string      `json:"nodeName"`
		Containers     []container `json:"containers"`
		InitContainers []container `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		PodIP string `json:"podIP"`
	} `json:"status"`
}

type container struct {
	Ports []struct {
		Name          string `json:"name"`
		ContainerPort int    `json:"containerPort"`
	} `json:"ports"`
}

// Pods of these names are scraped without being annotated.
var knownNames = []string{"meshery-agent", "node-exporter"}

func pods(list podList) []group {
	groups := []group{}
	for _, p := range list.Items {
		if p.Status.PodIP == "" || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
			continue
		}
		name := p.Metadata.Labels["app.kubernetes.io/name"]
		labels := map[string]string{
			"job": "pods", "namespace": p.Metadata.Namespace, "pod": p.Metadata.Name, "node": p.Spec.NodeName,
		}
		if name != "" {
			labels["job"] = name
		}
		ports := p.metricsPorts()
		annotations := p.Metadata.Annotations
		switch {
		case annotations["prometheus.io/scrape"] == "true":
			if port := annotations["prometheus.io/port"]; port != "" {
				ports = []string{port}
			}
			if path := annotations["prometheus.io/path"]; path != "" {
				labels["__metrics_path__"] = path
			}
			if scheme := annotations["prometheus.io/scheme"]; scheme != "" {
				labels["__scheme__"] = scheme
			}
		case !slices.Contains(knownNames, name):
			continue
		}
		for _, port := range ports {
			groups = append(groups, group{
				Targets: []string{net.JoinHostPort(p.Status.PodIP, port)}, Labels: maps.Clone(labels),
			})
		}
	}
	return groups
}

// metricsPorts are the container ports named metrics.
func (p pod) metricsPorts() []string {
	var ports []string
	for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers) {
		for _, port := range c.Ports {
			if port.Name == "metrics" {
				ports = append(ports, strconv.Itoa(port.ContainerPort))
			}
		}
	}
	return ports
}
