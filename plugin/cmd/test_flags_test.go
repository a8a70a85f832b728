package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// parsed is the Test of a command line.
func parsed(t *testing.T, stdin string, args ...string) (*document.Test, error) {
	t.Helper()
	var f testFlags
	fs := pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f.Test(fs, fs.Args(), strings.NewReader(stdin))
}

func TestLoadAndTargetFlags(t *testing.T) {
	cert, _ := identity(t)
	ca := file(t, cert)
	quoted, err := json.Marshal(cert)
	if err != nil {
		t.Fatal(err)
	}
	test, err := parsed(t, "", "grpcs://shop:443", "--stages", "30s:100, 1m:500.5,0s:50,10s:50:step", "--arrivals", "poisson", "--seed", "7", "--connections", "2", "--streams", "8",
		"--requests", "1000", "--protocol", "grpc", "--target-ca", ca, "--target-server-name", "x", "--grpc-method", "/a.B/C", "--grpc-message", "{}", "--grpc-descriptors", file(t, "d"),
		"--expect-status", "NotFound", "--expect-json", "{.a[?(@.b=='}=')].c}=true", "--expect-json", "{.d}", "--threshold", "errorRate < 1%", "--abort-on", "hopeless")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(test.Spec)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"target":{"url":"grpcs://shop:443","protocol":"grpc","tls":{"ca":` + string(quoted) + `,"serverName":"x"},` +
		`"grpc":{"method":"a.B/C","message":"{}","descriptorSet":"ZA=="},` +
		`"check":{"status":["NotFound"],"json":[{"path":"{.a[?(@.b=='}=')].c}","equals":"true"},{"path":"{.d}"}]}},` +
		`"load":{"rate":-1,"stages":[{"duration":"30s","rate":100},{"duration":"1m0s","rate":500.5},{"duration":"0s","rate":50},{"duration":"10s","rate":50,"step":true}],` +
		`"arrivals":"poisson","seed":7,"connections":2,"streams":8,"requests":1000,"warmup":"3s"},` +
		`"thresholds":["errorRate \u003c 1%"],"abortOn":["hopeless"]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	const several = "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:\n  targets: [{url: http://a/}, {url: http://b/}]\n  load: {stages: [{duration: 5s, rate: 3}]}\n"
	if test, err = parsed(t, several, "-f", "-", "--rate", "9", "--duration", "2s"); err != nil || test.Spec.Load.Rate != 9 || test.Spec.Load.Stages != nil {
		t.Errorf("%+v, %v", test, err)
	}
	for want, args := range map[string][]string{
		"leave out the URL":        {"-f", "-", "http://c/"},
		"several targets":          {"-f", "-", "--method", "PUT"},
		"leave out --rate":         {"-f", "-", "--stages", "5s:5", "--rate", "3"},
		"leave it out":             {"-f", "-", "--duration", "3s"},
		"DURATION:RATE":            {"-f", "-", "--stages", "5s"},
		`"5" is not a duration`:    {"-f", "-", "--stages", "5:5"},
		`"-5" is not a number`:     {"-f", "-", "--stages", "5s:-5"},
		"--streams: 0 is below 1":  {"-f", "-", "--streams", "0"},
		"--requests: 0 is below 1": {"-f", "-", "--requests", "0"},
		"--seed: 0 is not between 1 and 9007199254740992":                {"http://c/", "--seed", "0"},
		"--seed: 9007199254740993 is not between 1 and 9007199254740992": {"http://c/", "--seed", "9007199254740993"},
		"holds no certificate in PEM":                                    {"http://c/", "--target-ca", file(t, "a CA")},
		"holds no private key in PEM":                                    {"http://c/", "--target-key", ca},
		"--target-key: standard input":                                   {"http://c/", "--target-key", "-"},
		"--target-cert: open /none: no ":                                 {"http://c/", "--target-cert", "/none"},
	} {
		if _, err := parsed(t, several, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const testFile = `apiVersion: perf.meshery.io/v1alpha1
kind: Test
metadata: {name: checkout, labels: {build: "1"}}
spec:
  target:
    url: http://checkout.shop:8080/
    method: PUT
    headers: [{name: Accept, value: text/plain}]
    body: old
  load: {rate: 500, connections: 2, duration: 5s}
  agents: {count: 2}
`

func TestFlagsMakeATest(t *testing.T) {
	test, err := parsed(t, "", "http://checkout.shop:8080/", "--rate", "max", "--connections", "3", "--duration", "1m", "--warmup", "0s", "--name", "x",
		"--label", "a=b", "--label", "c=d=e", "--node", "worker-1", "--node", "worker-2", "--method", "post", "--header", "A: b: c", "--header", "A:d",
		"--body-file", file(t, "\xff"), "--timeout", "1s", "--insecure-skip-verify")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(test)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"apiVersion":"","kind":"","metadata":{"name":"x","labels":{"a":"b","c":"d=e"}},"spec":{` +
		`"target":{"url":"http://checkout.shop:8080/","method":"POST","headers":[{"name":"A","value":"b: c"},{"name":"A","value":"d"}],"bodyBase64":"/w==","timeout":"1s","tls":{"insecureSkipVerify":true}},` +
		`"load":{"rate":"max","connections":3,"duration":"1m0s"},"agents":{"nodes":["worker-1","worker-2"]}}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if test, err = parsed(t, "", "checkout"); err != nil || test.Spec.Load.Warmup != document.DefaultWarmup || test.Spec.Load.Rate != document.RateUnset {
		t.Errorf("defaults: %+v, %v", test, err)
	}
}

func TestFlagsGoBeforeTheFile(t *testing.T) {
	name := file(t, testFile)
	untouched, err := parsed(t, "", "-f", name)
	if err != nil {
		t.Fatal(err)
	}
	if l := untouched.Spec.Load; l.Rate != 500 || l.Connections != 2 || time.Duration(l.Duration) != 5*time.Second || l.Warmup != 0 || untouched.Spec.Agents.Count != 2 {
		t.Errorf("flags that were not given changed the file: %+v", untouched.Spec)
	}
	for _, stdin := range []bool{false, true} {
		from, in := name, ""
		if stdin {
			from, in = "-", testFile
		}
		test, err := parsed(t, in, "-f", from, "http://cart/", "--rate", "7", "--node", "worker-1", "--label", "build=2", "--body-file", file(t, "new"), "--header", "X: y")
		if err != nil {
			t.Fatal(err)
		}
		s := test.Spec
		if s.Target.URL != "http://cart/" || s.Load.Rate != 7 || s.Load.Connections != 2 || s.Target.Method != "PUT" || s.Target.Body != "new" ||
			test.Metadata.Labels["build"] != "2" || len(s.Target.Headers) != 1 || s.Target.Headers[0].Name != "X" {
			t.Errorf("%+v", test)
		}
		// Nodes by name replace a number of agents.
		if s.Agents.Count != 0 || len(s.Agents.Nodes) != 1 {
			t.Errorf("%+v", s.Agents)
		}
	}
}

// A Result's Test holds the seed that was drawn, and can be run again: as it was,
// with another seed, or without chance.
func TestASeedBelongsToRandomArrivals(t *testing.T) {
	const random = "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {target: {url: 'http://a/'}, load: {arrivals: uniform, seed: 5}}\n"
	for _, c := range []struct {
		args     []string
		arrivals string
		seed     uint64
	}{
		{nil, "uniform", 5}, {[]string{"--seed", "7"}, "uniform", 7}, {[]string{"--arrivals", "poisson"}, "poisson", 5}, {[]string{"--arrivals", "constant"}, "constant", 0},
	} {
		test, err := parsed(t, random, append([]string{"-f", "-"}, c.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		if l := test.Spec.Load; l.Arrivals != c.arrivals || l.Seed != c.seed {
			t.Errorf("%q: %s, seed %d", c.args, l.Arrivals, l.Seed)
		}
	}
}

func TestWrongTestsAreUsageErrors(t *testing.T) {
	home(t)
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxTestFile+1); err != nil {
		t.Fatal(err)
	}
	url := "http://checkout.shop:8080/"
	for _, c := range []struct {
		want string
		args []string
	}{
		{"name a target", nil},
		{"accepts at most 1 arg(s), received 2", []string{url, url}},
		{"is not a URL", []string{"http://"}},
		{`scheme "ftp" is not supported`, []string{"ftp://x/"}},
		{"target.url is missing", []string{""}},
		{"--seed: 0 is not between 1 and 9007199254740992", []string{url, "--seed", "0"}},
		{"--seed: nothing is drawn in constant arrivals: leave it out, or add --arrivals poisson", []string{url, "--seed", "7"}},
		{"--seed: nothing is drawn in constant arrivals", []string{url, "--seed", "7", "--arrivals", "constant"}},
		{"--expect-body: the text is empty, and every body has that: give one, or leave it out", []string{url, "--expect-body", ""}},
		{"target.method CONNECT asks a proxy", []string{url, "--method", "connect"}},
		{`the value of "Host" is no host`, []string{url, "--header", "Host:"}},
		{"target.grpc.message is not JSON", []string{"grpc://a:1", "--grpc-message", "service=x"}},
		{`" " in it would break the request line: percent-encode it, as %20`, []string{url + "?q=a b"}},
		{`invalid argument "-1" for "--seed"`, []string{url, "--seed", "-1"}},
		{"load.requests -1 is not between 1 and", []string{"-f", file(t, "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec: {target: {url: http://a/}, load: {requests: -1}}\n")}},
		{`--rate: rate "0" is neither`, []string{url, "--rate", "0"}},
		{`--rate: rate "many" is neither`, []string{url, "--rate", "many"}},
		{`--rate: rate "x" is neither a number of calls per second above 0 nor "max"; --connections: 0 is below 1; --duration: 0s is not above 0`,
			[]string{url, "--rate", "x", "--connections", "0", "--duration", "0s"}},
		{"load.warmup -1s is not between", []string{url, "--warmup", "-1s"}},
		{"--timeout: -1s is not above 0", []string{url, "--timeout", "-1s"}},
		{"--agents: -1 is below 1", []string{url, "--agents", "-1"}},
		{"exclude each other", []string{url, "--agents", "1", "--node", "a"}},
		{`--label: "x" is not KEY=VALUE`, []string{url, "--label", "x"}},
		{`--header: number 1 of them is not 'NAME: VALUE'`, []string{url, "--header", "x"}},
		{"no such file", []string{url, "--body-file", "/nowhere"}},
		{"no such file", []string{"-f", "/nowhere"}},
		{"larger than 16 MiB", []string{"-f", large}},
		{"larger than 4 MiB", []string{url, "--body-file", file(t, strings.Repeat("x", 5<<20))}},
		{`unknown field "rps"`, []string{"-f", file(t, testFile+"  metrics: {}\nrps: 3\n")}},
		{"both want standard input", []string{"-f", "-", "--body-file", "-"}},
		{"unknown flag: --rps", []string{url, "--rps", "3"}},
		{`output format "xml" is unknown`, []string{url, "-o", "xml"}},
		{"--local runs in this process", []string{url, "--local", "--agents", "2"}},
		{"neither s3://BUCKET/PREFIX nor file:///DIRECTORY", []string{url, "--archive", "ftp://x"}},
	} {
		_, _, err := execute(t, append([]string{"run"}, c.args...)...)
		if err == nil || exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("run %q: got %d, %v; want 2 and %q in one line", c.args, exit.Code(err), err, c.want)
		}
	}
}
