//go:build linux

// Package peer knows the load generators that are measured beside each other:
// where their programs come from, how each is told to do the same, and what it
// says it did. It runs none of them.
package peer

import (
	"errors"
	"slices"
	"strconv"
	"time"
)

// Protocol of a load.
type Protocol string

// The protocols, in the order of the tables.
const (
	HTTP1 Protocol = "HTTP/1.1"
	HTTP2 Protocol = "HTTP/2"
	GRPC  Protocol = "gRPC"
)

// Load is what a tool is to do.
type Load struct {
	Protocol Protocol
	// Address is the server's HOST:PORT.
	Address string
	// Connections with Streams requests in flight on each.
	Connections, Streams int
	// Rate in requests per second; 0 for as many as the connections allow.
	Rate     float64
	Duration time.Duration
	// Dir is an empty directory for the tool's files.
	Dir string
}

// concurrency is the number of requests in flight.
func (l Load) concurrency() int { return l.Connections * l.Streams }

// ceiling is how many requests in flight a tool that adds workers at will may
// come to at a rate: what is due in a second when the server stands still, or a
// few times the usual. Without one, a tool that cannot keep up drowns in its own
// workers.
func (l Load) ceiling() int { return max(4*l.concurrency(), min(int(l.Rate), 256)) }

func (l Load) url() string {
	if l.Protocol == GRPC {
		return "grpc://" + l.Address
	}
	return "http://" + l.Address + "/"
}

// Command is how a tool is called.
type Command struct {
	Args, Env []string
	Stdin     string
	// MayFail are exit codes with which the tool has still measured.
	MayFail []int
	// After makes the tool's report of what Args left behind; it is no part of
	// what is measured.
	After []string
}

// Answer is what a tool says it did.
type Answer struct {
	// Requests that succeeded, and that failed.
	Requests, Failed int64
	// Seconds the tool says it took; 0 where it does not say.
	Seconds float64
	// P50 and P99 in milliseconds; 0 where the tool gives none. They are of the
	// response time from when a request was due, where the tool knows that.
	P50, P99 float64
	// ServiceP50 and ServiceP99 in milliseconds are from when a request was sent,
	// where the tool tells the two apart.
	ServiceP50, ServiceP99 float64
	// LatenessP99 in milliseconds; only ours has it.
	LatenessP99 float64
	// Invalid is why the tool itself says that its figures are not to be believed.
	Invalid string
}

// Peer is one tool, in one way of using it.
type Peer struct {
	// Name in the tables.
	Name string
	// Program that has to be there.
	Program string
	// Command for a load; ErrCannot where the tool is not able to do that.
	Command func(program string, l Load) (Command, error)
	// Parse reads what the tool wrote: stdout of Command, or of After.
	Parse func(l Load, stdout []byte) (Answer, error)
}

// With is the same tool with more in its environment.
func (p Peer) With(env ...string) Peer {
	command := p.Command
	p.Command = func(program string, l Load) (Command, error) {
		c, err := command(program, l)
		c.Env = append(c.Env, env...)
		return c, err
	}
	return p
}

// Within is the same tool, called through a wrapper: the beginning of a command
// line that runs the rest of it elsewhere.
func (p Peer) Within(wrapper []string) Peer {
	command := p.Command
	p.Command = func(program string, l Load) (Command, error) {
		c, err := command(program, l)
		c.Args = append(slices.Clone(wrapper), c.Args...)
		return c, err
	}
	return p
}

// ErrCannot means that a tool cannot do a load.
var ErrCannot = errors.New("cannot do this")

// Ours is the name of the tool that this repository makes.
const Ours = "kubectl-meshery"

// All are the tools, ours first.
func All() []Peer {
	return []Peer{meshery(), wrk(), h2load(), fortio(false), fortio(true), hey(), vegeta(), k6(), ghz()}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func seconds(d time.Duration) string { return number(d.Seconds()) + "s" }
