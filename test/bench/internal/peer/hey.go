//go:build linux

package peer

import (
	"fmt"
	"regexp"
	"strconv"
)

func hey() Peer {
	return Peer{Name: "hey", Program: "hey", Command: heyCommand, Parse: parseHey}
}

func heyCommand(program string, l Load) (Command, error) {
	if l.Protocol != HTTP1 { // HTTP/2 only with TLS
		return Command{}, ErrCannot
	}
	args := []string{program, "-cpus", "1", "-z", seconds(l.Duration), "-c", strconv.Itoa(l.Connections)}
	if l.Rate > 0 { // per worker
		args = append(args, "-q", number(l.Rate/float64(l.Connections)))
	}
	return Command{Args: append(args, l.url())}, nil
}

// ghz writes its summary in the form of hey's.
var (
	heySeconds = regexp.MustCompile(`(?m)^\s*Total:\s+([\d.]+) (?:secs|s)`)
	heyRank    = regexp.MustCompile(`(?m)^\s*(50|99) ?% in ([\d.]+) (secs|s|ms|µs|us|ns)`)
	heyCode    = regexp.MustCompile(`(?m)^\s*\[(\w+)\]\s+(\d+) responses`)
	heyError   = regexp.MustCompile(`(?m)^\s*\[(\d+)\]\s+\S*(?:Get|Post)`)
)

func parseHey(_ Load, stdout []byte) (Answer, error) {
	s := heySeconds.FindSubmatch(stdout)
	if s == nil {
		return Answer{}, fmt.Errorf("no duration in what was written: %q", stdout)
	}
	a := Answer{Seconds: decimal(s[1])}
	for _, m := range heyCode.FindAllSubmatch(stdout, -1) {
		if code := string(m[1]); code == "200" || code == "OK" {
			a.Requests += integer(m[2])
		} else {
			a.Failed += integer(m[2])
		}
	}
	for _, m := range heyError.FindAllSubmatch(stdout, -1) {
		a.Failed += integer(m[1])
	}
	for _, m := range heyRank.FindAllSubmatch(stdout, -1) {
		unit := string(m[3])
		if unit == "secs" {
			unit = "s"
		}
		v := span(m[2], []byte(unit)).Seconds() * 1e3
		if string(m[1]) == "50" {
			a.P50 = v
		} else {
			a.P99 = v
		}
	}
	return a, nil
}
