package smp

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

const flat = `# what it all looked like in the beginning
SMPSVersion: smps/v1
start_time: 2020-03-17T14:53:05.499893378Z
end_time: "2020-03-17T15:23:05.530905194Z"
mesh_build: 1.5.0
profile: full
endpoint_url: http://192.168.1.15/productpage
labels: {version: v1, app: project xyz}
env: {kubernetes: v1.15.5, node_count: 5}
config: {mtls_enabled: true}
client:
  internal: false
  protocol: http
  connections: 20
  rps: 999.5
  latencies_ms: {min: 4, average: 20, p50: 22}
metrics: {sidecars: {count: 20, cpu_mCores: 3000}}
`

const action = `test:
  smp_version: v0.0.1
  id: 7a7ba8a8-3d6e-4e5c-9d7a-5d2f3f7b1c11
  name: Istio Performance Test
  labels: {}
  clients:
    - internal: false
      load_generator: fortio
      protocol: 1
      connections: 2
      rps: 10
      headers: {X-Zone: eu, Accept: text/html}
      cookies: {session: s3cret, a: b}
      body: '{"n":1}'
      content_type: application/json
      endpoint_urls:
        - 'http://bookinfo.shop:9080/productpage'
  duration: '30m'
mesh:
  type: 3
`

const june2020 = `smpsVersion: v0.0.1
id:
name: checkout
labels: {build: "7"}
clients:
- internal: false
  loadGenerator: wrk2
  protocol: tcp
  connections: 4
  rps: 100
  endpointUrl: ["checkout.shop:9000"]
duration: 60s
`

const meshery2026 = `{"test": {"smpVersion": "v0.0.1", "name": "checkout", "clients": [
	{"loadGenerator": "fortio", "protocol": "grpc", "connections": 3, "rps": 50, "endpointUrls": ["https://checkout.shop:8079/"], "sslCertificate": "CERT"}],
	"duration": "45s"}, "mesh": "Linkerd"}`

func header(name, value string) document.Header { return document.Header{Name: name, Value: value} }

func TestParseEveryForm(t *testing.T) {
	pem := certificate(t)
	quoted, err := json.Marshal(pem)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in       string
		metadata document.Metadata
		target   document.Target
		load     document.Load
		warnings []string // parts of them, in order
	}{
		"flat": {flat,
			document.Metadata{Labels: map[string]string{"version": "v1", "app": "project-xyz"}},
			document.Target{URL: "http://192.168.1.15/productpage"},
			document.Load{Rate: 999.5, Connections: 20, Duration: document.Duration(30 * time.Minute)},
			[]string{"duration 30m0s is that from start_time to end_time", "client.latencies_ms, env, config, metrics, mesh_build, profile", `"app"="project xyz" becomes "app"="project-xyz"`}},
		"test and mesh, numbers": {action,
			document.Metadata{Name: "istio-performance-test", Labels: map[string]string{"mesh": "istio", "smp-test-id": "7a7ba8a8-3d6e-4e5c-9d7a-5d2f3f7b1c11"}},
			document.Target{URL: "http://bookinfo.shop:9080/productpage", Body: `{"n":1}`, Headers: []document.Header{
				header("Accept", "text/html"), header("X-Zone", "eu"), header("Cookie", "a=b; session=s3cret"), header("Content-Type", "application/json")}},
			document.Load{Rate: 10, Connections: 2, Duration: document.Duration(30 * time.Minute)},
			[]string{`name "Istio Performance Test" becomes "istio-performance-test"`}},
		"June 2020": {june2020,
			document.Metadata{Name: "checkout", Labels: map[string]string{"build": "7"}},
			document.Target{URL: "tcp://checkout.shop:9000"},
			document.Load{Rate: 100, Connections: 4, Duration: document.Duration(time.Minute)},
			[]string{`clients[0].load_generator "wrk2" does not apply`}},
		"Meshery 2026": {strings.Replace(meshery2026, `"CERT"`, string(quoted), 1),
			document.Metadata{Name: "checkout", Labels: map[string]string{"mesh": "linkerd"}},
			document.Target{URL: "grpcs://checkout.shop:8079/", TLS: &document.TLS{CA: pem}},
			document.Load{Rate: 50, Connections: 3, Duration: document.Duration(45 * time.Second)},
			[]string{"test.clients[0].ssl_certificate is taken as the authority to trust"}},
		"protobuf's JSON": {`{"smpVersion":"v0.0.1","clients":[{"protocol":"PROTOCOL_HTTP","rps":"25","connections":1,"endpointUrls":["http://a/"]}]}`,
			document.Metadata{}, document.Target{URL: "http://a/"}, document.Load{Rate: 25, Connections: 1}, nil},
		"as little as can be": {"clients: [{endpoint_urls: [a.shop:80]}]",
			document.Metadata{}, document.Target{URL: "http://a.shop:80"}, document.Load{Rate: document.Max, Connections: 1},
			[]string{"clients[0].rps is 0 or missing, which means as fast as", "clients[0].connections is 0 or missing, which means 1"}},
	} {
		if !Detect([]byte(c.in)) {
			t.Errorf("%s: not detected", name)
		}
		test, warnings, err := ParseTest([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := &document.Test{APIVersion: document.APIVersion, Kind: document.KindTest, Metadata: c.metadata, Spec: document.Spec{Target: c.target, Load: c.load}}
		if !reflect.DeepEqual(test, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, test, want)
		}
		if len(warnings) != len(c.warnings) {
			t.Errorf("%s: warnings %q, want %q", name, warnings, c.warnings)
			continue
		}
		for i, w := range c.warnings {
			if !strings.Contains(warnings[i], w) {
				t.Errorf("%s: warning %q, want %q", name, warnings[i], w)
			}
		}
	}
}

