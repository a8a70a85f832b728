package client

import (
	"context"
	"strconv"
	"time"
)

// Protocols, as a Test names them.
const (
	HTTP1 = "http/1.1"
	HTTP2 = "http/2"
	GRPC  = "grpc"
	TCP   = "tcp"
	UDP   = "udp"
)

// Target is one thing that is called, in one way.
type Target struct {
	Name     string
	URL      string
	Protocol string
	// Streams are calls in flight on one connection; above 1 for HTTP/2 and gRPC
	// only.
	Streams int
	Timeout time.Duration
	TLS     TLS
	// Method of HTTP.
	Method string
	// Header is the request's header, or gRPC's metadata.
	Header []Header
	// Body of an HTTP request, or what is sent to be echoed.
	Body  []byte
	GRPC  GRPCCall
	Check Check
}

// Header is one request header; a name may stand several times.
type Header struct{ Name, Value string }

// TLS is how an encrypted target is verified, and shown who calls. PEM.
type TLS struct {
	InsecureSkipVerify bool
	CA, Cert, Key      []byte
	ServerName         string
}

// GRPCCall is a unary call: Method is package.Service/Method, Message protobuf
// JSON, DescriptorSet a FileDescriptorSet or empty.
type GRPCCall struct {
	Method, Message string
	DescriptorSet   []byte
}

// Caller calls the target for one worker.
type Caller interface {
	// Call makes one request and reads its answer to the end. The context can
	// abort it, if the client is able to.
	Call(ctx context.Context) Answer
	Close()
}

// Kinds of failure: what is counted where there is no whole and right answer
// with a status of its own.
const (
	FailTimeout    = "timeout"
	FailConnection = "connection" // could not connect, or the connection broke before the answer
	FailBody       = "body"       // the answer ended before its end
	FailOversize   = "oversize"   // the answer did not fit the fast client
	FailCancelled  = "cancelled"  // in flight when the load was stopped
	FailRefused    = "refused"    // the server refused the stream (HTTP/2)
	FailStream     = "stream"     // the server reset the stream (HTTP/2, gRPC), or its answer was malformed (HTTP/2)
	FailCheck      = "check"      // whole, and not what the Test wants
)

// Answer is what came of a call.
type Answer struct {
	// Code is the HTTP status; 0 where there was none.
	Code int
	// Name is what an answer that is not HTTP's is counted under: a gRPC code.
	Name string
	// Failure is why there is no whole answer, or not the right one; empty when
	// there is. Unwanted tells that the status itself is the failure.
	Failure  string
	Unwanted bool
	// Bytes received, as far as the client sees them; Length is that of the body
	// as announced, negative when it was not.
	Bytes, Length int64
	// Connect is what TCP connect and TLS handshake took, if this call made a
	// connection.
	Connect time.Duration
	// Waited is how much of the call was waiting for a stream that the server
	// allows (HTTP/2): it belongs to queueing.
	Waited time.Duration
	// Checked is how much of the call was looking into the answer's body: it is
	// the generator's time, not the server's. 0 where nothing is looked for.
	Checked time.Duration
}

// OK tells whether the call succeeded.
func (a *Answer) OK() bool { return a.Failure == "" && !a.Unwanted }

// Censored tells whether the call was given up before its answer: a right one
// would have taken longer than the call did.
func (a *Answer) Censored() bool { return a.Failure == FailTimeout || a.Failure == FailCancelled }

// Text is what the answer is counted under.
func (a *Answer) Text() string {
	switch {
	case a.Failure != "":
		return a.Failure
	case a.Name != "":
		return a.Name
	}
	return strconv.Itoa(a.Code)
}
