package load

import (
	"context"
	"strconv"
)

// caller is one connection's client, for one worker.
type caller interface {
	// call makes one request and reads its answer to the end. The context can
	// abort it, if the client is able to.
	call(ctx context.Context) answer
	close()
}

// Kinds of failure: what stands in Codes where there is no whole answer.
const (
	failTimeout    = "timeout"
	failConnection = "connection" // could not connect, or the connection broke before the answer
	failBody       = "body"       // the answer ended before its end
	failOversize   = "oversize"   // the answer did not fit the fast client
	failCancelled  = "cancelled"  // in flight when the load was stopped
)

// answer is what came of a call.
type answer struct {
	code int // HTTP status; 0 where there was none
	// failure is why there is no whole answer; empty when there is.
	failure string
	// bytes received, as far as the client sees them; length is that of the body
	// as announced, negative when it was not.
	bytes, length int64
}

// ok tells whether the call succeeded: a whole answer with a 2xx status.
func (a *answer) ok() bool { return a.failure == "" && a.code >= 200 && a.code <= 299 }

// text is what the answer is counted under.
func (a *answer) text() string {
	if a.failure != "" {
		return a.failure
	}
	return strconv.Itoa(a.code)
}
