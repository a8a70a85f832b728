package document

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

const minimal = `apiVersion: perf.meshery.io/v1alpha1
kind: Test
spec:
  target: {url: "http://checkout.shop:8080/"}
`

func TestParseTest(t *testing.T) {
	test, err := ParseTest([]byte(minimal + "  load: {rate: max, duration: 1m30s}\n  metrics: {prometheus: {disabled: true}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	test.Default()
	if err := test.Validate(); err != nil {
		t.Fatal(err)
	}
	want := Test{APIVersion: APIVersion, Kind: KindTest, Metadata: Metadata{Name: "checkout"}, Spec: Spec{
		Target:  Target{URL: "http://checkout.shop:8080/", Protocol: HTTP1, Method: "GET", Timeout: DefaultTimeout},
		Load:    Load{Rate: Max, Arrivals: Constant, Connections: DefaultConnections, Streams: 1, Duration: Duration(90 * time.Second)},
		Metrics: Metrics{Interval: DefaultInterval, Prometheus: &Prometheus{Source: Source{Disabled: true}, Step: DefaultStep}},
	}}
	if !reflect.DeepEqual(*test, want) {
		t.Errorf("got  %+v\nwant %+v", *test, want)
	}
	// What is kept in a Result is the same Test when it is read again.
	raw, err := json.Marshal(test)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseTest(raw)
	if err != nil || !reflect.DeepEqual(again, test) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	if none, err := ParseTest([]byte(minimal)); err != nil || none.Spec.Load.Rate != RateUnset {
		t.Errorf("no rate: %v, %v", none, err)
	}
}

func TestParseTestRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty":             {"", "test document: it is empty"},
		"comments only":     {"# nothing\n---\n# here\n", "test document: it is empty"},
		"no kind":           {"spec: {}\n", `test document: apiVersion "" and kind "" found, "perf.meshery.io/v1alpha1" and "Test" expected`},
		"two documents":     {minimal + "---\n" + minimal, "2 documents stand in one file"},
		"one more, short":   {minimal + "--- {kind: Test}\n", "2 documents stand in one file"},
		"one more after …":  {minimal + "...\n" + minimal, "2 documents stand in one file"},
		"kubelet's URL":     {minimal + "  metrics: {kubelet: {url: \"http://x\"}}\n", `unknown field "url"`},
		"another kind":      {"apiVersion: v1\nkind: Pod\n", `kind "Pod" found`},
		"unknown field":     {minimal + "  load: {rps: 5}\n", `unknown field "rps"`},
		"unknown top":       {minimal + "extra: 1\n", `unknown field "extra"`},
		"twice":             {minimal + "kind: Test\n", `test document: line 5: key "kind" already set`},
		"no YAML":           {"{", "test document: "},
		"rate 0":            {minimal + "  load: {rate: 0}\n", `rate "0" is neither a number of calls per second above 0 nor "max"`},
		"rate below 0":      {minimal + "  load: {rate: -5}\n", `rate "-5" is neither`},
		"rate a word":       {minimal + "  load: {rate: fast}\n", `rate "fast" is neither`},
		"a list":            {minimal + "  thresholds: errorRate < 1%\n", "test document: spec.thresholds: a list is expected, not text"},
		"a whole number":    {minimal + "  load: {connections: 1.5}\n", "spec.load.connections: a whole number is expected, not 1.5"},
		"a large number":    {minimal + "  load: {requests: 99999999999999999999}\n", "spec.load.requests: a smaller number is expected, not 100000000000000000000"},
		"seed below 0":      {minimal + "  load: {seed: -1}\n", "spec.load.seed: a whole number of 0 or more is expected, not -1"},
		"a number":          {minimal + "  targets: [{weight: much}]\n", "spec.targets.weight: a number is expected, not text"},
		"a mapping":         {minimal + "  load: [1]\n", "spec.load: a mapping is expected, not a list"},
		"a mapping at all":  {"- 1\n", "test document: a mapping is expected, not a list"},
		"text":              {minimal + "  agents: {nodes: [{a: b}]}\n", "spec.agents.nodes: text is expected, not a mapping"},
		"true or false":     {minimal + "  metrics: {prometheus: {disabled: 3}}\n", "spec.metrics.prometheus.disabled: true or false is expected, not a number"},
		"no base64":         {minimal + "  targets: [{bodyBase64: '!'}]\n", "bodyBase64 and descriptorSet are base64, and one of them is not"},
		"duration a number": {minimal + "  load: {duration: 30}\n", `duration 30 is not text with a unit such as "30s"`},
		"duration a word":   {minimal + "  load: {duration: long}\n", `duration "long" is not a number with a unit such as "30s"`},
	} {
		_, err := ParseTest([]byte(c.in))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q in one line", name, err, c.want)
		}
	}
}

