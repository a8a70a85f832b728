package echo

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// whole is the share of all requests; shares are counted in millionths.
const whole = 1_000_000

// ask is what one request's query asks for.
type ask struct {
	delay  Delay
	share  int // of requests answered with status, in millionths
	status int
	size   int // of the body; -1 is the default
}

// parseAsk reads delay, error, status and size. Anything else is an error, for
// a misspelt parameter would silently measure something else.
func parseAsk(rawQuery string) (ask, error) {
	a := ask{size: -1}
	if rawQuery == "" {
		return a, nil
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return a, fmt.Errorf("the query %q cannot be read: write name=value, joined by &, and %%25 for %%", rawQuery)
	}
	for name, values := range query {
		if len(values) > 1 {
			return a, fmt.Errorf("parameter %q stands %d times: give it once", name, len(values))
		}
		switch value := values[0]; name {
		case "delay":
			a.delay, err = ParseDelay(value)
		case "error":
			a.share, err = parseShare(name, value)
		case "status":
			a.status, err = parseNumber(name, value, 400, 599)
		case "size":
			a.size, err = parseNumber(name, value, 0, maxBody)
		default:
			err = fmt.Errorf("parameter %q is not known: use delay, error, status or size", name)
		}
		if err != nil {
			return a, err
		}
	}
	// Each of the two has a meaning without the other.
	if a.status == 0 {
		a.status = http.StatusServiceUnavailable
	} else if !query.Has("error") {
		a.share = whole
	}
	return a, nil
}

// parseShare reads "1%" or "0.01" into millionths.
func parseShare(name, s string) (int, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	v *= whole
	if percent {
		v /= 100
	}
	n := math.Round(v)
	if err != nil || !(n >= 0 && n <= whole) || math.Abs(v-n) > 1e-6 {
		return 0, fmt.Errorf("%s %q is not a share of requests between 0 and 1 with at most 6 decimals, such as %q or %q (%% is written %%25 in a URL)", name, s, "1%", "0.01")
	}
	return int(n), nil
}

func parseNumber(name, s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%s %q is not a number between %d and %d", name, s, least, most)
	}
	return n, nil
}
