//go:build linux

package peer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// fortio is Fortio's own runner with its fast client, or with the standard one,
// which alone serves HTTP/2.
func fortio(std bool) Peer {
	name := "fortio"
	if std {
		name = "fortio -stdclient"
	}
	return Peer{Name: name, Program: "fortio", Parse: parseFortio,
		Command: func(program string, l Load) (Command, error) { return fortioCommand(program, std, l) }}
}

func fortioCommand(program string, std bool, l Load) (Command, error) {
	// Buckets of 10 us: with the default of 1 ms its percentiles would be worse.
	args := []string{program, "load", "-loglevel", "Error", "-r", "0.00001", "-json", "-",
		"-qps", number(l.Rate), "-t", seconds(l.Duration)}
	target := l.url()
	switch l.Protocol {
	case HTTP1:
		args = append(args, "-c", strconv.Itoa(l.Connections))
		if std {
			args = append(args, "-stdclient")
		}
	case HTTP2:
		if !std {
			return Command{}, ErrCannot
		}
		// One request in flight on each connection is all it can do.
		args = append(args, "-h2", "-c", strconv.Itoa(l.concurrency()))
	case GRPC:
		if std {
			return Command{}, ErrCannot
		}
		args = append(args, "-grpc", "-c", strconv.Itoa(l.Connections), "-s", strconv.Itoa(l.Streams))
		target = l.Address
	}
	return Command{Args: append(args, target)}, nil
}

func parseFortio(_ Load, stdout []byte) (Answer, error) {
	var r struct {
		ActualDuration    float64 // ns
		DurationHistogram struct {
			Percentiles []struct{ Percentile, Value float64 } // seconds
		}
		RetCodes map[string]int64
	}
	// What is not the document comes before it.
	_, document, _ := bytes.Cut(stdout, []byte("{\n"))
	if err := json.Unmarshal(append([]byte("{\n"), document...), &r); err != nil {
		return Answer{}, fmt.Errorf("read what fortio wrote: %w", err)
	}
	a := Answer{Seconds: r.ActualDuration / 1e9}
	for code, n := range r.RetCodes {
		if code == "200" || code == "SERVING" {
			a.Requests += n
		} else {
			a.Failed += n
		}
	}
	for _, p := range r.DurationHistogram.Percentiles {
		switch p.Percentile {
		case 50:
			a.P50 = p.Value * 1e3
		case 99:
			a.P99 = p.Value * 1e3
		}
	}
	return a, nil
}
