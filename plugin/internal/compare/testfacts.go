package compare

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// testFacts are the Test as run, field by field, but for what does not change what the
// target has to do: where it is and what it is called, so that variants in several
// namespaces are the same Test; what is read beside the load, and what is judged
// afterwards; which agents were asked for, for which they are is compared; and the
// seed of random arrivals.
//
// They are of the Test as it is kept, without the values of headers and parameters of
// the URL that may be a credential: of these only the names can be compared. Of bodies
// and of certificates there is a short hash, which tells whether two are the same.
func testFacts(r *document.Result) []fact {
	spec := document.Test{Spec: r.Spec}.Redacted().Spec
	spec.Thresholds, spec.AbortOn, spec.Validity = nil, nil, document.Criteria{}
	spec.Metrics, spec.Agents, spec.Load.Seed = document.Metrics{}, document.Agents{}, 0
	targets := spec.AllTargets()
	var all []fact
	for i := range targets {
		prefix := "target"
		if len(targets) > 1 {
			prefix = fmt.Sprintf("targets[%d]", i)
		}
		all = append(all, targetFacts(prefix, targets[i])...)
	}
	all = append(all, flatten("load", spec.Load)...)
	return all
}

// targetFacts are those of one target.
func targetFacts(prefix string, t document.Target) []fact {
	var all []fact
	add := func(field, value string) {
		if value != "" {
			all = append(all, fact{"test", prefix + "." + field, value})
		}
	}
	scheme, path := place(t.URL)
	add("scheme", scheme)
	add("path", path)
	var headers []string
	for _, h := range t.Headers {
		if !strings.EqualFold(h.Name, "host") {
			headers = append(headers, strings.ToLower(h.Name)+": "+h.Value)
		}
	}
	add("headers", list(headers))
	add("body", short(t.Body+string(t.BodyBase64)))
	if t.GRPC != nil {
		add("grpc.method", t.GRPC.Method)
		add("grpc.message", short(t.GRPC.Message))
	}
	if t.TLS != nil {
		add("tls.insecureSkipVerify", fmt.Sprint(t.TLS.InsecureSkipVerify))
		add("tls.ca", short(t.TLS.CA))
		add("tls.cert", short(t.TLS.Cert))
	}
	t.Name, t.URL, t.Headers, t.Body, t.BodyBase64, t.GRPC, t.TLS = "", "", nil, "", nil, nil, nil
	return append(all, flatten(prefix, t)...)
}

// place is the scheme of a URL, and its path with the query.
func place(raw string) (scheme, path string) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", raw
	}
	path = u.EscapedPath()
	if path == "" && strings.HasPrefix(u.Scheme, "http") {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return u.Scheme, path
}

// short is a hash of what may be long, or private; "" of nothing.
func short(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%d bytes, sha256 %x", len(text), sum[:4])
}

// flatten are the fields of a part of the Test by their paths, as its JSON has them.
func flatten(prefix string, part any) []fact {
	raw, err := json.Marshal(part)
	if err != nil {
		// Cannot be: it was read from JSON.
		return []fact{{"test", prefix, short(fmt.Sprint(part))}}
	}
	var v any
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber() // as they are written
	// Cannot fail: it was just written.
	_ = numbers.Decode(&v)
	var all []fact
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, one := range v {
				walk(path+"."+name, one)
			}
		case []any:
			for i, one := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), one)
			}
		case nil:
		default:
			if text := fmt.Sprint(v); text != "" {
				all = append(all, fact{"test", path, text})
			}
		}
	}
	walk(prefix, v)
	return all
}