// one is a test of one client with these fields.
func one(fields string) string {
	return "clients: [{rps: 5, connections: 1, " + fields + "}]\n"
}

func TestProtocols(t *testing.T) {
	for fields, want := range map[string]string{
		// Today's schema, as mesheryctl reads it.
		"protocol: 1, endpoint_urls: [http://a/]":            "http://a/",
		"protocol: 0, endpoint_urls: [https://a/]":           "https://a/",
		"protocol: 2, endpoint_urls: ['a:1']":                "tcp://a:1",
		"protocol: 2, endpoint_urls: ['tcp://a:1']":          "tcp://a:1",
		"protocol: 3, endpoint_urls: ['UDP://a:1']":          "udp://a:1",
		"protocol: 4, endpoint_urls: ['http://a:1/']":        "grpc://a:1/",
		"protocol: 4, endpoint_urls: ['https://a:1']":        "grpcs://a:1",
		"protocol: 4, endpoint_urls: ['grpcs://a:1']":        "grpcs://a:1",
		"protocol: 2, endpoint_urls: ['http://a/']":          "!protocol tcp and a URL that begins with http:// do not go together",
		"protocol: 5, endpoint_urls: ['http://a/']":          "!protocol 5 is none: write http, tcp, udp or grpc",
		"protocol: -1, endpoint_urls: ['http://a/']":         "!protocol -1 is none",
		"protocol: 1, endpoint_urls: ['ftp://me:s3cret@a/']": "!the scheme of the URL is not supported",
		// The first schema, one lower.
		"protocol: 0, endpoint_url: [http://a/]":   "http://a/",
		"protocol: 1, endpoint_url: ['a:1']":       "tcp://a:1",
		"protocol: 1, endpointUrl: ['a:1']":        "tcp://a:1",
		"protocol: 3, endpoint_url: 'http://a:1/'": "grpc://a:1/",
		"protocol: 1, endpoint_url: [http://a/]":   "!protocol tcp and a URL that begins with http://",
		// camelCase: protobuf's JSON or Meshery's stub.
		"protocol: 1, endpointUrls: [http://a/]":    "http://a/",
		"protocol: 4, endpointUrls: ['a:1']":        "grpc://a:1",
		"protocol: 2, endpointUrls: ['tcp://a:1']":  "tcp://a:1",
		"protocol: 2, endpointUrls: ['grpc://a:1']": "grpc://a:1",
		"protocol: 3, endpointUrls: ['tcp://a:1']":  "tcp://a:1",
		"protocol: 2, endpointUrls: ['a:1']":        "!protocol 2 means tcp or grpc, depending on who wrote the file: write the name",
		"protocol: 3, endpointUrls: ['a:1']":        "!protocol 3 means udp or tcp",
		"protocol: 3, endpointUrls: ['http://a/']":  "!protocol udp or tcp and a URL that begins with http://",
		// Names mean the same everywhere.
		"protocol: TCP, endpointUrls: ['a:1']":           "tcp://a:1",
		"protocol: PROTOCOL_UDP, endpoint_urls: ['a:1']": "udp://a:1",
		"protocol: '', endpoint_urls: ['grpc://a:1']":    "grpc://a:1",
		"protocol: quic, endpoint_urls: ['a:1']":         `!protocol "quic" is none of http, tcp, udp and grpc`,
		"protocol: '1', endpoint_urls: ['a:1']":          `!protocol "1" is none of`,
		"protocol: [1], endpoint_urls: ['a:1']":          "!protocol is not a name",
		"endpoint_urls: ['udp://a:1']":                   "udp://a:1",
	} {
		test, _, err := ParseTest([]byte(one(fields)))
		if wrong, ok := strings.CutPrefix(want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), "clients[0]: "+wrong) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: %+v, %v; want %q", fields, test, err, wrong)
			}
		} else if err != nil || test.Spec.Target.URL != want {
			t.Errorf("%s: %+v, %v; want %s", fields, test, err, want)
		}
	}
	// Old version, new field: only what means the same in both.
	for in, want := range map[string]string{
		"smps_version: v0.1.0\n" + one("protocol: 1, endpoint_urls: [http://a/]"):   "http://a/",
		"smps_version: v0.1.0\n" + one("protocol: 1, endpoint_urls: ['tcp://a:1']"): "tcp://a:1",
	} {
		if test, _, err := ParseTest([]byte(in)); err != nil || test.Spec.Target.URL != want {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
	test, _, err := ParseTest([]byte("endpoint_url: http://a/\nclient: {rps: 5, connections: 1, protocol: 1}"))
	if err != nil || test.Spec.Target.URL != "http://a/" {
		t.Errorf("%+v, %v", test, err)
	}
	_, _, err = ParseTest([]byte("smps_version: v0.1.0\n" + one("protocol: 1, endpoint_urls: ['a:1']")))
	if err == nil || !strings.Contains(err.Error(), "protocol 1 means tcp or http") {
		t.Error(err)
	}
}

func TestMeshes(t *testing.T) {
	snake, camel, old := "endpoint_urls: [http://a/]", "endpointUrls: [http://a/]", "endpoint_url: [http://a/]"
	for _, c := range []struct{ fields, mesh, want string }{
		{snake, "{type: 3}", "istio"},
		{snake, "{type: 0}", ""},
		{snake, "{type: 12}", "cilium-service-mesh"},
		{snake, "{type: 13}", "!mesh.type: 13 is no mesh"},
		{old, "{type: 2}", "istio"},
		{old, "{type: 5}", "traefik-mesh"},
		{camel, "{type: 3}", "!mesh.type: 3 means istio or consul, depending on who wrote the file: write the name, such as ISTIO"},
		{camel, "{type: 12}", "cilium-service-mesh"},
		{camel, "{type: CONSUL}", "consul"},
		{camel, "{name: Kuma}", "kuma"},
		{snake, "OPEN_SERVICE_MESH", "open-service-mesh"},
		{snake, "None", "none"},
		{snake, "INVALID_MESH", ""},
		{snake, "[istio]", "!mesh is not a mapping"},
		{snake, "{type: [3]}", "!mesh.type: it is not a name"},
		{snake, "{typ: 3}", `!mesh: unknown field "typ"`},
	} {
		in := "test: {clients: [{rps: 5, connections: 1, " + c.fields + "}]}\nmesh: " + c.mesh
		test, warnings, err := ParseTest([]byte(in))
		if wrong, ok := strings.CutPrefix(c.want, "!"); ok {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%s: %v, want %q", in, err, wrong)
			}
		} else if err != nil || test.Metadata.Labels["mesh"] != c.want || len(warnings) > 0 {
			t.Errorf("%s: %v %q, want %q", in, err, warnings, c.want)
		}
	}
	in := "test: {labels: {mesh: mine}, clients: [{rps: 5, connections: 1, endpoint_urls: [http://a/]}]}\nmesh: {type: 3, version: 1.29.0, labels: {a: b}, annotations: {}}"
	test, warnings, err := ParseTest([]byte(in))
	want := map[string]string{"mesh": "mine", "mesh-version": "1.29.0"}
	if err != nil || !reflect.DeepEqual(test.Metadata.Labels, want) || len(warnings) != 2 {
		t.Errorf("%+v, %q, %v", test, warnings, err)
	}
}

