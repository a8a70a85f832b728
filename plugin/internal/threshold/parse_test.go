package threshold

import (
	"strings"
	"testing"
)

func TestParseReadsEveryFormAndWritesOne(t *testing.T) {
	for text, want := range map[string]string{
		"responseTime.p99 < 50ms":                             "responseTime.p99 < 50ms",
		"responseTime.p99<50ms":                               "responseTime.p99 < 50ms",
		"  responseTime.p99\t<  50 ms\n":                      "responseTime.p99 < 50ms",
		"status.latency.responseTime.p99 < 50ms":              "responseTime.p99 < 50ms",
		".status.latency.responseTime.p99 < 50ms":             "responseTime.p99 < 50ms",
		"latency.responseTime.p99 < 50ms":                     "responseTime.p99 < 50ms",
		"responseTime.p99 < 50":                               "responseTime.p99 < 50ms",
		"responseTime.p99 < 050.00ms":                         "responseTime.p99 < 50ms",
		"responseTime.p99.50 <= .5s":                          "responseTime.p99.5 <= 0.5s",
		"responseTime.p999 < 50ms":                            "responseTime.p99.9 < 50ms",
		"responseTime.p9999 < 50ms":                           "responseTime.p99.99 < 50ms",
		"responseTime.p99.99999 < 50ms":                       "responseTime.p99.99999 < 50ms",
		"responseTime.p5 > 100us":                             "responseTime.p5 > 100µs",
		"responseTime.p05 > 100µs":                            "responseTime.p5 > 100µs",
		"responseTime.p0.1 > 100μs":                           "responseTime.p0.1 > 100µs",
		"serviceTime.mean <= 2.5ms":                           "serviceTime.mean <= 2.5ms",
		"serviceTime.count >= 1000":                           "serviceTime.count >= 1000",
		"lateness.max < 1m":                                   "lateness.max < 1m",
		"connectTime.min != 7ns":                              "connectTime.min != 7ns",
		"errorTime.p50 < 1s":                                  "errorTime.p50 < 1s",
		"errorRate < 0.1%":                                    "errorRate < 0.1%",
		"errorRate < 0.001":                                   "errorRate < 0.1%",
		"errorRate < 1":                                       "errorRate < 100%",
		"unsentRate == 0":                                     "unsentRate == 0%",
		"rate.achieved > 990":                                 "rate.achieved > 990",
		"status.rate.target == 0.5":                           "rate.target == 0.5",
		"requests.failed == 0":                                "requests.failed == 0",
		"requests.sent >= 10.0":                               "requests.sent >= 10",
		`requests.codes["503"] < 10`:                          `requests.codes["503"] < 10`,
		`status.requests.codes['503'] < 10`:                   `requests.codes["503"] < 10`,
		"requests.codes.503 < 10":                             `requests.codes["503"] < 10`,
		"codes.503 < 10":                                      `requests.codes["503"] < 10`,
		"codes.timeout == 0":                                  `requests.codes["timeout"] == 0`,
		"targets.cart.responseTime.p99 < 50ms":                "targets.cart.responseTime.p99 < 50ms",
		"status.targets.cart.latency.serviceTime.max < 50ms":  "targets.cart.serviceTime.max < 50ms",
		`targets["cart.shop"].errorRate < 1%`:                 `targets["cart.shop"].errorRate < 1%`,
		`targets["cart"].codes.503 < 1`:                       `targets.cart.requests.codes["503"] < 1`,
		"targets.responseTime.responseTime.p99 < 50ms":        "targets.responseTime.responseTime.p99 < 50ms",
		"status.resources.nodes.cpuUtilization < 80%":         "resources.nodes.cpuUtilization < 80%",
		"resources.nodes.cpuUtilization < 0.123456789":        "resources.nodes.cpuUtilization < 12.3456789%",
		"requests.failed < 99999999999999999999":              "requests.failed < 99999999999999999999",
		"responseTime.p99 < 00000000000000000001ms":           "responseTime.p99 < 1ms",
		"errorRate < 0.000000000000000001":                    "errorRate < 0.0000000000000001%",
		"responseTime.p50 < 0.000000000000000001ns":           "responseTime.p50 < 0.000000000000000001ns",
		"targets.a-b.unsentRate <= 0.5%":                      "targets.a-b.unsentRate <= 0.5%",
		"targets.a.requests.failed == 0":                      "targets.a.requests.failed == 0",
		`requests.codes["grpc Unavailable: 14/x.y_z-0"] == 0`: `requests.codes["grpc Unavailable: 14/x.y_z-0"] == 0`,
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if e.String() != want {
			t.Errorf("%q is %q, want %q", text, e, want)
		}
		if again, err := Parse(e.String()); err != nil || again != e {
			t.Errorf("%q: its text reads as %+v (%v), not %+v", text, again, err, e)
		}
	}
}

