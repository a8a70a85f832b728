package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// largestExact is 2^53: below it no two integers are the same float64.
const largestExact = 1 << 53

var errTrailing = errors.New("more than one JSON value")

// decodeExact is json.Unmarshal, but that no number becomes another one. A path
// can compare integers of 64 bits (int64) and fractions (decimal) as it can with
// Go's own; what is larger (exact) it can only lead to.
func decodeExact(b []byte) (any, error) {
	return decodeNumbers(b, exactly)
}

// decodeDecimal is json.Unmarshal, but that numbers are written without an exponent.
func decodeDecimal(b []byte) (any, error) {
	return decodeNumbers(b, func(n json.Number) any {
		f, err := n.Float64()
		if err != nil { // out of range
			return exact(n.String)
		}
		return decimal(f)
	})
}

func decodeNumbers(b []byte, number func(json.Number) any) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return replaceNumbers(v, number), nil
}

// replaceNumbers changes v itself, as far as it can hold others.
func replaceNumbers(v any, number func(json.Number) any) any {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case map[string]any:
		for k, one := range v {
			if holdsNumbers(one) {
				v[k] = replaceNumbers(one, number)
			}
		}
	case []any:
		for i, one := range v {
			if holdsNumbers(one) {
				v[i] = replaceNumbers(one, number)
			}
		}
	}
	return v
}

func holdsNumbers(v any) bool {
	switch v.(type) {
	case nil, string, bool:
		return false
	}
	return true
}

// exactly is an int64, a decimal or an exact.
func exactly(n json.Number) any {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i
	}
	f, err := n.Float64()
	switch {
	case err != nil || math.Abs(f) >= largestExact || !strings.ContainsAny(n.String(), ".eE"):
		return exact(n.String)
	case f == math.Trunc(f):
		return int64(f)
	}
	return decimal(f)
}

// decimal is a float64 that is written without an exponent.
type decimal float64

// String implements fmt.Stringer.
func (d decimal) String() string { return strconv.FormatFloat(float64(d), 'f', -1, 64) }

// exact gives the text of a number that no other type has exactly. It is a func, for
// to the library a string is a list of characters, and compares with other text.
type exact func() string

// String implements fmt.Stringer.
func (e exact) String() string { return e() }

// MarshalJSON implements json.Marshaler.
func (e exact) MarshalJSON() ([]byte, error) { return []byte(e()), nil }

// isNumber tells what decodeExact and decodeDecimal make of a number.
func isNumber(v any) bool {
	switch v.(type) {
	case int64, decimal, exact:
		return true
	}
	return false
}

// sameNumber tells whether two texts are the same number in JSON's notation:
// integers to their last digit, fractions as a float64 has them.
func sameNumber(a, b string) bool {
	if !isJSONNumber(a) || !isJSONNumber(b) {
		return false
	}
	m, n := normal(a), normal(b)
	if m == n || m.whole() && n.whole() {
		return m == n
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

func isJSONNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s)) && s[len(s)-1] > ' '
}

// normalNumber is digits x 10^exponent; the digits have no zero at either end.
type normalNumber struct {
	negative bool
	digits   string
	exponent int
}

// whole tells an integer. 0 has no digits.
func (n normalNumber) whole() bool { return n.exponent >= 0 }

// normal takes a number of JSON apart. Exponents beyond those of an int are taken
// for the largest: no server means them.
func normal(s string) normalNumber {
	var n normalNumber
	s, n.negative = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n.exponent, _ = strconv.Atoi(s[i+1:])
		n.exponent = max(-math.MaxInt32, min(n.exponent, math.MaxInt32))
		s = s[:i]
	}
	before, after, _ := strings.Cut(s, ".")
	n.exponent -= len(after)
	s = strings.TrimLeft(before+after, "0")
	n.digits = strings.TrimRight(s, "0")
	n.exponent += len(s) - len(n.digits)
	if n.digits == "" {
		return normalNumber{}
	}
	return n
}
