package load

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"fortio.org/fortio/fhttp"
)

const userAgent = "kubectl-meshery"

// lastAnswer keeps hold of the client's own buffer: it is handed over whole, and
// is valid until the next call.
type lastAnswer struct{ data []byte }

// Write implements io.Writer.
func (l *lastAnswer) Write(p []byte) (int, error) {
	l.data = p
	return len(p), nil
}

// fastCaller is Fortio's fast client with a look at every answer. The client
// itself takes what it has read when a connection ends for the whole answer.
// Once it meets an answer it is not right for, the connection goes on with the
// other client.
type fastCaller struct {
	clients *Clients
	index   int
	fortio  fhttp.Fetcher
	answer  lastAnswer
	timeout time.Duration
	std     caller
}

func (c *Clients) newFast(i int) (caller, error) {
	t := c.target
	o := fhttp.NewHTTPOptions(t.URL)
	o.URL = t.URL // as given: NewHTTPOptions would escape it again
	o.HTTPReqTimeOut = t.Timeout
	o.MethodOverride = t.Method
	o.Insecure = t.InsecureSkipVerify
	o.Resolve = c.ips[i%len(c.ips)]
	o.ID = i
	if err := o.AddAndValidateExtraHeader("User-Agent:" + userAgent); err != nil {
		return nil, err
	}
	for _, h := range t.Header {
		if err := o.AddAndValidateExtraHeader(h.Name + ":" + h.Value); err != nil {
			return nil, err
		}
	}
	f := &fastCaller{clients: c, index: i, timeout: t.Timeout}
	o.DataWriter = &f.answer
	var err error
	if f.fortio, err = fhttp.NewClient(o); err != nil {
		return nil, fmt.Errorf("client for %q: %w", t.URL, err)
	}
	return f, nil
}

// new makes the i-th connection's client. It connects at its first call.
func (c *Clients) new(i int) (caller, error) {
	if c.Kind == Fast {
		return c.newFast(i)
	}
	return c.newStd(i)
}

func (f *fastCaller) call(ctx context.Context) answer {
	if f.std != nil {
		return f.std.call(ctx)
	}
	start := time.Now()
	// The client does its I/O without the context: the timeout is its own.
	f.answer.data = nil
	code, _, headers := f.fortio.StreamFetch(ctx)
	data := f.answer.data
	a := answer{code: code, bytes: int64(len(data)), length: -1}
	switch {
	case code <= 0:
		a.code, a.failure = 0, failConnection
		if time.Since(start) >= f.timeout*99/100 {
			a.failure = failTimeout
		}
		return a
	case a.ok():
		a.length, a.failure = check(data, int(headers))
	}
	if a.length < 0 || a.failure == failOversize || !a.ok() {
		f.change()
	}
	return a
}

var (
	contentLength = []byte("\r\ncontent-length:")
	endOfHeaders  = []byte("\r\n\r\n")
)

// check compares an answer with the length it announced; -1 where it did not.
func check(data []byte, headers int) (length int64, failure string) {
	if headers > len(data) || !bytes.HasSuffix(data[:headers], endOfHeaders) {
		return -1, failBody // it ended inside its headers
	}
	found, at := fhttp.FoldFind(data[:headers], contentLength)
	if !found {
		// Chunked, or ended by the end of the connection.
		if len(data) >= fhttp.BufferSizeKb<<10 {
			return -1, failOversize
		}
		return -1, ""
	}
	length = fhttp.ParseDecimal(data[at+len(contentLength) : headers])
	switch got := int64(len(data) - headers); {
	case length > int64(fhttp.BufferSizeKb<<10-headers):
		return length, failOversize
	case got < length:
		return length, failBody
	}
	return length, ""
}

// change goes on with the other client.
func (f *fastCaller) change() {
	std, err := f.clients.newStd(f.index)
	if err != nil {
		return // made once already, for the probe
	}
	f.fortio.Close()
	f.std = std
}

func (f *fastCaller) close() {
	if f.std != nil {
		f.std.close()
		return
	}
	f.fortio.Close()
}

// changed tells whether a caller began as fast and is not any more.
func changed(c caller) bool {
	f, ok := c.(*fastCaller)
	return ok && f.std != nil
}
