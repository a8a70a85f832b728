//go:build linux

package report

import (
	"fmt"
	"io"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
)

// Bar is a figure of ours that may not exceed a limit.
type Bar struct {
	Name  string  `json:"name"`
	Limit float64 `json:"limit"`
	// Measured over the rounds; the median counts. Empty when it was not measured.
	Measured Values `json:"measured"`
	Met      bool   `json:"met"`
	// strict bars are missed also by a figure that equals the limit.
	strict bool
	format func(float64) string
}

// Names of the shares whose sum is the cost of measuring.
const (
	Histograms = "histograms"
	Streaming  = "streaming and archiving"
	Garbage    = "garbage collection"
)

func measuring(run Run) (float64, bool) {
	if run.Shares == nil {
		return 0, false
	}
	return run.Shares[Histograms] + run.Shares[Streaming] + run.Shares[Garbage], true
}

// Judge fills in the bars.
func (r *Report) Judge() {
	times := func(section, anchor string, limit float64) Bar {
		name := map[string]string{HTTP1: "HTTP/1.1", HTTP2: "HTTP/2", GRPC: "gRPC", Pod: "HTTP/1.1, as a pod"}[section]
		return Bar{Name: name + ": CPU per request, x " + anchor, Limit: limit,
			Measured: r.ratios(section, peer.Ours, anchor, cpuPerRequest), format: ratio}
	}
	r.Bars = []Bar{
		times(HTTP1, "wrk", 1.10), times(HTTP1, "fortio", 1.0),
		times(HTTP1, "hey", 0.5), times(HTTP1, "vegeta", 0.5), times(HTTP1, "k6", 0.5),
		times(HTTP2, "h2load", 2.0), times(GRPC, "ghz", 1.0),
		{Name: "histograms and streaming, share of the CPU", Limit: 0.03,
			Measured: r.of(Cost, peer.Ours, measuring), format: percent},
		{Name: "lateness p99 at a fifth of the highest rate", Limit: 0.3, strict: true,
			Measured: r.of(Lateness, peer.Ours, lateness), format: millis},
		{Name: "peak memory at 1,000 connections", Limit: 150 << 20, strict: true,
			Measured: r.of(Memory+"1000", peer.Ours, peak), format: mebibytes},
	}
	if len(r.tools(Pod)) > 0 {
		r.Bars = append(r.Bars, times(Pod, "wrk", 1.10))
	}
	for i := range r.Bars {
		b := &r.Bars[i]
		m := b.Measured.Median()
		b.Met = m < b.Limit || m == b.Limit && !b.strict
	}
}

func (r *Report) bars(w io.Writer) {
	var rows [][]string
	for _, b := range r.Bars {
		verdict := "missed"
		switch {
		case len(b.Measured) == 0:
			verdict = "not measured"
		case b.Met:
			verdict = "met"
		}
		limit := "at most "
		if b.strict {
			limit = "below "
		}
		rows = append(rows, []string{b.Name, fmt.Sprint(limit, b.format(b.Limit)), b.Measured.text(b.format), verdict})
	}
	table(w, "Bars", []string{"bar", "limit", "measured", "verdict"}, rows)
}
