package document

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

func TestShownURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://a/b":                    "http://a/b",
		"http://a b/?token=hush":        "http://a b/",
		"http://a b/#token=hush":        "http://a b/",
		"http://me:hush@a/b":            "http://<redacted>",
		"http://me:hush?x@a/":           "http://<redacted>",
		"http://me:hush#x@a/":           "http://<redacted>",
		"http://me:hush/x@a/":           "http://<redacted>",
		"http://me:hush@x@a/":           "http://<redacted>",
		"http://me:hush@a/?x=hush@hush": "http://<redacted>",
		"me:hush@a":                     "<redacted>",
		"me:hush://x@a":                 "<redacted>",
		"me@hush://x":                   "<redacted>",
		"$(HOST_IP):9100":               "$(HOST_IP):9100",
	} {
		if got := shownURL(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// A query is sent as it stands, so what would end the request line is refused.
func TestURLsThatBreakTheRequest(t *testing.T) {
	const breaks = " in it would break the request line: percent-encode it, as "
	for raw, want := range map[string]string{
		"http://a/?q=x y":             `target.url "http://a/": " "` + breaks + "%20",
		"http://a/?q=ü":               `target.url "http://a/": "\u00fc"` + breaks + "%C3%BC",
		"http://a/?q=\xff":            `target.url "http://a/": "\xff"` + breaks + "%FF",
		"http://a/?q=\u2028":          `target.url "http://a/": "\u2028"` + breaks + "%E2%80%A8",
		"http://a/?q=\r\nX: y":        `target.url "http://a/": "\r"` + breaks + "%0D",
		"http://a/\tb":                `target.url "http://a/\tb": "\t"` + breaks + "%09",
		"http://a/?q=\x7f":            `target.url "http://a/": "\x7f"` + breaks + "%7F",
		"http://a/?q=b@c d":           `target.url "http://<redacted>": a character in it would break the request line: percent-encode white space,`,
		"http://a/?token=" + redacted: `target.url "http://a/": a value in its query reads <redacted>, as in a Result: write the value itself`,
		// What stands there is sent, or encoded where it is sent.
		"http://a/ü b?q=%20+%C3%BC&r='{}|^`\\~": "", "http://a/?q#x y": "",
	} {
		test := valid()
		test.Spec.Target.URL = raw
		if err := test.Validate(); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: %v, want %s", raw, err, want)
		}
	}
	test := valid()
	test.Spec.Metrics.NodeExporter = &Source{URL: "http://$(HOST_IP):9100/metrics?x=a b"}
	if err := test.Validate(); err == nil || !strings.HasPrefix(err.Error(), `metrics.nodeExporter.url "http://127.0.0.1:9100/metrics": " "`) {
		t.Error(err)
	}
}

// Whatever characters a password has and wherever it stands in a URL, no message
// about the Test quotes a part of it, and a Test that is taken does not hold it.
func TestNoMessageQuotesAPassword(t *testing.T) {
	const special = "?#/@:&=%[]\\ $;,+!*()'\"<>^`{|}~-._0"
	random := rand.New(rand.NewPCG(1, 2))
	// Parts of a password that stand in no other word of a message.
	part := func() string { return []string{"zqx", "QZX", "77177"}[random.IntN(3)] }
	password := func() string {
		var b strings.Builder
		for range 1 + random.IntN(4) {
			b.WriteString(part())
			b.WriteByte(special[random.IntN(len(special))])
		}
		return b.String() + part()
	}
	for range 4000 {
		for _, form := range []string{"http://me:PW@host/", "https://me:PW@host:99999/p?q=1", "grpc://me:PW@host", "me:PW@host:80", "ftp://PW@host/", "PW://me@host", "http://me:PW@"} {
			test := valid()
			raw := strings.ReplaceAll(form, "PW", password())
			test.Spec.Target = Target{URL: raw, TLS: &TLS{ServerName: "x"}}
			test.Spec.Metrics.NodeExporter = &Source{URL: raw}
			test.Spec.Metrics.Prometheus = &Prometheus{Source: Source{URL: raw}}
			test.Default()
			err := test.Validate()
			if err == nil {
				t.Fatalf("%q is taken", raw)
			}
			for _, secret := range []string{"zqx", "QZX", "77177"} {
				if strings.Contains(err.Error(), secret) {
					t.Fatalf("%q: %v", raw, err)
				}
			}
		}
	}
}

func FuzzShownURL(f *testing.F) {
	for _, seed := range []string{"http://user:hunter2?x@host/", "a:b@c", "http://a/b?c#d", "://@", "x://y@z?@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		shown := shownURL(raw)
		if !strings.Contains(raw, "@") {
			if !strings.HasPrefix(raw, shown) || strings.ContainsAny(shown, "?#") {
				t.Errorf("%q is shown as %q", raw, shown)
			}
			return
		}
		scheme, found := strings.CutSuffix(shown, redacted)
		if !found || scheme != "" && (!strings.HasPrefix(raw, scheme) || !strings.HasSuffix(scheme, "://") || strings.ContainsAny(scheme[:len(scheme)-3], "@:/?#")) {
			t.Errorf("%q is shown as %q", raw, shown)
		}
		if u, err := url.Parse(raw); err == nil && u.User != nil && scheme != "" && scheme[:len(scheme)-3] != u.Scheme {
			t.Errorf("%q is shown as %q", raw, shown)
		}
	})
}