// Markers around one document are no second one.
func TestParseOneDocument(t *testing.T) {
	for _, in := range []string{
		"# a comment\n---\n" + minimal + "---\n", "---\r\n" + strings.ReplaceAll(minimal, "\n", "\r\n") + "...\r\n# the end\r\n",
		minimal + "  # three dashes --- are no marker here\n", strings.TrimSpace(minimal),
		minimal[:len(minimal)-2] + ", body: \"---\\n...\"}\n",
	} {
		if test, err := ParseTest([]byte(in)); err != nil || test.Spec.Target.URL != "http://checkout.shop:8080/" {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func valid() *Test {
	t := &Test{Spec: Spec{Target: Target{URL: "http://checkout.shop:8080/"}, Load: Load{Rate: 10}}}
	t.Default()
	return t
}

// Each of these the agents would refuse, or the target each call.
func TestHeadersThatCannotBeSent(t *testing.T) {
	const body, connection, grpc = "follows from the body", "belongs to connections of HTTP/1.1", "belongs to gRPC itself"
	for _, c := range []struct{ name, value, http1, http2, grpc string }{
		{"content-LENGTH", "5", body, body, ""}, {"Transfer-Encoding", "chunked", body, connection, connection},
		{"Connection", "close", "", connection, connection}, {"Keep-Alive", "5", "", connection, connection},
		{"Proxy-Connection", "close", "", connection, connection}, {"Upgrade", "x", "", connection, connection},
		{"TE", "gzip", "", connection, grpc}, {"te", "trailers", "", "", grpc}, {"Content-Type", "a/b", "", "", grpc}, {"Grpc-Timeout", "1S", "", "", grpc},
		{"x-team", "a", "", "", ""},
	} {
		for protocol, want := range map[string]string{HTTP1: c.http1, HTTP2: c.http2, GRPC: c.grpc} {
			test := valid()
			test.Spec.Target.Protocol, test.Spec.Target.Headers = protocol, []Header{{Name: c.name, Value: c.value}}
			if protocol == GRPC {
				test.Spec.Target.URL, test.Spec.Target.Method, test.Spec.Target.GRPC = "grpc://a:1", "", &GRPCCall{Method: "a.B/C"}
			}
			err := test.Validate()
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasSuffix(err.Error(), fmt.Sprintf("target.headers[0]: %q %s: leave it out", c.name, want))) {
				t.Errorf("%s: %s over %s: %v, want %q", c.name, c.value, protocol, err, want)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Test)
		want   string
	}{
		"name":           {func(t *Test) { t.Metadata.Name = "Check out" }, "metadata.name"},
		"label":          {func(t *Test) { t.Metadata.Labels = map[string]string{"b": "1 2", "a": "ü"} }, `metadata.labels: "a"="ü"`},
		"no URL":         {func(t *Test) { t.Spec.Target.URL = "" }, "target.url is missing"},
		"no host":        {func(t *Test) { t.Spec.Target.URL = "http:///x" }, "is not a URL"},
		"opaque":         {func(t *Test) { t.Spec.Target.URL = "http:x" }, "is not a URL"},
		"spaces":         {func(t *Test) { t.Spec.Target.URL = "http://a b/" }, "is not a URL"},
		"port":           {func(t *Test) { t.Spec.Target.URL = "http://a:99999/" }, `target.url "http://a:99999/": its port is not between 1 and 65535`},
		"port 0":         {func(t *Test) { t.Spec.Target.URL = "http://a:0/" }, "its port is not"},
		"scheme":         {func(t *Test) { t.Spec.Target.URL = "ftp://a/" }, `scheme "ftp" is not supported`},
		"password":       {func(t *Test) { t.Spec.Target.URL = "http://me:secret@a/" }, "must not hold a user or password"},
		"method":         {func(t *Test) { t.Spec.Target.Method = "get it" }, "is not an HTTP method"},
		"CONNECT":        {func(t *Test) { t.Spec.Target.Method = "CONNECT" }, "!target.method CONNECT asks a proxy for a tunnel, whose answer has no end: use another, such as GET"},
		"header name":    {func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "a hush", Value: "hush"}} }, "target.headers[0]: its name is not that of a header"},
		"header value":   {func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "a", Value: "hush\r\ny: z"}} }, `target.headers[0]: the value of "a" has a control character`},
		"no host at all": {func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "Host"}} }, `!target.headers[0]: the value of "Host" is no host: give one such as checkout.shop:8080`},
		"host":           {func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "host", Value: "hush hush/"}} }, `!target.headers[0]: the value of "host" is no host`},
		"message": {func(t *Test) {
			t.Spec.Target = Target{URL: "grpc://a:1", GRPC: &GRPCCall{Method: "a.B/C", Message: "hush"}}
			t.Default()
		}, "!target.grpc.message is not JSON: write it as protobuf JSON"},
		"two bodies":     {func(t *Test) { t.Spec.Target.Body, t.Spec.Target.BodyBase64 = "x", []byte("y") }, "exclude each other"},
		"large body":     {func(t *Test) { t.Spec.Target.Body = strings.Repeat("x", maxBody+1) }, "larger than 4 MiB"},
		"timeout":        {func(t *Test) { t.Spec.Target.Timeout = Duration(time.Hour) }, "target.timeout 1h0m0s is not between"},
		"rate":           {func(t *Test) { t.Spec.Load.Rate = 1e9 }, "load.rate 1e+09 is not between 0.001 and 10000000"},
		"rate of digits": {func(t *Test) { t.Spec.Load.Rate = 1e300 }, "load.rate 1e+300 is not"},
		"rate no number": {func(t *Test) { t.Spec.Load.Rate = Rate(math.NaN()) }, "load.rate NaN is not"},
		"node-exporter": {func(t *Test) { t.Spec.Metrics.NodeExporter = &Source{URL: "$(HOST_IP):9100"} },
			"metrics.nodeExporter.url"},
		"node-exporter's password": {func(t *Test) { t.Spec.Metrics.NodeExporter = &Source{URL: "http://me:hush@$(HOST_IP):9100/metrics"} },
			"metrics.nodeExporter.url must not hold a user or password"},
		"Prometheus": {func(t *Test) {
			t.Spec.Metrics.Prometheus = &Prometheus{Source: Source{URL: "ftp://p"}, Step: DefaultStep}
		}, `metrics.prometheus.url "ftp://p": scheme "ftp" is not supported`},
		"Prometheus's password": {func(t *Test) {
			t.Spec.Metrics.Prometheus = &Prometheus{Source: Source{URL: "http://me:hush@p:9090?token=hush"}, Step: DefaultStep}
		}, "metrics.prometheus.url must not hold a user or password"},
		"unreadable with a password": {func(t *Test) { t.Spec.Target.URL = "http://me:hush@a b/?token=hush" }, `"http://<redacted>" is not a URL`},
		"rate of nothing":            {func(t *Test) { t.Spec.Load.Rate = 1e-10 }, "load.rate 1e-10 is not between"},
		"connections":                {func(t *Test) { t.Spec.Load.Connections = 1e6 }, "load.connections 1000000"},
		"duration":                   {func(t *Test) { t.Spec.Load.Duration = 1 }, "load.duration 1ns"},
		"requests below 0":           {func(t *Test) { t.Spec.Load = Load{Rate: 10, Requests: -1}; t.Default() }, "!load.requests -1 is not between"},
		"requests for years": {func(t *Test) { t.Spec.Load = Load{Rate: 10, Requests: 1e9}; t.Default() },
			"!load.requests 1000000000 at rate 10 take longer than 168h0m0s: use fewer"},
		"too many requests": {func(t *Test) { t.Spec.Load = Load{Rate: 10, Requests: 1e13}; t.Default() }, "!load.requests 10000000000000 is not between"},
		"seed":              {func(t *Test) { t.Spec.Load.Seed = MaxSeed + 1 }, "load.seed 9007199254740993 is not between 1 and 9007199254740992"},
		"weight of one":     {func(t *Test) { t.Spec.Target.Weight = new(0.0) }, "target.weight 0: leave the target out"},
		"warm-up":           {func(t *Test) { t.Spec.Load.Warmup = -1 }, "load.warmup -1ns"},
		"agents":            {func(t *Test) { t.Spec.Agents.Count = -1 }, "agents.count -1"},
		"agents and nodes":  {func(t *Test) { t.Spec.Agents = Agents{Count: 1, Nodes: []string{"a"}} }, "exclude each other"},
		"interval":          {func(t *Test) { t.Spec.Metrics.Interval = 1 }, "metrics.interval 1ns"},
		"step":              {func(t *Test) { t.Spec.Metrics.Prometheus = &Prometheus{Step: 1} }, "prometheus.step 1ns"},
		"query": {func(t *Test) {
			t.Spec.Metrics.Prometheus = &Prometheus{Step: DefaultStep, Queries: []Query{{Name: "a"}}}
		}, "needs a name and a query"},
		"queries": {func(t *Test) {
			t.Spec.Metrics.Prometheus = &Prometheus{Step: DefaultStep, Queries: []Query{{Name: "a", Query: "up"}, {Name: "a", Query: "up"}}}
		}, `name "a" stands twice`},
	} {
		test := valid()
		c.change(test)
		want, only := strings.CutPrefix(c.want, "!") // nothing else is said
		if err := test.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") || only && !strings.HasPrefix(err.Error(), want) || only && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q and no secret", name, err, c.want)
		}
	}
	for _, good := range []func(*Test){
		func(t *Test) { t.Spec.Load.Rate = Max },
		func(t *Test) { t.Spec.Load.Rate = 0.001 },
		func(t *Test) { t.Spec.Load.Seed = MaxSeed },
		func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "Host", Value: "[::1]:8080"}} },
		func(t *Test) {
			t.Spec.Target = Target{URL: "grpc://a:1", GRPC: &GRPCCall{Method: "a.B/C", Message: ` {"service": "ü"} `}}
			t.Default()
		},
		func(t *Test) { t.Spec.Target.URL = "https://[::1]:8443/x?y=z" },
		func(t *Test) {
			t.Metadata.Labels = map[string]string{"app.kubernetes.io/version": "1.14_rc-1", "empty": ""}
		},
		func(t *Test) { t.Spec.Target.Headers = []Header{{Name: "X", Value: "1"}, {Name: "X", Value: "2"}} },
		func(t *Test) {
			t.Spec.Metrics.NodeExporter = &Source{URL: "http://$(HOST_IP):9100/metrics?node=$(NODE_NAME)"}
		},
		func(t *Test) { t.Spec.Metrics.NodeExporter = &Source{URL: "https://[$(HOST_IP)]:9100/metrics"} },
		func(t *Test) {
			t.Spec.Metrics.Prometheus = &Prometheus{Source: Source{URL: "http://prometheus.monitoring.svc:9090/path"}, Step: DefaultStep}
		},
	} {
		test := valid()
		good(test)
		if err := test.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestDefaultNames(t *testing.T) {
	for url, want := range map[string]string{
		"http://checkout.shop:8080/": "checkout", "checkout:80": "checkout", "http://10.0.0.1/": "10.0.0.1",
		"http://[fd00::1]/": "ip6-fd00-1", "http://[::1]/": "ip6-1", "http://Über_Shop.example/": "ber-shop", "http://ü/": "test", "": "test",
	} {
		test := &Test{Spec: Spec{Target: Target{URL: url}}}
		test.Default()
		if test.Metadata.Name != want {
			t.Errorf("%q is named %q, want %q", url, test.Metadata.Name, want)
		}
	}
	test := &Test{Spec: Spec{Target: Target{URL: "a", Body: "x"}}}
	if test.Default(); test.Spec.Target.Method != "POST" || test.Spec.Target.URL != "http://a" {
		t.Errorf("%+v", test.Spec.Target)
	}
}

func TestRates(t *testing.T) {
	for in, want := range map[string]string{"max": "max", "1000": "1000", "0.5": "0.5", "1e3": "1000"} {
		r, err := ParseRate(in)
		if err != nil || r.String() != want {
			t.Errorf("%q: %s, %v", in, r, err)
		}
		var again Rate
		raw, err := json.Marshal(r)
		if err != nil || json.Unmarshal(raw, &again) != nil || again != r {
			t.Errorf("%q: %s read again is %s", in, raw, again)
		}
	}
	for _, in := range []string{"", "0", "-1", "NaN", "Inf", "1 000", "Max"} {
		if r, err := ParseRate(in); err == nil {
			t.Errorf("%q: %s", in, r)
		}
	}
}

// Absent is a default; 0 and "" are what somebody said.
func TestNothingIsNotAbsent(t *testing.T) {
	const doc = "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:\n  targets: [{url: 'http://a/'%s}, {url: 'http://b/', weight: 2, check: {json: [{path: '{.error}'%s}]}}]\n"
	for _, c := range []struct{ weight, equals, want string }{
		{"", "", ""}, {", weight: 0.5", ", equals: ''", ""},
		{", weight: 0", "", "targets[0].weight 0: leave the target out"},
		{", weight: -1", "", "targets[0].weight -1 is not above 0 and at most 1000000"},
		{", weight: 2e6", "", "targets[0].weight 2e+06 is not above 0"},
	} {
		test, err := ParseTest(fmt.Appendf(nil, doc, c.weight, c.equals))
		if err != nil {
			t.Fatal(err)
		}
		test.Default()
		if err := test.Validate(); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.weight, err, c.want)
		}
		if c.want != "" {
			continue
		}
		want := 1.0
		if c.weight != "" {
			want = 0.5
		}
		equals := test.Spec.Targets[1].Check.JSON[0].Equals
		if got := test.Spec.Targets; *got[0].Weight != want || *got[1].Weight != 2 || (equals != nil) != (c.equals != "") || equals != nil && *equals != "" {
			t.Errorf("%s%s: %+v", c.weight, c.equals, got)
		}
		// The same is kept in a Result.
		raw, err := json.Marshal(test)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseTest(raw); err != nil || !reflect.DeepEqual(again, test) {
			t.Errorf("read again: %+v, %v", again, err)
		}
	}
}
