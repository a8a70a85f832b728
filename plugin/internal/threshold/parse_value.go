package threshold

import (
	"math/big"
	"strings"
)

// maxDigits of a number, the point included.
const maxDigits = 20

// timeUnits in milliseconds, the unit of latencies in a Result.
var timeUnits = map[string]*big.Rat{
	"ns": big.NewRat(1, 1_000_000), "µs": big.NewRat(1, 1000), "ms": big.NewRat(1, 1),
	"s": big.NewRat(1000, 1), "m": big.NewRat(60_000, 1),
}

// sameUnit are other ways to write a unit: "us", and µ as the Greek letter.
var sameUnit = map[string]string{"us": "µs", "μs": "µs"}

// notUnits are what people write for the unit on the right.
var notUnits = map[string]string{"sec": "s", "secs": "s", "second": "s", "seconds": "s", "S": "s", "msec": "ms", "millis": "ms", "MS": "ms", "Ms": "ms", "mS": "ms",
	"usec": "µs", "min": "m", "mins": "m", "minutes": "m", "percent": "%"}

// value reads the number and its unit, which must be one of the path's kind.
// Values become float64 only after the unit: the text of a figure of a Result is
// equal to that figure.
func (p *parser) value(e *Expression) error {
	at := p.at
	k := e.path.kind()
	text := p.take(func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
	v, ok := new(big.Rat).SetString(text)
	switch {
	case p.text[at:] == "":
		return p.failAt(at, "a value is missing: write %q", e.path.String()+" "+sampleFor(k, e.op))
	case strings.HasPrefix(p.text[at:], "-"):
		return p.failAt(at, "%q is below 0: %s never is, write a value such as %s", short(p.word()), e.path, sampleValue(k))
	case text == "":
		return p.failAt(at, "%q stands where a number should: write one such as %s", short(p.word()), sampleValue(k))
	case len(text) > maxDigits:
		return p.failAt(at, "%q has more than %d digits: write a number such as %s", short(text), maxDigits, sampleValue(k))
	case !ok || strings.HasSuffix(text, "."):
		return p.failAt(at, "%q is not a number: write one such as %s", text, sampleValue(k))
	}
	p.space()
	unitAt := p.at
	unit := p.take(func(r rune) bool { return !strings.ContainsRune(" \t\r\n", r) })
	if same, found := sameUnit[unit]; found {
		unit = same
	}
	return p.quantity(e, v, text, unit, at, unitAt)
}

// quantity gives e its value, of which text and unit were read at those bytes.
func (p *parser) quantity(e *Expression, v *big.Rat, text, unit string, at, unitAt int) error {
	k := e.path.kind()
	wrong := func(what string) error {
		if right := notUnits[unit]; right != "" && right == unitOfKind(right, k) {
			return p.failAt(unitAt, "%q is not a unit: write %s%s", unit, text, right)
		}
		return p.failAt(unitAt, "%q does not fit: %s %s", short(unit), e.path, what)
	}
	factor := big.NewRat(1, 1)
	switch {
	case k == inMilliseconds && unit == "":
		unit = "ms"
	case k == inMilliseconds:
		if factor = timeUnits[unit]; factor == nil {
			return wrong("is a time, write it in ns, µs, ms, s or m, such as 50ms")
		}
	case k == inPercent && unit == "":
		if v.Cmp(big.NewRat(1, 1)) > 0 {
			return p.failAt(at, "a share without a unit is at most 1: write %s%% for %s percent", text, text)
		}
		v.Mul(v, big.NewRat(100, 1))
		unit = "%"
	case k == inPercent && unit != "%":
		return wrong("is a share, write it as 0.1% or 0.001")
	case k == inPercent && v.Cmp(big.NewRat(100, 1)) > 0:
		return p.failAt(at, "%s%% is more than all: write a share of at most 100%%", text)
	case k == inRequests && unit == "%":
		return wrong("is a number of requests, write one without a unit; shares are errorRate and unsentRate")
	case k == inRequests && unit != "":
		return wrong("is a number of requests, write one without a unit")
	case k == inRequests && !v.IsInt():
		return p.failAt(at, "%q is not whole: %s is a number of requests, write one such as 10", text, e.path)
	case k == inRate && unit != "":
		return wrong("is in requests per second, write a number without a unit")
	}
	e.limit, _ = new(big.Rat).Mul(v, factor).Float64()
	// No number has more than maxDigits decimals, so all of them are here.
	e.number, e.unit = plainDecimal(v.FloatString(maxDigits)), unit
	return nil
}

// unitOfKind is unit where it can be one of that kind, and empty otherwise.
func unitOfKind(unit string, k kind) string {
	if k == inMilliseconds && timeUnits[unit] != nil || k == inPercent && unit == "%" {
		return unit
	}
	return ""
}

func sampleValue(k kind) string {
	_, value, _ := strings.Cut(sample(k), " ")
	return value
}

func sampleFor(k kind, op string) string { return op + " " + sampleValue(k) }
