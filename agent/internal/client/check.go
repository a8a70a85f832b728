package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/util/jsonpath"
)

// Check says which answers are right, beyond being whole. The zero Check wants
// 2xx, or OK.
type Check struct {
	// Status are HTTP codes ("200", "2xx") or names of gRPC codes.
	Status       []string
	BodyContains string
	JSON         []JSONCheck
}

// JSONCheck is a JSONPath that must lead somewhere, and to what unless Equals is
// nil. A number is right when it is the same number, however it is written.
type JSONCheck struct {
	Path   string
	Equals *string
}

// largestChecked is how much of an answer is kept to be checked; what is larger
// and not found right in this much is wrong.
const largestChecked = 1 << 20

// checker is a Check for one worker.
type checker struct {
	statuses map[int]bool
	names    []string
	contains []byte
	paths    []jsonCheck
	// numbers tells that a path looks at numbers, which takes time to have exactly.
	numbers bool
}

type jsonCheck struct {
	path   *jsonpath.JSONPath
	equals *string
	text   boundedText
	// again is the path's text where it has to be parsed for every answer: to go
	// through a range changes the parsed path.
	again string
	// filters tells that the path compares values of the answer.
	filters bool
}

// boundedText takes no more than an answer that is checked can be: a path with ..
// gives what is nested again on every level.
type boundedText struct{ bytes.Buffer }

var errTooMuchText = errors.New("more text than an answer can have")

func (b *boundedText) Write(p []byte) (int, error) {
	if b.Len()+len(p) > largestChecked {
		return 0, errTooMuchText
	}
	return b.Buffer.Write(p)
}

// checker makes the checker of one worker.
func (c *Check) checker() *checker {
	k := &checker{names: c.Status, contains: []byte(c.BodyContains)}
	for _, s := range c.Status {
		if k.statuses == nil {
			k.statuses = map[int]bool{}
		}
		class, any := strings.CutSuffix(s, "xx")
		n, err := strconv.Atoi(class)
		switch {
		case err != nil: // the name of a gRPC code
		case any:
			for i := range 100 {
				k.statuses[n*100+i] = true
			}
		default:
			k.statuses[n] = true
		}
	}
	for _, j := range c.JSON {
		p := jsonpath.New("check")
		if p.Parse(j.Path) != nil {
			continue // parsed once already, where the plan was checked
		}
		again := ""
		if strings.Contains(j.Path, "range") {
			again = j.Path
		}
		filters := strings.Contains(j.Path, "?(")
		k.numbers = k.numbers || filters || j.Equals != nil && strings.ContainsAny(*j.Equals, "0123456789")
		k.paths = append(k.paths, jsonCheck{path: p, equals: j.Equals, again: again, filters: filters})
	}
	return k
}

// Validate finds what cannot be checked.
func (c *Check) Validate() error {
	for _, j := range c.JSON {
		if err := jsonpath.New("check").Parse(j.Path); err != nil {
			return fmt.Errorf("check: JSONPath %q: %w", j.Path, err)
		}
	}
	return nil
}

// bodyChecker is nil when every body is right.
func (c *Check) bodyChecker() *checker {
	if c.BodyContains == "" && len(c.JSON) == 0 {
		return nil
	}
	return c.checker()
}

// status tells whether an HTTP status is right.
func (k *checker) status(code int) bool {
	if k.statuses == nil {
		return code >= 200 && code <= 299
	}
	return k.statuses[code]
}

// name tells whether a gRPC code is right.
func (k *checker) name(code string) bool {
	if len(k.names) == 0 {
		return code == "OK"
	}
	return slices.Contains(k.names, code)
}

// wantsBody tells whether bodies are looked at.
func (k *checker) wantsBody() bool { return len(k.contains) > 0 || len(k.paths) > 0 }

// keep adds what was read to what is kept of a body.
func (k *checker) keep(kept, read []byte) []byte {
	if !k.wantsBody() {
		return kept
	}
	return append(kept, read[:min(len(read), largestChecked-len(kept))]...)
}

// look checks the body of an answer that is right so far, and notes how long that
// took: it is not the server's time.
func (k *checker) look(a *Answer, body []byte) {
	if !k.wantsBody() {
		return
	}
	start := time.Now()
	a.Failure = k.body(body)
	a.Checked = time.Since(start)
}

// body is FailCheck for a body that is not right, and empty for one that is.
func (k *checker) body(b []byte) string {
	if len(k.contains) > 0 && !bytes.Contains(b, k.contains) {
		return FailCheck
	}
	if len(k.paths) == 0 {
		return ""
	}
	decode := decodeExact
	if !k.numbers {
		decode = decodeRoughly
	}
	v, err := decode(b)
	if err != nil || v == nil { // no path leads anywhere in null
		return FailCheck
	}
	var decimals any
	for i := range k.paths {
		right, err := k.paths[i].right(v)
		if err != nil && k.paths[i].filters {
			// It may be a fraction that was compared with an integer of the answer, which
			// the library refuses: then all are fractions.
			if decimals == nil {
				if decimals, err = decodeDecimal(b); err != nil {
					return FailCheck
				}
			}
			right, err = k.paths[i].right(decimals)
		}
		if err != nil || !right {
			return FailCheck
		}
	}
	return ""
}

// decodeRoughly is for paths that do not look at numbers.
func decodeRoughly(b []byte) (v any, err error) {
	err = json.Unmarshal(b, &v)
	return v, err
}

// right tells whether the path leads to what it should; an error is that it leads
// nowhere. What the library panics on, as it does on some nulls, is no such place.
func (j *jsonCheck) right(v any) (right bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			right, err = false, fmt.Errorf("JSONPath: %v", p)
		}
	}()
	path := j.path
	if j.again != "" {
		path = jsonpath.New("check")
		if err := path.Parse(j.again); err != nil {
			return false, err
		}
	}
	found, err := path.FindResults(v)
	if err != nil {
		return false, err
	}
	j.text.Reset()
	for _, one := range found {
		if err := path.PrintResults(&j.text, one); err != nil {
			return false, err
		}
	}
	if j.equals == nil || j.text.String() == *j.equals {
		return true, nil
	}
	return len(found) == 1 && len(found[0]) == 1 && isNumber(found[0][0].Interface()) && sameNumber(j.text.String(), *j.equals), nil
}
