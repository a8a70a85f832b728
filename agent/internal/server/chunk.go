package server

import (
	"github.com/meshery/kubectl-meshery/agent/internal/load"
	"github.com/meshery/kubectl-meshery/internal/histogram"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// snapshotChunk is a snapshot as it is spooled and sent.
func snapshotChunk(s *load.Snapshot) (*agentv1.Chunk, error) {
	p := &agentv1.Snapshot{FromNanos: int64(s.From), ToNanos: int64(s.To), Warmup: s.Warmup,
		CpuSeconds: s.CPUSeconds, RssBytes: s.RSSBytes, InFlight: s.InFlight}
	var err error
	if p.Counts, p.Latencies, err = measurementProto(&s.Measurement); err != nil {
		return nil, err
	}
	for _, m := range s.Targets {
		t := &agentv1.TargetSnapshot{}
		if t.Counts, t.Latencies, err = measurementProto(m); err != nil {
			return nil, err
		}
		p.Targets = append(p.Targets, t)
	}
	return &agentv1.Chunk{Body: &agentv1.Chunk_Snapshot{Snapshot: p}}, nil
}

func measurementProto(m *load.Measurement) (*agentv1.Counts, *agentv1.Latencies, error) {
	l := &agentv1.Latencies{}
	for _, one := range []struct {
		to   *[]byte
		from *histogram.Histogram
	}{
		{&l.ResponseTime, m.ResponseTime}, {&l.ServiceTime, m.ServiceTime}, {&l.Lateness, m.Lateness},
		{&l.ConnectTime, m.ConnectTime}, {&l.ErrorTime, m.ErrorTime},
	} {
		var err error
		if *one.to, err = one.from.Encode(); err != nil {
			return nil, nil, err
		}
	}
	return countsProto(&m.Counts), l, nil
}

func countsProto(c *load.Counts) *agentv1.Counts {
	return &agentv1.Counts{Planned: c.Planned(), Sent: c.Sent, Succeeded: c.Succeeded, Failed: c.Failed,
		Unsent: c.Unsent, Codes: c.Codes, BytesReceived: c.BytesReceived}
}
