//go:build linux

// Package report turns runs into tables: medians with their ranges, ratios
// within a round, and the bars with whether they are met. It measures nothing.
package report

import (
	"fmt"
	"slices"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// Run is one run of one tool.
type Run struct {
	Section string  `json:"section"`
	Tool    string  `json:"tool"`
	Round   int     `json:"round"`
	Load    Load    `json:"load"`
	Answer  *Answer `json:"answer,omitempty"`
	// What the kernel charged the tool.
	CPUSeconds float64 `json:"cpuSeconds,omitempty"`
	PeakBytes  int64   `json:"peakBytes,omitempty"`
	Sleeps     int64   `json:"sleeps,omitempty"` // its threads gave up the CPU to wait
	// Truth is the server's own record, where it keeps one.
	Truth *target.Truth `json:"truth,omitempty"`
	// Shares of CPU by what it was spent on, from a profile.
	Shares map[string]float64 `json:"shares,omitempty"`
	// Others is the share of the two CPUs that others used meanwhile.
	Others float64 `json:"others"`
	Error  string  `json:"error,omitempty"`
}

// Load is what the tool was told to do.
type Load struct {
	Protocol    peer.Protocol `json:"protocol"`
	Connections int           `json:"connections"`
	Streams     int           `json:"streams"`
	Rate        float64       `json:"rate,omitempty"` // requests per second; 0 is a closed loop
	Seconds     float64       `json:"seconds"`
}

// Answer is what the tool said.
type Answer = peer.Answer

// Environment is what the figures depend on besides the tools.
type Environment struct {
	Kernel    string   `json:"kernel"`
	CPUs      int      `json:"cpus"`
	ServerCPU int      `json:"serverCPU"`
	ClientCPU int      `json:"clientCPU"`
	Go        string   `json:"go"`
	Rounds    int      `json:"rounds"`
	Seconds   float64  `json:"seconds"`
	Tools     []string `json:"tools"`
}

// Report is everything measured.
type Report struct {
	Environment Environment `json:"environment"`
	Runs        []Run       `json:"runs"`
	Bars        []Bar       `json:"bars"`
}

// Sections in the order of their tables. Those of memory go on with a number of
// connections.
const (
	HTTP1    = "http1"
	HTTP2    = "http2"
	GRPC     = "grpc"
	Rate     = "rate-"  // and the part of our highest that it is
	Truth    = "truth-" // and a delay's shape
	Memory   = "memory-"
	Lateness = "lateness"
	Cost     = "cost"
	Pod      = "pod"
)

// Disturbed is from which share of others on a run says less.
const Disturbed = 0.05

// cpuPerRequest in seconds.
func cpuPerRequest(r Run) (float64, bool) {
	if r.Answer == nil || r.Answer.Requests == 0 {
		return 0, false
	}
	return r.CPUSeconds / float64(r.Answer.Requests), true
}

func perSecond(r Run) (float64, bool) {
	if r.Answer == nil || r.Answer.Seconds == 0 {
		return 0, false
	}
	return float64(r.Answer.Requests) / r.Answer.Seconds, true
}

// sleepsPerRequest is how often a tool waited for something, for each request.
func sleepsPerRequest(r Run) (float64, bool) {
	if r.Answer == nil || r.Answer.Requests == 0 || r.Sleeps == 0 {
		return 0, false
	}
	return float64(r.Sleeps) / float64(r.Answer.Requests), true
}

// Rates are the parts of our own highest rate that every tool is asked for.
var Rates = []struct {
	Name string
	Part float64
}{{"half", 1. / 2}, {"a fifth", 1. / 5}}

func peak(r Run) (float64, bool) { return float64(r.PeakBytes), r.PeakBytes > 0 && r.Answer != nil }

// figure is something that a run has or has not.
type figure func(Run) (float64, bool)

// of are a section's figures of one tool, by round.
func (r *Report) of(section, tool string, f figure) Values {
	var v Values
	for _, run := range r.Runs {
		if run.Section == section && run.Tool == tool {
			if x, ok := f(run); ok {
				v = append(v, x)
			}
		}
	}
	return v
}

// marked is a tool's name, with how many of its runs it calls invalid itself.
func (r *Report) marked(section, tool string) string {
	runs, invalid := 0, 0
	for _, run := range r.Runs {
		if run.Section == section && run.Tool == tool && run.Answer != nil {
			if runs++; run.Answer.Invalid != "" {
				invalid++
			}
		}
	}
	if invalid == 0 {
		return tool
	}
	return fmt.Sprintf("%s: calls %d of its %d runs invalid", tool, invalid, runs)
}

// ratios of a tool's figures to another's in the same round.
func (r *Report) ratios(section, tool, anchor string, f figure) Values {
	anchors := map[int]float64{}
	for _, run := range r.Runs {
		if run.Section == section && run.Tool == anchor {
			if x, ok := f(run); ok && x > 0 {
				anchors[run.Round] = x
			}
		}
	}
	return r.of(section, tool, func(run Run) (float64, bool) {
		x, ok := f(run)
		a, there := anchors[run.Round]
		return x / a, ok && there
	})
}

// PerSecond are the requests per second a tool reached.
func (r *Report) PerSecond(section, tool string) Values { return r.of(section, tool, perSecond) }

// tools of a section in the order of their first run, ours first.
func (r *Report) tools(section string) []string {
	var tools []string
	for _, run := range r.Runs {
		if run.Section == section && !slices.Contains(tools, run.Tool) {
			tools = append(tools, run.Tool)
		}
	}
	slices.SortStableFunc(tools, func(a, b string) int {
		switch {
		case a == peer.Ours:
			return -1
		case b == peer.Ours:
			return 1
		}
		return 0
	})
	return tools
}

// problem is why a tool has no figures in a section.
func (r *Report) problem(section, tool string) string {
	for _, run := range r.Runs {
		if run.Section == section && run.Tool == tool && run.Error != "" {
			return run.Error
		}
	}
	return ""
}
