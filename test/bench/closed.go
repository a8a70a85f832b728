//go:build linux

package main

import (
	"strconv"
	"time"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

// Closed loops have this many requests in flight: as connections with one each,
// or as connections with several streams.
const (
	connections = 32
	sessions    = 4
	streams     = 8
)

func (b *bench) plain() peer.Load {
	return peer.Load{Protocol: peer.HTTP1, Address: b.servers.http1, Connections: connections, Streams: 1, Duration: b.duration}
}

func (b *bench) closedLoop(section string, l peer.Load) error {
	for n := range b.rounds {
		b.round(section, n, b.peers, l)
	}
	return nil
}

func (b *bench) http1() error { return b.closedLoop(report.HTTP1, b.plain()) }

func (b *bench) http2() error {
	return b.closedLoop(report.HTTP2, peer.Load{Protocol: peer.HTTP2, Address: b.servers.http2,
		Connections: sessions, Streams: streams, Duration: b.duration})
}

func (b *bench) grpc() error {
	return b.closedLoop(report.GRPC, peer.Load{Protocol: peer.GRPC, Address: b.servers.health,
		Connections: sessions, Streams: streams, Duration: b.duration})
}

// capacity is our highest rate over HTTP/1.1, in requests per second.
func (b *bench) capacity() (float64, error) {
	if len(b.report.PerSecond(report.HTTP1, peer.Ours)) == 0 {
		b.round(report.HTTP1, 0, b.only(peer.Ours), b.plain())
	}
	return b.reached(report.HTTP1)
}

// rate is what every tool delivers of a part of our highest rate.
func (b *bench) rate() error {
	highest, err := b.capacity()
	if err != nil {
		return err
	}
	l := b.plain()
	for _, part := range report.Rates {
		l.Rate = float64(int(highest*part.Part/connections)) * connections // a whole number for every connection
		for n := range max(1, b.rounds/2) {
			b.round(report.Rate+part.Name, n, b.peers, l)
		}
	}
	return nil
}

// lateness is how late our own requests leave at a fifth of the highest rate.
func (b *bench) lateness() error {
	highest, err := b.capacity()
	if err != nil {
		return err
	}
	l := b.plain()
	l.Rate = float64(int(highest / 5))
	for n := range b.rounds {
		b.round(report.Lateness, n, b.only(peer.Ours), l)
	}
	return nil
}

// memory is the peak with more and more connections.
func (b *bench) memory() error {
	l := b.plain()
	l.Duration = min(b.duration, 3*time.Second)
	for _, n := range []int{1, 64, 1000} {
		l.Connections = n
		b.round(report.Memory+strconv.Itoa(n), 0, b.peers, l)
	}
	return nil
}