func TestSeveralTargets(t *testing.T) {
	test, warnings, err := ParseTest([]byte(`clients:
- {rps: 300, connections: 4, endpoint_urls: [http://a/, http://b/], headers: {X: y}}
- {rps: 100, connections: 8, protocol: 4, endpoint_urls: ["http://c:1"]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := document.Spec{Load: document.Load{Rate: 400, Connections: 8}, Targets: []document.Target{
		{URL: "http://a/", Weight: new(0.375), Headers: []document.Header{header("X", "y")}},
		{URL: "http://b/", Weight: new(0.375), Headers: []document.Header{header("X", "y")}},
		{URL: "grpc://c:1", Weight: new(0.25)},
	}}
	if !reflect.DeepEqual(test.Spec, want) || len(warnings) != 1 || !strings.Contains(warnings[0], "clients[1].connections 8 differs") {
		t.Errorf("%+v\n%q", test.Spec, warnings)
	}
	// Even ones need no weight.
	test, _, err = ParseTest([]byte(one("endpoint_urls: [http://a/, http://b/, http://b/x]")))
	if err != nil || len(test.Spec.Targets) != 3 || test.Spec.Targets[0].Weight != nil || test.Spec.Load.Rate != 5 {
		t.Errorf("%+v, %v", test, err)
	}
	test.Default()
	if n := test.Spec.Targets; n[0].Name != "a" || n[1].Name != "b" || n[2].Name != "b-2" {
		t.Errorf("%+v", n)
	}
	test, warnings, err = ParseTest([]byte("clients: [{connections: 1, endpoint_urls: [http://a/, http://b/]}]"))
	if err != nil || test.Spec.Load.Rate != document.Max || len(warnings) != 2 {
		t.Errorf("%+v, %q, %v", test, warnings, err)
	}
	_, _, err = ParseTest([]byte("clients: [{rps: 5, endpoint_urls: [http://a/]}, {endpoint_urls: [http://b/]}]"))
	if err == nil || !strings.Contains(err.Error(), "clients[0].rps and clients[1].rps: one is as fast as possible") {
		t.Error(err)
	}
}