func TestParseGivesValuesInTheUnitOfTheResult(t *testing.T) {
	for text, want := range map[string]struct {
		limit float64
		unit  string
	}{
		"responseTime.p99 < 50":     {50, "ms"},
		"responseTime.p99 < 50ms":   {50, "ms"},
		"responseTime.p99 < 1.001s": {1001, "ms"}, // 1.001 * 1000 is not 1001 in float64
		"responseTime.p99 < 700us":  {0.7, "ms"},
		"responseTime.p99 < 3µs":    {0.003, "ms"},
		"responseTime.p99 < 12ns":   {0.000012, "ms"},
		"responseTime.p99 < 1.5m":   {90_000, "ms"},
		"responseTime.count > 5":    {5, ""},
		"errorRate < 0.1%":          {0.1, "%"},
		"errorRate < 0.001":         {0.1, "%"},
		"rate.achieved > 990.5":     {990.5, ""},
		"requests.failed == 0":      {0, ""},
	} {
		e, err := Parse(text)
		if err != nil || e.limit != want.limit || e.Unit() != want.unit {
			t.Errorf("%q: %v %q (%v), want %v %q", text, e.limit, e.Unit(), err, want.limit, want.unit)
		}
	}
}

func TestParseKnowsQuantilesAsTheirConstants(t *testing.T) {
	for text, want := range map[string]float64{"p50": 0.5, "p99": 0.99, "p99.5": 0.995, "p999": 0.999, "p99.99": 0.9999, "p7": 0.07, "p99.99999": 0.9999999} {
		e, err := Parse("responseTime." + text + " < 1s")
		if err != nil || e.path.q != want {
			t.Errorf("%s is quantile %v (%v), want %v", text, e.path.q, err, want)
		}
	}
}

func TestParseNamesTheTarget(t *testing.T) {
	for text, want := range map[string]string{
		"targets.cart.responseTime.p99 < 50ms": "cart", `targets["a.b"].errorRate < 1%`: "a.b", "errorRate < 1%": "",
	} {
		if e, err := Parse(text); err != nil || e.Target() != want {
			t.Errorf("%q is about %q (%v), want %q", text, e.Target(), err, want)
		}
	}
}

