package load

import "github.com/meshery/kubectl-meshery/agent/internal/client"

// Counts of calls. Planned = Sent + Unsent; Sent = Succeeded + Failed. Codes
// holds HTTP status codes, names of gRPC codes, and kinds of failure.
type Counts struct {
	Sent, Succeeded, Failed, Unsent int64
	BytesReceived                   int64
	Codes                           map[string]int64
}

// Planned is the number of calls the schedule held.
func (c *Counts) Planned() int64 { return c.Sent + c.Unsent }

// count adds one call, but for its code.
func (c *Counts) count(a *client.Answer) {
	c.Sent++
	c.BytesReceived += a.Bytes
	if a.OK() {
		c.Succeeded++
	} else {
		c.Failed++
	}
}

func (c *Counts) countCode(code string, n int64) {
	if c.Codes == nil {
		c.Codes = map[string]int64{}
	}
	c.Codes[code] += n
}

func (c *Counts) add(from *Counts) {
	c.Sent += from.Sent
	c.Succeeded += from.Succeeded
	c.Failed += from.Failed
	c.Unsent += from.Unsent
	c.BytesReceived += from.BytesReceived
	for k, v := range from.Codes {
		c.countCode(k, v)
	}
}
