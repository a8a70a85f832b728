package document

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redacted is what stands for a value that must not be kept.
const redacted = "<redacted>"

// keptHeaders are those whose values say how the target was called and are no
// credentials. Of any other header nobody can know: its value is not kept.
var keptHeaders = []string{
	"accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "connection",
	"content-encoding", "content-language", "content-type", "expect", "host", "pragma", "range",
	"te", "traceparent", "user-agent", "x-request-id",
}

// Redacted is the Test as it may be kept and shown: of headers only those known
// to carry no credentials keep their values, parameters of URLs that are named
// like a credential have lost theirs, a client's TLS key is gone, and beside
// certificates nothing is left of what was given with them. The body is kept as
// it is.
func (t Test) Redacted() Test {
	s := &t.Spec
	s.Target = s.Target.redacted()
	s.Targets = slices.Clone(s.Targets)
	for i := range s.Targets {
		s.Targets[i] = s.Targets[i].redacted()
	}
	if n := s.Metrics.NodeExporter; n != nil {
		c := *n
		c.URL = redactURL(c.URL)
		s.Metrics.NodeExporter = &c
	}
	if p := s.Metrics.Prometheus; p != nil {
		c := *p
		c.URL = redactURL(c.URL)
		s.Metrics.Prometheus = &c
	}
	return t
}

func (t Target) redacted() Target {
	t.URL = redactURL(t.URL)
	t.Headers = slices.Clone(t.Headers)
	for i, h := range t.Headers {
		if !slices.Contains(keptHeaders, strings.ToLower(h.Name)) {
			t.Headers[i].Value = redacted
		}
	}
	if t.TLS != nil {
		c := *t.TLS
		c.CA, c.Cert = Certificates(c.CA), Certificates(c.Cert)
		if c.Key != "" {
			c.Key = redacted
		}
		t.TLS = &c
	}
	return t
}

// redactURL replaces the values of parameters that are named like a credential,
// and leaves every other byte as it is.
func redactURL(raw string) string {
	before, query, found := strings.Cut(raw, "?")
	if !found {
		return raw
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	parameters := strings.Split(query, "&")
	for i, p := range parameters {
		name, _, hasValue := strings.Cut(p, "=")
		if hasValue && namesCredential(name) {
			parameters[i] = name + "=" + redacted
		}
	}
	out := before + "?" + strings.Join(parameters, "&")
	if hasFragment {
		out += "#" + fragment
	}
	return out
}

var (
	// Long enough to mean nothing else wherever they stand in a name.
	credentialParts = []string{"token", "secret", "password", "passwd", "signature", "credential", "session", "apikey", "oauth", "authorization"}
	// As parts of a name: apiKey, x-amz-key, sig; not monkey, author or design.
	credentialWords = []string{"key", "keys", "auth", "sig", "pwd", "pass", "jwt", "sid"}

	camelRE = regexp.MustCompile(`([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])`)
	wordsRE = regexp.MustCompile(`[A-Za-z]+`)
)

// namesCredential tells whether the value of a URL's parameter is a secret, as
// far as its name tells. One too many does no harm.
func namesCredential(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	lower := strings.ToLower(name)
	if slices.ContainsFunc(credentialParts, func(part string) bool { return strings.Contains(lower, part) }) {
		return true
	}
	for _, word := range wordsRE.FindAllString(camelRE.ReplaceAllString(name, "$1$3 $2$4"), -1) {
		if slices.Contains(credentialWords, strings.ToLower(word)) {
			return true
		}
	}
	return false
}
