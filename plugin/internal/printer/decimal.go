package printer

import (
	"strconv"

	"k8s.io/apimachinery/pkg/util/json"
)

// decimal prints without an exponent: jsonpath writes numbers with fmt, and a
// script that gets 1.2e+06 for a count of bytes is a broken script.
type decimal float64

// String writes all digits that are needed.
func (d decimal) String() string { return strconv.FormatFloat(float64(d), 'f', -1, 64) }

// decode reads JSON for jsonpath: whole numbers as int64, others as decimal.
func decode(raw []byte) (any, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	return decimals(v), nil
}

func decimals(v any) any {
	switch v := v.(type) {
	case float64:
		return decimal(v)
	case map[string]any:
		for k := range v {
			v[k] = decimals(v[k])
		}
	case []any:
		for i := range v {
			v[i] = decimals(v[i])
		}
	}
	return v
}
