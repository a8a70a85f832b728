//go:build linux

package peer

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

func wrk() Peer {
	return Peer{Name: "wrk", Program: "wrk", Command: wrkCommand, Parse: parseWrk}
}

func wrkCommand(program string, l Load) (Command, error) {
	if l.Protocol != HTTP1 || l.Rate > 0 {
		return Command{}, ErrCannot
	}
	return Command{Args: []string{program, "-t1", "-c" + strconv.Itoa(l.Connections),
		"-d" + seconds(l.Duration), "--latency", l.url()}}, nil
}

var (
	wrkRequests = regexp.MustCompile(`(\d+) requests in ([\d.]+)(us|ms|s|m),`)
	wrkBad      = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	wrkErrors   = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	wrkRank     = regexp.MustCompile(`(?m)^ +(50|99)% +([\d.]+)(us|ms|s|m) *$`)
)

func parseWrk(_ Load, stdout []byte) (Answer, error) {
	m := wrkRequests.FindSubmatch(stdout)
	if m == nil {
		return Answer{}, fmt.Errorf("no number of requests in what wrk wrote: %q", stdout)
	}
	var a Answer
	a.Requests, _ = strconv.ParseInt(string(m[1]), 10, 64)
	a.Seconds = span(m[2], m[3]).Seconds()
	if m := wrkBad.FindSubmatch(stdout); m != nil {
		a.Failed = integer(m[1])
		a.Requests -= a.Failed
	}
	if m := wrkErrors.FindSubmatch(stdout); m != nil {
		for _, n := range m[1:] {
			a.Failed += integer(n)
		}
	}
	for _, m := range wrkRank.FindAllSubmatch(stdout, -1) {
		v := span(m[2], m[3]).Seconds() * 1e3
		if string(m[1]) == "50" {
			a.P50 = v
		} else {
			a.P99 = v
		}
	}
	return a, nil
}

// span is a number and its unit as a duration.
func span(n, unit []byte) time.Duration {
	d, _ := time.ParseDuration(string(n) + string(unit))
	return d
}

func integer(b []byte) int64 {
	n, _ := strconv.ParseInt(string(b), 10, 64)
	return n
}

func decimal(b []byte) float64 {
	f, _ := strconv.ParseFloat(string(b), 64)
	return f
}
