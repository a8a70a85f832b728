//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/meshery/kubectl-meshery/test/bench/internal/peer"
	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// truth compares what the tools say with what the server knows.
func (b *bench) truth() error {
	shapes := []string{target.Lognormal, target.Bimodal}
	if b.quick {
		shapes = shapes[:1]
	}
	for _, s := range shapes {
		if err := b.distribution(s); err != nil {
			return err
		}
	}
	b.stall()
	return nil
}

// many connections, so that it is the tools' work and not the waiting for
// answers that bounds the rate.
const many = 128

func (b *bench) distribution(shape string) error {
	section := report.Truth + shape
	l := peer.Load{Protocol: peer.HTTP1, Address: b.servers.truth, Connections: many, Streams: 1, Duration: b.duration}
	// wrk has no rate: it runs as fast as the connections allow. The same run of
	// ours says how fast that is.
	b.known(shape, section+"-capacity", 0, b.only(peer.Ours), l)
	highest, err := b.reached(section + "-capacity")
	if err != nil {
		return err
	}
	for n := range max(1, b.rounds/2) {
		closed, open := l, l
		open.Rate = math.Floor(highest/2/many) * many
		b.known(shape, section, n, b.tellers(), open)
		b.known(shape, section, n, b.only("wrk"), closed)
	}
	return nil
}

// tellers are the tools that keep a rate and give percentiles.
func (b *bench) tellers() []peer.Peer {
	return b.only(peer.Ours, "fortio", "fortio -stdclient", "hey", "vegeta", "k6")
}

// known measures tools against the server that knows the truth.
func (b *bench) known(shape, section string, round int, tools []peer.Peer, l peer.Load) {
	for i := range tools {
		b.measure(section, round, tools[(i+round)%len(tools)], l, b.witness(shape, nil))
	}
}

// witness makes the truth server begin anew before a run, and asks it after.
func (b *bench) witness(shape string, change func(*target.Truth)) hooks {
	return hooks{
		before: func() error { return b.begin(shape) },
		after: func(r *report.Run) error {
			t, err := b.told()
			if change != nil {
				change(&t)
			}
			r.Truth = &t
			return err
		},
	}
}

// stall: a server that stands still for a second. The truth is of the response
// time from when a request was due, and follows from the schedule.
func (b *bench) stall() {
	const rate, connections = 200, 4
	duration := 5 * time.Second
	l := peer.Load{Protocol: peer.HTTP1, Address: b.servers.truth, Connections: connections, Streams: 1, Rate: rate, Duration: duration}
	for n := range max(1, b.rounds/2) {
		for _, p := range b.tellers() {
			b.measure(report.Truth+target.Stall, n, p, l, b.witness(target.Stall, func(t *target.Truth) {
				t.P99 = target.StallTruth(rate, duration, t.P50)
			}))
		}
	}
}

// begin makes the truth server begin anew.
func (b *bench) begin(shape string) error {
	q, err := http.NewRequestWithContext(b.ctx, http.MethodPut, "http://"+b.servers.log+"/"+shape, nil)
	if err != nil {
		return err
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("truth server: %s", r.Status)
	}
	return nil
}

// told is what the truth server has logged since begin.
func (b *bench) told() (t target.Truth, err error) {
	r, err := http.Get("http://" + b.servers.log + "/")
	if err != nil {
		return t, err
	}
	defer r.Body.Close()
	err = json.NewDecoder(r.Body).Decode(&t)
	return t, err
}

// reached is our rate in a section; an error where ours did not run.
func (b *bench) reached(section string) (float64, error) {
	v := b.report.PerSecond(section, peer.Ours)
	if len(v) == 0 {
		return 0, fmt.Errorf("%s has not run: %s", peer.Ours, b.report.Runs[len(b.report.Runs)-1].Error)
	}
	return v.Median(), nil
}
