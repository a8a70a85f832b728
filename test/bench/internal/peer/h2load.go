//go:build linux

package peer

import (
	"fmt"
	"regexp"
	"strconv"
)

// h2load gives no percentiles, only mean and extremes.
func h2load() Peer {
	return Peer{Name: "h2load", Program: "h2load", Command: h2loadCommand, Parse: parseH2load}
}

func h2loadCommand(program string, l Load) (Command, error) {
	args := []string{program, "-t1", "-c", strconv.Itoa(l.Connections), "-m", strconv.Itoa(l.Streams), "-D", seconds(l.Duration)}
	switch {
	case l.Protocol == GRPC:
		return Command{}, ErrCannot
	case l.Protocol == HTTP1:
		args = append(args, "--h1")
	}
	if l.Rate > 0 { // per connection
		args = append(args, "--rps", number(l.Rate/float64(l.Connections)))
	}
	return Command{Args: append(args, l.url())}, nil
}

var (
	h2loadSeconds  = regexp.MustCompile(`finished in ([\d.]+)(us|ms|s|m),`)
	h2loadRequests = regexp.MustCompile(`requests: .* (\d+) succeeded, (\d+) failed`)
)

func parseH2load(_ Load, stdout []byte) (Answer, error) {
	s, n := h2loadSeconds.FindSubmatch(stdout), h2loadRequests.FindSubmatch(stdout)
	if s == nil || n == nil {
		return Answer{}, fmt.Errorf("no number of requests in what h2load wrote: %q", stdout)
	}
	return Answer{Requests: integer(n[1]), Failed: integer(n[2]), Seconds: span(s[1], s[2]).Seconds()}, nil
}
