package http2

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	h2 "golang.org/x/net/http2"
)

// Kind tells failures apart.
type Kind int

const (
	// Timeout: the call's time was up.
	Timeout Kind = iota + 1
	// Connection: could not connect, or the connection broke before the answer.
	Connection
	// Body: the answer ended before its end, or was not as long as announced.
	Body
	// Cancelled: the context ended, or Close was called.
	Cancelled
	// Refused: the peer said that it has not processed the request, by
	// REFUSED_STREAM or by a GOAWAY for earlier streams. It was not sent again.
	Refused
	// Stream: the peer reset the stream before an answer, or the answer was
	// malformed; the connection goes on.
	Stream
)

// String gives the word a failure is counted under.
func (k Kind) String() string {
	switch k {
	case Timeout:
		return "timeout"
	case Connection:
		return "connection"
	case Body:
		return "body"
	case Cancelled:
		return "cancelled"
	case Refused:
		return "refused"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// Error is what every failed call returns.
type Error struct {
	Kind Kind
	Err  error
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout tells whether the call's time was up, as net.Error does.
func (e *Error) Timeout() bool { return e.Kind == Timeout }

// KindOf gives an error's kind, 0 for those of others.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return 0
}

func failure(k Kind, format string, args ...any) *Error {
	return &Error{k, fmt.Errorf(format, args...)}
}

var (
	errTimeout   = failure(Timeout, "no whole answer in time")
	errCancelled = failure(Cancelled, "cancelled while in flight")
	errClosed    = failure(Cancelled, "the connection is closed; make another")
	// errMoved: the call was not sent, and is to go over another connection.
	errMoved = failure(Connection, "not sent")
)

// endOf is the failure of a call whose context has ended.
func endOf(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errTimeout
	}
	return errCancelled
}

// connectError names what went wrong while connecting.
func connectError(ctx context.Context, address string, err error) *Error {
	kind := Connection
	var timeout net.Error
	switch {
	case ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		kind = Cancelled
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		kind = Timeout
	}
	if strings.HasSuffix(err.Error(), "tls: no application protocol") { // an alert, which has no type of its own
		err = ErrNotHTTP2
	}
	return failure(kind, "connect to %q: %w", address, err)
}

// protocolError is the peer's offence against the protocol that ends the
// connection, with the code that it is told.
type protocolError struct {
	code   h2.ErrCode
	reason string
}

// Error implements error.
func (e *protocolError) Error() string {
	return "the peer broke the protocol: " + e.reason
}

func offence(code h2.ErrCode, format string, args ...any) error {
	return &protocolError{code, fmt.Sprintf(format, args...)}
}
