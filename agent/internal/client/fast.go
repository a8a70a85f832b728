package client

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/stats"
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
	clients  *Clients
	index    int
	fortio   fhttp.Fetcher
	answer   lastAnswer
	std      Caller
	checking *checker // nil when being whole and 2xx is enough

	// lengthAt is where the last answer had its Content-Length, written like that:
	// the next one most probably has it there, too.
	lengthAt int
	length   [len(contentLength)]byte

	// What Fortio's client records of its connections, failed ones too; only the sum
	// is exact.
	connects  *stats.Histogram
	connected int64
	seconds   float64

	// held tells that the last call left a connection that the server did not say
	// it would close, headers how long its answer's headers were, and ended when it
	// ended.
	held    bool
	closing bool
	headers int
	ended   time.Time
}

func (c *Clients) newFast(i int) (Caller, error) {
	t := c.target
	o := fhttp.NewHTTPOptions(t.URL)
	o.URL = t.URL // as given: NewHTTPOptions would escape it again
	o.HTTPReqTimeOut = t.Timeout
	o.MethodOverride = t.Method
	o.Insecure = t.TLS.InsecureSkipVerify
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
	f := &fastCaller{clients: c, index: i, checking: t.Check.bodyChecker()}
	o.DataWriter = &f.answer
	var err error
	if f.fortio, err = fhttp.NewClient(o); err != nil {
		return nil, fmt.Errorf("client for %q: %w", t.URL, err)
	}
	_, f.connects = f.fortio.GetIPAddress()
	return f, nil
}

// Call implements Caller.
func (f *fastCaller) Call(ctx context.Context) Answer {
	if f.std != nil {
		return f.std.Call(ctx)
	}
	// The client does its I/O without the context: the timeout is its own.
	f.answer.data = nil
	start := time.Now()
	code, _, headers := f.fortio.StreamFetch(ctx)
	data := f.answer.data
	unused := start.Sub(f.ended)
	f.ended = time.Now()
	connects, connecting := f.connect()
	// The connection ended under this request, and the client has sent it again.
	repeated := connects > 0 && f.held
	if repeated || code <= 0 && f.ended.Sub(start) >= f.clients.target.Timeout {
		f.change() // or it would ask a server that stalls twice each time
	}
	if code <= 0 || repeated && unused < leastIdle {
		f.held = false
		return Answer{Failure: FailConnection, Length: -1} // or its timeout: the client does not say
	}
	a := Answer{Code: code, Bytes: int64(len(data)), Length: -1, Connect: connecting}
	f.held = !f.closes(data, int(headers))
	a.Unwanted = code < 200 || code > 299
	if !a.Unwanted {
		a.Length, a.Failure = f.check(data, int(headers))
		f.held = f.held && a.Failure == "" // an answer is cut short by the end of its connection
		if f.checking != nil && a.Failure == "" {
			f.checking.look(&a, data[headers:])
		}
	}
	if a.Length < 0 || a.Failure == FailOversize || a.Unwanted {
		f.change()
	}
	return a
}

// leastIdle is how long a connection must have been unused, at the least, for a
// server to close it for that: one that closes it earlier has dropped a request.
const leastIdle = time.Second

// connect is how often the client has connected since the last call, or has tried
// to, and how long that took.
func (f *fastCaller) connect() (n int64, d time.Duration) {
	if n = f.connects.Count - f.connected; n > 0 {
		d = time.Duration((f.connects.Sum - f.seconds) * 1e9)
		f.connected, f.seconds = f.connects.Count, f.connects.Sum
	}
	return n, d
}

// closes tells whether the server says with an answer that it closes the
// connection. The header is looked for where headers are longer or shorter than
// the last ones, as they are with it.
func (f *fastCaller) closes(data []byte, headers int) bool {
	if headers != f.headers {
		f.headers = headers
		head := data[:min(headers, len(data))]
		found, at := fhttp.FoldFind(head, connectionField)
		if found {
			line, _, _ := bytes.Cut(head[at+len(connectionField):], endOfLine)
			found, _ = fhttp.FoldFind(line, closeToken)
		}
		f.closing = found
	}
	return f.closing || bytes.HasPrefix(data, http10)
}

var (
	connectionField = []byte("\r\nconnection:")
	closeToken      = []byte("close")
	endOfLine       = []byte("\r\n")
	http10          = []byte("HTTP/1.0 ")
)

const contentLength = "\r\ncontent-length:"

var endOfHeaders = []byte("\r\n\r\n")

// check compares an answer with the length it announced; -1 where it did not.
func (f *fastCaller) check(data []byte, headers int) (length int64, failure string) {
	if headers > len(data) || !bytes.HasSuffix(data[:headers], endOfHeaders) {
		return -1, FailBody // it ended inside its headers
	}
	at, found := f.findLength(data[:headers])
	if !found {
		// Chunked, or ended by the end of the connection.
		if len(data) >= fastBuffer {
			return -1, FailOversize
		}
		return -1, ""
	}
	length = fhttp.ParseDecimal(data[at+len(contentLength) : headers])
	switch got := int64(len(data) - headers); {
	case length > int64(fastBuffer-headers):
		return length, FailOversize
	case got < length:
		return length, FailBody
	}
	return length, ""
}

// findLength finds the Content-Length of an answer.
func (f *fastCaller) findLength(headers []byte) (at int, found bool) {
	if at, end := f.lengthAt, f.lengthAt+len(f.length); at > 0 && end <= len(headers) && string(headers[at:end]) == string(f.length[:]) {
		return at, true
	}
	if found, at = fhttp.FoldFind(headers, []byte(contentLength)); found {
		f.lengthAt = at
		copy(f.length[:], headers[at:])
	}
	return at, found
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

// LongestCall is how long a call of the client may take. Fortio's has its timeout
// anew for each step: the request on a connection that was there, connecting
// once more, and the request there.
func (c *Clients) LongestCall() time.Duration {
	if c.Kind == Fast {
		return 3 * c.target.Timeout
	}
	return c.target.Timeout
}

// Close implements Caller.
func (f *fastCaller) Close() {
	if f.std != nil {
		f.std.Close()
		return
	}
	f.fortio.Close()
}

// Changed tells whether a client began as fast and is not any more.
func Changed(c Caller) bool {
	f, ok := c.(*fastCaller)
	return ok && f.std != nil
}
