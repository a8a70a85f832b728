package wording

import "strings"

// prefixes are the words for the beginnings of paths.
var prefixes = []struct{ path, words string }{
	{"responseTime", "response"}, {"serviceTime", "service"}, {"lateness", "lateness"}, {"connectTime", "connect"},
	{"errorTime", "errors"}, {"rate.achieved", "rate"},
}

// kinds are those of metrics that layers have.
var kinds = []struct{ path, words string }{{"cpu.", "CPU"}, {"memory.", "memory"}}

// Metric is a path in words: "responseTime.p999" is "response p99.9", and
// "cpu.dataPlane" is "data plane CPU". What is no path of a metric stays as it is.
func Metric(path string) string {
	if words, ok := metricOfAll(path); ok {
		return words
	}
	for _, k := range kinds {
		if rest, ok := strings.CutPrefix(path, k.path); ok {
			if rest == "node" {
				return "whole nodes' " + k.words
			}
			return last(rest) + " " + k.words
		}
	}
	return path
}

// MetricPer is Metric with what its figures are per: "data plane CPU per 1,000".
func MetricPer(path, unit string) string {
	if unit == CoreSeconds {
		return Metric(path) + " per 1,000"
	}
	return Metric(path)
}

// ShortMetric is Metric for a column that may be cut at its end, so what is alike
// comes last: "CPU data plane" beside "memory data plane".
func ShortMetric(path string) string {
	if words, ok := metricOfAll(path); ok {
		return words
	}
	for _, k := range kinds {
		if rest, ok := strings.CutPrefix(path, k.path); ok {
			if rest == "node" {
				return k.words + " of nodes"
			}
			return k.words + " " + last(rest)
		}
	}
	return path
}

// metricOfAll is Metric of what is not of a layer.
func metricOfAll(path string) (string, bool) {
	for _, p := range prefixes {
		if path == p.path {
			return p.words, true
		}
		if rest, ok := strings.CutPrefix(path, p.path+"."); ok {
			return p.words + " " + last(rest), true
		}
	}
	return "", false
}

// last is the last part of a path in words.
func last(name string) string {
	switch name {
	case "p999":
		return "p99.9"
	case "p9999":
		return "p99.99"
	case "dataPlane":
		return "data plane"
	case "controlPlane":
		return "control plane"
	}
	return name
}
