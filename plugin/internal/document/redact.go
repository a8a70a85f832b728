package document

import (
	"slices"
	"strings"
)

// redacted is what stands for a value that must not be kept.
const redacted = "<redacted>"

// secretWords are in the names of headers that carry credentials: Authorization,
// X-Auth-Token, Cookie, X-Api-Key. One too many redacted does no harm.
var secretWords = []string{"auth", "cookie", "token", "secret", "password", "api-key", "apikey", "credential", "session", "signature"}

// Redacted is the Test as it may be kept and shown: headers that carry
// credentials have lost their values.
func (t Test) Redacted() Test {
	t.Spec.Target.Headers = slices.Clone(t.Spec.Target.Headers)
	for i, h := range t.Spec.Target.Headers {
		name := strings.ToLower(h.Name)
		if slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) }) {
			t.Spec.Target.Headers[i].Value = redacted
		}
	}
	return t
}
