package client

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"

	"fortio.org/fortio/fhttp"
	"fortio.org/log"
)

// The clients of HTTP/1.1.
const (
	Fast = "fast" // Fortio's own
	Std  = "std"  // net/http
)

// The fast client has one buffer, which an answer must fit into with its
// headers. Its own 128 KiB would make a thousand connections as large as an
// agent may be; answers of half the buffer leave room for some that are larger.
const (
	fastBuffer    = 32 << 10
	largestAnswer = fastBuffer / 2
)

// Fortio keeps the size of the buffers, and what it logs, for the whole process.
var prepareFortio = sync.OnceFunc(func() {
	fhttp.BufferSizeKb = fastBuffer >> 10
	log.SetLogLevelQuiet(log.Critical) // it logs every failed call; here they are counted
})

// chooseHTTP1 takes the fast client where it is right, and says why where it is
// not.
//
// Fortio's fast client repeats a request on a reused connection that turned out
// dead (which fastCaller sees), waits for a body after HEAD, closes the connection after every answer
// that is not 2xx, and cannot take answers larger than its buffer: it cuts them,
// or, where they are chunked, may never come back. So it serves small answers of
// known length to GET; one request tells which they are.
func (c *Clients) chooseHTTP1(ctx context.Context) error {
	prepareFortio()
	t := &c.target
	std := func(reason string) error {
		c.Kind, c.Reason, c.make = Std, reason, c.newStd
		return nil
	}
	switch {
	case t.Method != http.MethodGet || len(t.Body) > 0:
		return std("the fast client serves GET without a body")
	case strings.Contains(t.URL, "{uuid}"):
		return std("the fast client replaces {uuid}")
	case t.TLS.custom():
		return std("the fast client takes certificates from files only")
	case len(t.Check.Status) > 0:
		return std("the fast client takes only 2xx for a success")
	}
	for _, h := range t.Header {
		if strings.EqualFold(h.Name, "Connection") {
			return std("the fast client does not act on a Connection header")
		}
	}
	probe, err := c.newStd(0)
	if err != nil {
		return planError{err}
	}
	defer probe.Close()
	var early atomic.Bool
	a := probe.Call(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error { early.Store(true); return nil },
	}))
	c.Probes = append(c.Probes, a)
	switch {
	case a.Failure != "":
		return std("the first request failed: " + a.Failure)
	case !a.OK():
		return std(fmt.Sprintf("the target answers %d, and the fast client connects anew after that", a.Code))
	case early.Load():
		return std("the target sends answers ahead of its answer (1xx), and the fast client takes the first")
	case a.Length < 0:
		return std("the fast client is not safe with answers of unknown length")
	case a.Bytes > largestAnswer:
		return std(fmt.Sprintf("answers of %d bytes are too large for the fast client", a.Bytes))
	}
	c.Kind, c.make = Fast, c.newFast
	return nil
}