// Every error names the column and what would be right.
func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                         `expression is empty: write one such as "responseTime.p99 < 50ms"`,
		" \t":                                      `expression is empty: write one such as "responseTime.p99 < 50ms"`,
		"responsTime.p99 < 50ms":                   `column 1: "responsTime" is unknown, did you mean "responseTime"?`,
		"responsetime.p99 < 50ms":                  `column 1: "responsetime" is unknown, did you mean "responseTime"?`,
		"status.latency.servicTime.p99 < 50ms":     `column 16: "servicTime" is unknown, did you mean "serviceTime"?`,
		"responseTime.P99 < 50ms":                  `column 14: "P99" is unknown, did you mean "p99"?`,
		"responseTime.avg < 50ms":                  `column 14: "avg" is unknown: write one of p50, p90, p99, p99.9, mean, min, max, count`,
		"responseTime.man < 50ms":                  `column 14: "man" is unknown, did you mean "mean"?`,
		"responseTime < 50ms":                      `column 1: "responseTime" is not one number: write which, such as responseTime.p99`,
		"responseTime.p99.mean < 50ms":             `column 18: "mean" is too much: p99 is a number already`,
		"responseTime.p99.5.5 < 50ms":              `column 20: "5" is too much: p99.5 is a number already`,
		"responseTime.p100 < 50ms":                 `column 14: "p100" is not a percentile: write responseTime.max for the longest`,
		"responseTime.p0 < 50ms":                   `column 14: "p0" is not a percentile: write responseTime.min for the shortest`,
		"responseTime.p0.0 < 50ms":                 `column 14: "p0.0" is not a percentile: write responseTime.min for the shortest`,
		"responseTime.p995 < 50ms":                 `column 14: "p995" is not a percentile: write p99.5 for one of a fraction`,
		"responseTime.p101.5 < 50ms":               `column 14: "p101.5" is not a percentile: write a number between 0 and 100 with at most five decimals, such as p99.5`,
		"responseTime.p99.123456 < 50ms":           `column 14: "p99.123456" is not a percentile: write a number between 0 and 100 with at most five decimals, such as p99.5`,
		"p99 < 50ms":                               `column 1: "p99" does not say of what, did you mean "responseTime.p99"?`,
		"latency < 50ms":                           `column 1: "latency" is not a path, did you mean "responseTime.p99"?`,
		"latency.p99 < 50ms":                       `column 9: "p99" does not say of what, did you mean "responseTime.p99"?`,
		"errors < 5":                               `column 1: "errors" is not a path, did you mean "requests.failed"?`,
		"error_rate < 5%":                          `column 1: "error_rate" is unknown, did you mean "errorRate"?`,
		"errorRate.p99 < 5%":                       `column 11: "p99" is too much: errorRate is a number already`,
		"requests < 5":                             `column 1: "requests" is not one number: write which, such as requests.failed`,
		"requests.fail < 5":                        `column 10: "fail" is unknown, did you mean "failed"?`,
		"requests.codes < 5":                       `column 10: codes is not one number: write which, such as requests.codes["503"]`,
		"codes.-5 < 5":                             `column 7: "-5" is not a status code: write one such as 503`,
		`requests.codes["503" < 5`:                 `column 15: "[\"503\"" is not a name in brackets: write one such as ["503"]`,
		`requests.codes[503] < 5`:                  `column 15: "[503]" is not a name in brackets: write one such as ["503"]`,
		`requests.codes["50\"3"] < 5`:              `column 15: "[\"50\\\"3\"]" is not a name in brackets: write one such as ["503"]`,
		"rate > 5":                                 `column 1: "rate" is not one number: write which, such as rate.achieved`,
		"rate.achived > 5":                         `column 6: "achived" is unknown, did you mean "achieved"?`,
		"targets.responseTime.p99 < 5":             `column 22: "p99" does not say of what, did you mean "responseTime.p99"?`,
		"targets.cart < 5":                         `column 1: targets needs the name of a target and its figure: write targets.NAME.responseTime.p99`,
		"targets.cart.rate.achieved < 5":           `column 14: "rate" is unknown: write one of responseTime, serviceTime, lateness, connectTime, errorTime, requests, errorRate, unsentRate`,
		"resources.nodes < 5%":                     `column 1: "resources" has one figure here: write resources.nodes.cpuUtilization`,
		"cpu < 5%":                                 `column 1: "cpu" is not a path, did you mean "resources.nodes.cpuUtilization"?`,
		"agents.cpuSeconds < 5":                    `column 1: "agents" is unknown: write one of responseTime, serviceTime, lateness, connectTime, errorTime, requests, errorRate, unsentRate, rate, targets`,
		"responseTime. < 5":                        `column 14: a name is missing after "responseTime."`,
		"responseTime..p99 < 5":                    `column 14: a name is missing after "responseTime."`,
		"< 50ms":                                   `column 1: a path is missing before the comparison: write "responseTime.p99 < 50ms"`,
		"!":                                        `column 1: "!" stands where a path should: write "responseTime.p99 < 50ms"`,
		"50ms > responseTime.p99":                  `column 1: "50ms" stands where a path should: write "responseTime.p99 < 50ms"`,
		"responseTime.p99":                         `column 17: a comparison and a value are missing: write "responseTime.p99 < 50ms"`,
		"errorRate":                                `column 10: a comparison and a value are missing: write "errorRate < 0.1%"`,
		"responseTime.p99 = 50ms":                  `column 18: "=" is not a comparison: write ==`,
		"responseTime.p99 =< 50ms":                 `column 18: "=<" is not a comparison: write <=`,
		"responseTime.p99 ≤ 50ms":                  `column 18: "≤" is not a comparison: write <=`,
		"responseTime.p99 <<< 50ms":                `column 18: "<<<" is not a comparison: write one of <, <=, >, >=, == and !=`,
		"responseTime.p99 is 50ms":                 `column 18: "is" stands where a comparison should: write one of <, <=, >, >=, == and !=`,
		"responseTime.p99 <":                       `column 19: a value is missing: write "responseTime.p99 < 50ms"`,
		"requests.failed ==":                       `column 19: a value is missing: write "requests.failed == 10"`,
		"responseTime.p99 < -5ms":                  `column 20: "-5ms" is below 0: responseTime.p99 never is, write a value such as 50ms`,
		"responseTime.p99 < fast":                  `column 20: "fast" stands where a number should: write one such as 50ms`,
		"responseTime.p99 < 1.2.3ms":               `column 20: "1.2.3" is not a number: write one such as 50ms`,
		"responseTime.p99 < 1.ms":                  `column 20: "1." is not a number: write one such as 50ms`,
		"responseTime.p99 < .":                     `column 20: "." is not a number: write one such as 50ms`,
		"responseTime.p99 < 1e3ms":                 `column 21: "e3ms" does not fit: responseTime.p99 is a time, write it in ns, µs, ms, s or m, such as 50ms`,
		"requests.sent > 123456789012345678901":    `column 17: "123456789012345678901" has more than 20 digits: write a number such as 10`,
		"responseTime.p99 < 5%":                    `column 21: "%" does not fit: responseTime.p99 is a time, write it in ns, µs, ms, s or m, such as 50ms`,
		"responseTime.p99 < 5 sec":                 `column 22: "sec" is not a unit: write 5s`,
		"responseTime.p99 < 5min":                  `column 21: "min" is not a unit: write 5m`,
		"responseTime.count < 5ms":                 `column 23: "ms" does not fit: responseTime.count is a number of requests, write one without a unit`,
		"errorRate < 5ms":                          `column 14: "ms" does not fit: errorRate is a share, write it as 0.1% or 0.001`,
		"errorRate < 5":                            `column 13: a share without a unit is at most 1: write 5% for 5 percent`,
		"errorRate < 101%":                         `column 13: 101% is more than all: write a share of at most 100%`,
		"requests.failed < 5%":                     `column 20: "%" does not fit: requests.failed is a number of requests, write one without a unit; shares are errorRate and unsentRate`,
		"requests.failed < 0.5":                    `column 19: "0.5" is not whole: requests.failed is a number of requests, write one such as 10`,
		"rate.achieved > 990rps":                   `column 20: "rps" does not fit: rate.achieved is in requests per second, write a number without a unit`,
		"responseTime.p99 < 5ms && errorRate < 1%": `column 24: "&& errorRate < 1%" is too much: an expression is one comparison, give each one apart`,
		"responseTime.p99 µ< 5ms":                  `column 18: "µ<" stands where a comparison should`,
		"\x00\xff\n\u2028":                         `expression "\x00\xff\n\u2028", column 1: "\x00\xff\n\u2028" stands where a path should`,
		strings.Repeat("a", 401):                   `is longer than 400 characters: write one comparison, such as "responseTime.p99 < 50ms"`,
	} {
		e, err := Parse(text)
		if err == nil {
			t.Errorf("%q is read as %q", text, e)
			continue
		}
		if !strings.Contains(err.Error(), want) || e != (Expression{}) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}
