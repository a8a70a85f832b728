package collect

import (
	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// measurement is what was counted and timed: by an agent, of a target, or by
// all of all.
type measurement struct {
	requests                                       document.Requests
	response, service, lateness, connect, failures *histogram.Histogram
}

func newMeasurement() *measurement {
	return &measurement{response: histogram.New(), service: histogram.New(), lateness: histogram.New(),
		connect: histogram.New(), failures: histogram.New()}
}

// decode reads what an agent has sent.
func decode(c *agentv1.Counts, l *agentv1.Latencies) (*measurement, error) {
	m := &measurement{}
	for _, one := range []struct {
		to   **histogram.Histogram
		from []byte
	}{
		{&m.response, l.GetResponseTime()}, {&m.service, l.GetServiceTime()}, {&m.lateness, l.GetLateness()},
		{&m.connect, l.GetConnectTime()}, {&m.failures, l.GetErrorTime()},
	} {
		var err error
		if *one.to, err = histogram.Decode(one.from); err != nil {
			return nil, err
		}
	}
	add(&m.requests, c)
	return m, nil
}

func (m *measurement) merge(from *measurement) {
	addRequests(&m.requests, from.requests)
	m.response.Merge(from.response)
	m.service.Merge(from.service)
	m.lateness.Merge(from.lateness)
	m.connect.Merge(from.connect)
	m.failures.Merge(from.failures)
}

func (m *measurement) latency() document.Latency {
	return document.Latency{ResponseTime: summarize(m.response), ServiceTime: summarize(m.service),
		Lateness: summarize(m.lateness), ConnectTime: summarize(m.connect), ErrorTime: summarize(m.failures)}
}

func (m *measurement) histograms() (document.Histograms, error) {
	var h document.Histograms
	for _, one := range []struct {
		to   *string
		from *histogram.Histogram
	}{
		{&h.ResponseTime, m.response}, {&h.ServiceTime, m.service}, {&h.Lateness, m.lateness},
		{&h.ConnectTime, m.connect}, {&h.ErrorTime, m.failures},
	} {
		b, err := one.from.Encode()
		if err != nil {
			return h, err
		}
		*one.to = string(b)
	}
	return h, nil
}

func add(to *document.Requests, from *agentv1.Counts) {
	addRequests(to, document.Requests{Planned: from.GetPlanned(), Sent: from.GetSent(), Succeeded: from.GetSucceeded(),
		Failed: from.GetFailed(), Unsent: from.GetUnsent(), BytesReceived: from.GetBytesReceived(), Codes: from.GetCodes()})
}

func addRequests(to *document.Requests, from document.Requests) {
	to.Planned += from.Planned
	to.Sent += from.Sent
	to.Succeeded += from.Succeeded
	to.Failed += from.Failed
	to.Unsent += from.Unsent
	to.BytesReceived += from.BytesReceived
	for k, v := range from.Codes {
		if to.Codes == nil {
			to.Codes = map[string]int64{}
		}
		to.Codes[k] += v
	}
}
