package smp

import (
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// certificate is one in PEM.
func certificate(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
}

func TestRefuses(t *testing.T) {
	url := "endpoint_urls: [http://a/]"
	for name, c := range map[string]struct{ in, want string }{
		"empty":             {"", "it is empty"},
		"comments":          {"# none\n---\n", "it is empty"},
		"two":               {one(url) + "---\n" + one(url), "several documents stand in one file"},
		"no YAML":           {"clients: {", "SMP test: line 1"},
		"twice":             {one(url) + one(url), "already defined"},
		"two spellings":     {one(url + ", loadGenerator: fortio, load_generator: fortio"), `clients[0]: "loadGenerator" and "load_generator" are one field`},
		"a list":            {"[1]", "the file is not a mapping"},
		"unknown at top":    {one(url) + "extra: 1\n", `the file: unknown field "extra"`},
		"unknown in test":   {"test: {clients: [{" + url + "}], stages: []}", `test: unknown field "stages"`},
		"unknown beside":    {"test: {clients: [{" + url + "}]}\nduration: 3s", `the file: unknown field "duration"`},
		"unknown in client": {one(url + ", qps: 3"), `clients[0]: unknown field "qps"`},
		"all at once":       {one("qps: 3, body: 7"), `clients[0].body is not text: put it into quotes; clients[0]: unknown field "qps"; clients[0].endpoint_urls is missing`},
		"no clients":        {"smp_version: v0.0.1\nclients: []", "clients is missing"},
		"client a text":     {"clients: [x]", "clients[0] is not a mapping"},
		"client nothing":    {"clients: [null]", "clients[0] is not a mapping"},
		"URL a number":      {one("endpoint_urls: [7]"), "clients[0].endpoint_urls is not a URL"},
		"URL a slip":        {one("endpoint_urls: ['http://me:s3cret@a/']"), "as a Test it cannot run: target.url must not hold a user or password"},
		"gRPC with a path":  {one("protocol: grpc, endpoint_urls: ['http://a:1/x']"), `target.url "grpc://a:1/x" is not a host and a port`},
		"gRPC with a body":  {one("protocol: grpc, body: s3cret, endpoint_urls: ['a:1']"), "SMP does not say which gRPC method"},
		"TCP with headers":  {one("protocol: tcp, headers: {a: s3cret}, endpoint_urls: ['a:1']"), "target.headers: tcp has none"},
		"rps below 0":       {strings.Replace(one(url), "5", "-5", 1), "clients[0].rps is not a number from 0"},
		"rps a word":        {strings.Replace(one(url), "5", "many", 1), "clients[0].rps is not a number from 0"},
		"rps no number":     {strings.Replace(one(url), "5", ".nan", 1), "clients[0].rps is not a number from 0"},
		"rps too many":      {strings.Replace(one(url), "5", "1e11", 1), "load.rate 1e+11 is not between"},
		"connections":       {strings.Replace(one(url), "connections: 1", "connections: 1.5", 1), "clients[0].connections is not a whole number"},
		"duration a number": {one(url) + "duration: 30", "duration is not text"},
		"duration a word":   {one(url) + "duration: long", `duration "long" is not a number above 0 with a unit such as "30s"`},
		"duration below 0":  {one(url) + "duration: -3s", `duration "-3s" is not`},
		"duration short":    {one(url) + "duration: 3ms", "load.duration 3ms is not between 1s"},
		"label a number":    {one(url) + "labels: {build: 1.10}", "labels has a value that is not text"},
		"labels a list":     {one(url) + "labels: [a]", "labels is not a mapping of names"},
		"header a number":   {one(url + ", headers: {s3cret: 1}"), "clients[0].headers has a value that is not text"},
		"header's name":     {one(url + ", headers: {a s3cret: b}"), "target.headers[0]: its name is not that of a header"},
		"cookie":            {one(url + ", cookies: {a: 's3cret; b'}"), "clients[0].cookies: number 1 of them, by name, is no cookie"},
		"cookie twice":      {one(url + ", headers: {cookie: s3cret}, cookies: {a: b}"), "clients[0].cookies and a header Cookie exclude each other"},
		"content type":      {one(url + ", body: x, headers: {content-type: a}, content_type: b"), "clients[0].content_type and a header Content-Type exclude"},
		"certificate":       {one(url + ", ssl_certificate: s3cret"), "clients[0].ssl_certificate is no certificate in PEM"},
		"a result":          {"smp_version: v0.0.1\nlatencies_ms: {p50: 3}\nactual_qps: 3", "it is a result: it has latencies_ms"},
		"flat without URL":  {"client: {rps: 5, connections: 1}\nexp_uuid: x", "endpoint_url is missing"},
		"flat as published": {"endpoint_url: https://a/\nclient: {rps: 5, protocol: http | tcp | grpc}", `client: protocol "http | tcp | grpc" is none of`},
		"flat's time":       {"endpoint_url: https://a/\nstart_time: noon\nclient: {rps: 5}", "start_time is not a time"},
		"many":              {"clients: [" + strings.Repeat("x,", 20) + "x]", "and 13 more"},
	} {
		test, _, err := ParseTest([]byte(c.in))
		if err == nil || test != nil || !strings.HasPrefix(err.Error(), "SMP test: ") || !strings.Contains(err.Error(), c.want) ||
			strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %+v, %v; want %q in one line without secrets", name, test, err, c.want)
		}
	}
}

