package echo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gone is counted for requests whose client went away before the answer; the
// number is the one that nginx made common.
const gone = 499

const pattern = "meshery reference workload 0123456789\n"

// handler answers the workload's requests.
type handler struct {
	body   []byte
	length []string // Content-Length of body, made once
	fill   []byte   // larger bodies are written from this
	counts *counts
	shares shares
	delays delays
}

func newHandler(bodyBytes int, c *counts) *handler {
	fill := []byte(strings.Repeat(pattern, (64<<10)/len(pattern)+1))
	h := &handler{counts: c, fill: fill, length: []string{strconv.Itoa(bodyBytes)}}
	for len(h.body) < bodyBytes {
		h.body = append(h.body, fill[:min(len(fill), bodyBytes-len(h.body))]...)
	}
	return h
}

var textPlain = []string{"text/plain; charset=utf-8"}

// ServeHTTP answers any method and path but /healthz in the same way.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		w.WriteHeader(http.StatusOK)
		return
	}
	h.counts.inFlight.Add(1)
	defer h.counts.inFlight.Add(-1)
	// Not r.Body, which HTTP/2 sets even where there is none; -1 is not known yet.
	if r.ContentLength != 0 {
		if status, err := drain(w, r); err != nil {
			h.refuse(w, status, err)
			return
		}
	}
	if r.URL.RawQuery == "" {
		h.answer(w, http.StatusOK, -1)
		return
	}
	asked, err := parseAsk(r.URL.RawQuery)
	if err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	// Taken before the delay: the order of arrival decides, not that of leaving.
	status := http.StatusOK
	if h.shares.fails(asked.share) {
		status = asked.status
	}
	if !wait(r.Context(), h.delays.next(asked.delay)) {
		h.counts.add(gone)
		return
	}
	h.answer(w, status, asked.size)
}

// answer counts first: who has the answer can rely on having been counted.
func (h *handler) answer(w http.ResponseWriter, status, size int) {
	h.counts.add(status)
	header := w.Header()
	header["Content-Type"] = textPlain
	if size < 0 {
		header["Content-Length"] = h.length
		w.WriteHeader(status)
		_, _ = w.Write(h.body) // a client that went away has been counted
		return
	}
	header["Content-Length"] = []string{strconv.Itoa(size)}
	w.WriteHeader(status)
	for size > 0 {
		n := min(size, len(h.fill))
		if _, err := w.Write(h.fill[:n]); err != nil {
			return
		}
		size -= n
	}
}

// refuse answers with one line that says why.
func (h *handler) refuse(w http.ResponseWriter, status int, err error) {
	h.counts.add(status)
	if status == gone {
		return
	}
	http.Error(w, err.Error(), status)
}

// drain reads the request's body to its end, so that the connection can be used
// again, and drops it.
func drain(w http.ResponseWriter, r *http.Request) (status int, err error) {
	_, err = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, errors.New("the body is larger than 16 MiB: send a smaller one")
	case err != nil:
		return gone, err
	}
	return 0, nil
}

// wait waits, and tells whether the client waited as well.
func wait(ctx context.Context, delay time.Duration) bool {
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
