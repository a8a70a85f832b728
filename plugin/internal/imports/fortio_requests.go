package imports

import (
	"strconv"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// requests counts the calls. What was to be sent and was not is what Fortio drops
// at the end when it is behind.
func (f *fortioRun) requests(l *document.Load) document.Requests {
	q := document.Requests{Sent: f.DurationHistogram.Count, BytesReceived: f.BytesReceived, Codes: map[string]int64{}}
	if !f.Sizes.empty() {
		q.BytesReceived = int64(min(f.Sizes.Sum, 1e18))
	}
	for code, n := range f.RetCodes {
		q.Codes[f.code(code)] += n
	}
	if f.ErrorsDurationHistogram != nil {
		q.Failed = f.ErrorsDurationHistogram.Count
	} else {
		for code, n := range q.Codes {
			if !succeeded(code) {
				q.Failed += n
			}
		}
	}
	q.Failed = min(q.Failed, q.Sent)
	q.Succeeded = q.Sent - q.Failed
	planned := f.Exactly
	if rate := constant(l); planned == 0 && rate > 0 && l.Duration > 0 {
		planned = int64(min(rate*time.Duration(l.Duration).Seconds(), 1e15))
		// Fortio gives each connection the same number of calls.
		planned -= planned % max(1, int64(l.Connections))
	}
	q.Unsent = max(0, planned-q.Sent)
	q.Planned = q.Sent + q.Unsent
	return q
}

// noAnswer is what calls are counted under of which Fortio says only that there was
// no answer: a broken connection and a timeout are the same to it.
const noAnswer = "no-answer"

// code is Fortio's number or word for an answer. What goes wrong over TCP and UDP
// it counts under the error's text, which may name addresses.
func (f *fortioRun) code(c string) string {
	if n, err := strconv.Atoi(c); err == nil {
		switch {
		case n < 0:
			return noAnswer
		case !f.overHTTP() && n == 1:
			return "SERVING" // old versions have the number of the health check's answer
		}
		return strconv.Itoa(n)
	}
	if len(c) > 20 || strings.ContainsAny(c, " :/") {
		return noAnswer
	}
	return c
}

// succeeded is what Fortio takes for a right answer.
func succeeded(code string) bool {
	return len(code) == 3 && code[0] == '2' || code == "418" || code == "SERVING" || code == "OK"
}
