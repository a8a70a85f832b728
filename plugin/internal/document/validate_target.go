package document

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// The agents keep the body in their record of the run.
	maxBody    = 4 << 20
	maxTargets = 32
	maxUDP     = 65507 // what one datagram over IPv4 can hold
)

var (
	methodRE     = regexp.MustCompile(`^[A-Z]+$`)
	grpcMethodRE = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*$`)
	statusRE     = regexp.MustCompile(`^[1-5]([0-9][0-9]|xx)$`)
)

// schemes of each protocol; the second is the one with TLS.
var schemes = map[string][]string{
	HTTP1: {"http", "https"}, HTTP2: {"http", "https"}, GRPC: {"grpc", "grpcs"}, TCP: {"tcp"}, UDP: {"udp"},
}

func (s *Spec) validateTargets() (errs []error) {
	if len(s.Targets) == 0 {
		return s.Target.validate("target", s.Load.Streams)
	}
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.Target.URL != "" {
		add("target and targets exclude each other: put all into targets")
	}
	if len(s.Targets) > maxTargets {
		add("targets: %d are more than %d", len(s.Targets), maxTargets)
	}
	seen := map[string]bool{}
	for i := range s.Targets {
		t, field := &s.Targets[i], fmt.Sprintf("targets[%d]", i)
		switch {
		case !nameRE.MatchString(t.Name):
			add("%s.name %q: use lower-case letters, digits, '-' and '.', at most 63", field, t.Name)
		case seen[t.Name]:
			add("%s.name %q stands twice", field, t.Name)
		}
		seen[t.Name] = true
		errs = append(errs, t.validate(field, s.Load.Streams)...)
	}
	return errs
}

func (t *Target) validate(field string, streams int) (errs []error) {
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+"."+format, args...))
	}
	if w := t.Weight; w != nil && *w == 0 {
		add("weight 0: leave the target out")
	} else if w != nil && !(*w > 0 && *w <= 1e6) {
		add("weight %g is not above 0 and at most 1000000", *w)
	}
	known := schemes[t.Protocol]
	switch {
	case t.URL == "":
		add("url is missing: give a URL such as http://checkout.shop:8080/")
	case known == nil:
		add("protocol %q is not %s", t.Protocol, orList([]string{HTTP1, HTTP2, GRPC, TCP, UDP}))
	default:
		if err := checkURL(field+".url", t.URL, example(t.Protocol), "use a header", known...); err != nil {
			errs = append(errs, err)
		} else {
			errs = append(errs, t.validateAddress(field)...)
		}
	}
	http := t.Protocol == HTTP1 || t.Protocol == HTTP2
	if http && !methodRE.MatchString(t.Method) {
		add("method %q is not an HTTP method", t.Method)
	} else if http && t.Method == "CONNECT" {
		add("method CONNECT asks a proxy for a tunnel, whose answer has no end: use another, such as GET")
	} else if !http && t.Method != "" {
		add("method %q: only HTTP has one", t.Method)
	}
	for i, h := range t.Headers {
		// A slip can put a secret into the name, so that is not quoted.
		if !httpguts.ValidHeaderFieldName(h.Name) {
			add("headers[%d]: its name is not that of a header, such as Accept: correct it", i)
		} else if !httpguts.ValidHeaderFieldValue(h.Value) {
			add("headers[%d]: the value of %q has a control character, such as a line break: take it out", i, h.Name)
		} else if why := misplaced(t.Protocol, h); why != "" {
			add("headers[%d]: %q %s: leave it out", i, h.Name, why)
		} else if strings.EqualFold(h.Name, "Host") && (h.Value == "" || !httpguts.ValidHostHeader(h.Value)) {
			add("headers[%d]: the value of %q is no host: give one such as checkout.shop:8080", i, h.Name)
		}
	}
	if len(t.Headers) > 0 && (t.Protocol == TCP || t.Protocol == UDP) {
		add("headers: %s has none", t.Protocol)
	}
	if t.Body != "" && len(t.BodyBase64) > 0 {
		add("body and %s.bodyBase64 exclude each other", field)
	}
	switch size := max(len(t.Body), len(t.BodyBase64)); {
	case t.Protocol == UDP && size > maxUDP:
		add("body is larger than the %d bytes of a datagram", maxUDP)
	case t.Protocol == GRPC && size > 0:
		add("body: a gRPC call has a message instead: %s.grpc.message", field)
	case size > maxBody:
		add("body is larger than %d MiB", maxBody>>20)
	}
	if t.Timeout < Duration(time.Millisecond) || t.Timeout > Duration(10*time.Minute) {
		add("timeout %s is not between 1ms and 10m", t.Timeout)
	}
	if streams > 1 && t.Protocol != HTTP2 && t.Protocol != GRPC {
		add("protocol %s has no streams: use --streams 1, or protocol %s", t.Protocol, HTTP2)
	}
	errs = append(errs, t.validateTLS(field)...)
	errs = append(errs, t.validateGRPC(field)...)
	return append(errs, t.validateCheck(field)...)
}

// misplaced tells why a header cannot be sent. Agents refuse more of gRPC's
// metadata, and all of this again.
func misplaced(protocol string, h Header) string {
	name := strings.ToLower(h.Name)
	grpc, streams := protocol == GRPC, protocol == GRPC || protocol == HTTP2
	switch {
	case grpc && (name == "content-type" || name == "te" || strings.HasPrefix(name, "grpc-")):
		return "belongs to gRPC itself"
	case streams && (slices.Contains(headersOfConnections, name) || name == "te" && h.Value != "trailers"):
		return "belongs to connections of HTTP/1.1"
	case !grpc && slices.Contains(headersOfBodies, name):
		return "follows from the body"
	}
	return ""
}

var (
	// headersOfConnections make a request over HTTP/2 malformed.
	// https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
	headersOfConnections = []string{"connection", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding"}
	headersOfBodies      = []string{"content-length", "transfer-encoding"}
)

func example(protocol string) string {
	switch protocol {
	case GRPC:
		return "grpc://checkout.shop:8079"
	case TCP, UDP:
		return protocol + "://echo.shop:8078"
	}
	return "http://checkout.shop:8080/"
}

// validateAddress is for what is no web address: a host and a port.
func (t *Target) validateAddress(field string) []error {
	if t.Protocol == HTTP1 || t.Protocol == HTTP2 {
		return nil
	}
	u, err := url.Parse(t.URL)
	if err == nil && (u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		return []error{fmt.Errorf("%s.url %q is not a host and a port, such as %s", field, shownURL(t.URL), example(t.Protocol))}
	}
	return nil
}

func (t *Target) validateTLS(field string) (errs []error) {
	if t.TLS == nil {
		return nil
	}
	add := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(field+".tls"+format, args...))
	}
	scheme, _, _ := strings.Cut(t.URL, "://")
	// A scheme that the protocol does not have is said of the URL already.
	if k := schemes[t.Protocol]; slices.Contains(k, scheme) && (len(k) < 2 || scheme != k[1]) {
		add(": %s is not encrypted: use https or grpcs, or leave it out", t.Protocol+" over "+scheme)
	}
	for _, f := range []struct{ name, text string }{{"ca", t.TLS.CA}, {"cert", t.TLS.Cert}} {
		if what := notCertificates(f.text); what != "" {
			add(".%s holds %s: give the certificate alone", f.name, what)
		}
	}
	if t.TLS.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.TLS.CA)) {
		add(".ca holds no certificate in PEM")
	}
	if (t.TLS.Cert == "") != (t.TLS.Key == "") {
		add(": cert and key belong together: give both, or none")
	} else if t.TLS.Cert != "" {
		if _, err := tls.X509KeyPair([]byte(t.TLS.Cert), []byte(t.TLS.Key)); err != nil {
			add(": cert and key are not a pair in PEM: %w", err)
		}
	}
	if t.TLS.InsecureSkipVerify && t.TLS.CA != "" {
		add(": insecureSkipVerify and ca exclude each other: any certificate, or that authority's")
	}
	return errs
}

func (t *Target) validateGRPC(field string) (errs []error) {
	if t.GRPC == nil {
		return nil
	}
	if t.Protocol != GRPC {
		return []error{fmt.Errorf("%s.grpc: the protocol is %s: use a URL such as %s", field, t.Protocol, example(GRPC))}
	}
	if !grpcMethodRE.MatchString(t.GRPC.Method) {
		errs = append(errs, fmt.Errorf("%s.grpc.method %q is not package.Service/Method", field, t.GRPC.Method))
	}
	if m := t.GRPC.Message; m != "" && !json.Valid([]byte(m)) {
		errs = append(errs, fmt.Errorf(`%s.grpc.message is not JSON: write it as protobuf JSON, such as {"service":"checkout"}`, field))
	}
	if len(t.GRPC.Message)+len(t.GRPC.DescriptorSet) > maxBody {
		errs = append(errs, fmt.Errorf("%s.grpc: message and descriptorSet are larger than %d MiB", field, maxBody>>20))
	}
	return errs
}