func TestWarns(t *testing.T) {
	url := "endpoint_urls: [http://a/]"
	withCertificate := "clients:\n- rps: 5\n  connections: 1\n  endpoint_urls: [http://a/]\n  ssl_certificate: |\n" + indented(certificate(t)) + "\n"
	for in, want := range map[string]string{
		withCertificate: "clients[0].ssl_certificate is not used: no URL begins with https",
		one(url + ", internal: true, additional_options: '{\"s3cret\":1}'"): "left out, for they do not apply here: clients[0].additional_options, clients[0].internal",
		one(url + ", content_type: text/plain"):                             "an empty one is sent with POST",
		one(url) + "name: Ä":                                                `the name "Ä" is left out`,
		one(url) + "name: \"a\\nb\"":                                        `the name "a\nb" becomes "a-b"`,
		one(url) + "labels: {'!': x}":                                       `the label "!" is left out`,
		one(url) + "labels: {a: '" + strings.Repeat("x", 70) + "'}":         "becomes",
	} {
		test, warnings, err := ParseTest([]byte(in))
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], want) || strings.ContainsAny(warnings[0], "\n\r") || strings.Contains(warnings[0], "s3cret") {
			t.Errorf("%s: %+v, %q, %v; want %q", in, test, warnings, err, want)
		}
	}
	_, warnings, err := ParseTest([]byte(one(url) + "labels: {'/a-b': x, a-b: y}"))
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], `the label "/a-b" is left out: as "a-b" it is there already`) {
		t.Errorf("%q, %v", warnings, err)
	}
	test, _, err := ParseTest([]byte(one(url + ", content_type: text/plain")))
	if err != nil || test.Spec.Target.Method != "POST" {
		t.Errorf("%+v, %v", test, err)
	}
}

func indented(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ")
}

// The file in the documentation needs no warning.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	test, warnings, err := ParseTest([]byte(example))
	if !found || err != nil || len(warnings) > 0 || test.Metadata.Labels["mesh"] != "istio" {
		t.Errorf("%+v, %q, %v", test, warnings, err)
	}
}

func TestDetect(t *testing.T) {
	for in, want := range map[string]bool{
		"":       false,
		"{":      false,
		"[1, 2]": false,
		"apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {}\n": false,
		"kind: Test\nclients: []\n":                                    false,
		"metadata: {}\nspec: {target: {}}\n":                           false,
		"test: x\n":                                                    false,
		"test: {}\n":                                                   true,
		"test: {clients: x}\n---\nb: 1\n":                              true,
		"smpVersion: v0.0.1\nclients: []\n":                            true,
		"SMPSVersion: smps/v1\n":                                       true,
		"client: {rps: 1}\nexp_uuid: x\n":                              true,
		`{"test":{"clients":[]},"mesh":"x"}`:                           true,
	} {
		if got := Detect([]byte(in)); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

// FuzzParseTest wants one of two: a Test that is valid once defaulted, or one line
// that says why not.
func FuzzParseTest(f *testing.F) {
	for _, in := range []string{flat, action, june2020, meshery2026, one("endpoint_urls: [http://a/, 'tcp://b:1']"), "clients: [null]", "client: []", "test: {clients: {}}\nmesh: 3",
		"a: &a [b]\nclients: *a\n", "{\"clients\":[{\"rps\":1e400}]}", "smp_version: !!binary x\n", "clients: [{<<: {rps: 1}, endpoint_urls: [a]}]"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		Detect(in)
		test, warnings, err := ParseTest(in)
		for _, w := range warnings {
			if strings.ContainsAny(w, "\n\r") {
				t.Errorf("warning of several lines: %q", w)
			}
		}
		if err != nil {
			if test != nil || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("%+v, %q", test, err)
			}
			return
		}
		test.Default()
		if err := test.Validate(); err != nil {
			t.Errorf("not valid: %v", err)
		}
		if again, err := document.ParseTest(marshal(t, test)); err != nil || again.Validate() != nil {
			t.Errorf("as a document: %v", err)
		}
	})
}

func marshal(t *testing.T, test *document.Test) []byte {
	t.Helper()
	raw, err := json.Marshal(test)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
