package document

import (
	"slices"
	"strings"
)

// Redacted is what stands for a value that must not be kept.
const redacted = "<redacted>"

// secretHeaders carry credentials by their very purpose.
var secretHeaders = []string{"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"}

// Redacted is the Test as it may be kept and shown: headers that carry
// credentials have lost their values.
func (t Test) Redacted() Test {
	t.Spec.Target.Headers = slices.Clone(t.Spec.Target.Headers)
	for i, h := range t.Spec.Target.Headers {
		if slices.Contains(secretHeaders, strings.ToLower(h.Name)) {
			t.Spec.Target.Headers[i].Value = redacted
		}
	}
	return t
}
