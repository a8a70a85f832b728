//go:build linux

package target

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Truth is what the server knows of its own answers.
type Truth struct {
	Count int `json:"count"`
	// P50 and P99 in milliseconds, of all answers sorted.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

// truthServer answers after a delay, and on its second listener changes the
// delay and tells the truth.
type truthServer struct {
	log   Log
	mu    sync.Mutex
	delay Delay
}

// ServeTruth serves requests on one listener and its log on another, until
// either fails. PUT /SHAPE there begins anew with that delay, GET / returns a
// Truth.
func ServeTruth(requests, log net.Listener) error {
	s := &truthServer{delay: &stall{}}
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(listener{requests, &s.log}, http.HandlerFunc(s.answer)) }()
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /{shape}", s.begin)
	mux.HandleFunc("GET /{$}", s.tell)
	go func() { failed <- http.Serve(log, mux) }()
	return <-failed
}

func (s *truthServer) answer(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	d := s.delay
	s.mu.Unlock()
	time.Sleep(d.next())
	_, _ = io.WriteString(w, body)
}

func (s *truthServer) begin(w http.ResponseWriter, r *http.Request) {
	d, err := NewDelay(r.PathValue("shape"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	s.mu.Lock()
	s.delay = d
	s.mu.Unlock()
	s.log.Take()
}

func (s *truthServer) tell(w http.ResponseWriter, _ *http.Request) {
	all := s.log.Take()
	t := Truth{Count: len(all)}
	if len(all) > 0 {
		t.P50, t.P99 = milliseconds(quantile(all, 0.5)), milliseconds(quantile(all, 0.99))
	}
	_ = json.NewEncoder(w).Encode(t)
}

// quantile of sorted samples: the smallest that at least a share of q do not
// exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	n := float64(len(sorted)) * q
	i := int(n)
	if float64(i) == n && i > 0 {
		i--
	}
	return sorted[min(i, len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
