package smp

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// client is one of a test's, with one target for each of its URLs.
type client struct {
	path        string
	targets     []document.Target
	connections int
	rate        float64
	producers   []numbering
}

const (
	// Beyond these a Test is refused anyhow, in its own words.
	mostConnections = 1 << 30
	mostRate        = 1e12
)

// readClient reads one; producers tells whose numbers go with a spelling of the
// URLs' field.
func readClient(o *object, producers func(urlsKey string) []numbering) client {
	c := client{path: o.where("")}
	urlsField := "endpointurls"
	if !o.has(urlsField) {
		urlsField = "endpointurl"
	}
	urls, key := o.list(urlsField)
	c.producers = producers(key)
	spoken, _ := o.take("protocol")
	c.readLoad(o)
	request := readRequest(o)
	certificate := o.text("sslcertificate")
	if certificate != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(certificate)) {
		o.r.fail("%s is no certificate in PEM", o.where("ssl_certificate"))
	}
	c.leftOut(o)
	o.end()
	if len(urls) == 0 {
		o.r.fail("%s is missing: name at least one URL", o.where("endpoint_urls"))
	}
	unused := certificate != ""
	for i, v := range urls {
		where := o.where("")
		if len(urls) > 1 {
			where = fmt.Sprintf("%s[%d]", o.where(key), i)
		}
		url, ok := v.(string)
		if !ok || url == "" {
			o.r.fail("%s is not a URL", o.where(key))
			continue
		}
		scheme, rest := cutScheme(url)
		kind, err := protocol(spoken.value, scheme, c.producers)
		if err != nil {
			o.r.fail("%s: %s", where, err)
			continue
		}
		t := request
		t.URL = targetURL(kind, scheme, rest)
		if encrypted := strings.HasPrefix(t.URL, "https://") || strings.HasPrefix(t.URL, "grpcs://"); encrypted && certificate != "" {
			t.TLS = &document.TLS{CA: certificate}
			unused = false
		}
		if kind == "grpc" && t.Body != "" {
			o.r.fail("%s: SMP does not say which gRPC method the body is for: leave it out, which calls the health check, or write a Test with target.grpc", where)
			continue
		}
		c.targets = append(c.targets, t)
	}
	switch {
	case unused:
		o.r.warn("%s is not used: no URL begins with https", o.where("ssl_certificate"))
	case certificate != "":
		o.r.warn("%s is taken as the authority to trust, for a client's own certificate would need a key", o.where("ssl_certificate"))
	}
	return c
}

// readLoad reads rate and connections. Nothing said means to Meshery what 0 does.
func (c *client) readLoad(o *object) {
	c.rate, _ = o.number("rps", mostRate)
	c.connections, _ = o.whole("connections", mostConnections)
	if c.rate == 0 {
		o.r.warn("%s is 0 or missing, which means as fast as the connections allow: the run will be a closed loop without response times; give a rate for them", o.where("rps"))
	}
	if c.connections == 0 {
		o.r.warn("%s is 0 or missing, which means 1", o.where("connections"))
		c.connections = 1
	}
}

// readRequest reads what is sent, which goes to every URL of a client.
func readRequest(o *object) document.Target {
	t := document.Target{Body: o.text("body")}
	for _, h := range o.texts("headers") {
		t.Headers = append(t.Headers, document.Header{Name: h.name, Value: h.value})
	}
	if cookies := readCookies(o); cookies != "" {
		if hasHeader(t.Headers, "Cookie") {
			o.r.fail("%s and a header Cookie exclude each other: keep one of them", o.where("cookies"))
		}
		t.Headers = append(t.Headers, document.Header{Name: "Cookie", Value: cookies})
	}
	if v := o.text("contenttype"); v != "" {
		if hasHeader(t.Headers, "Content-Type") {
			o.r.fail("%s and a header Content-Type exclude each other: keep one of them", o.where("content_type"))
		}
		t.Headers = append(t.Headers, document.Header{Name: "Content-Type", Value: v})
		if t.Body == "" {
			t.Method = http.MethodPost // as Fortio does, which the field is made for
			o.r.warn("%s without a body: an empty one is sent with POST, as Fortio does", o.where("content_type"))
		}
	}
	return t
}

func hasHeader(headers []document.Header, name string) bool {
	return slices.ContainsFunc(headers, func(h document.Header) bool { return strings.EqualFold(h.Name, name) })
}

// readCookies makes the value of the header Cookie (RFC 6265, section 4.2.1).
func readCookies(o *object) string {
	key := o.fields["cookies"].key
	var out []string
	for i, c := range o.texts("cookies") {
		if !httpguts.ValidHeaderFieldName(c.name) || !httpguts.ValidHeaderFieldValue(c.value) || strings.Contains(c.value, ";") {
			o.r.fail("%s: number %d of them, by name, is no cookie: a name, and a value without semicolons and line breaks", o.where(key), i+1)
			continue
		}
		out = append(out, c.name+"="+c.value)
	}
	return strings.Join(out, "; ")
}

// leftOut warns of what has a meaning for others only.
func (c *client) leftOut(o *object) {
	if g := o.text("loadgenerator"); g != "" && !strings.EqualFold(g, "fortio") {
		o.r.warn("%s %q does not apply: the load comes from the agents' own generator", o.where("load_generator"), g)
	}
	if left := o.drop("additionaloptions", "internal"); len(left) > 0 {
		o.r.warn("left out, for they do not apply here: %s", strings.Join(left, ", "))
	}
}

// cutScheme is a URL's scheme in lower case, "" where it has none.
func cutScheme(url string) (scheme, rest string) {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return "", url
	}
	return strings.ToLower(scheme), rest
}

// targetURL says the protocol in the scheme.
func targetURL(kind, scheme, rest string) string {
	switch {
	case kind == "grpc" && (scheme == "https" || scheme == "grpcs"):
		scheme = "grpcs"
	case kind != "http" || scheme == "":
		scheme = kind
	}
	return scheme + "://" + rest
}
