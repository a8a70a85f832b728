package document

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRedacted(t *testing.T) {
	var test Test
	s := &test.Spec
	for _, name := range []string{"Authorization", "cookie", "X-API-Key", "X-Vault-Token", "X-Tenant", "Ocp-Apim-Subscription-Key", "X-Forwarded-User"} {
		s.Target.Headers = append(s.Target.Headers, Header{name, "hush"})
	}
	s.Target.Headers = append(s.Target.Headers, Header{"Accept", "a"}, Header{"HOST", "b"}, Header{"x-request-id", "c"})
	s.Target.URL = "http://a/?token=hush"
	s.Metrics.NodeExporter = &Source{URL: "http://b/?auth=hush"}
	s.Metrics.Prometheus = &Prometheus{Source: Source{URL: "http://c/?api_key=hush&tenant=1"}}
	before, err := json.Marshal(test)
	if err != nil {
		t.Fatal(err)
	}
	kept := test.Redacted()
	raw, err := json.Marshal(kept)
	if err != nil || strings.Contains(string(raw), "hush") {
		t.Errorf("%v, a secret is kept: %s", err, raw)
	}
	for i, h := range kept.Spec.Target.Headers {
		if want := map[bool]string{true: redacted, false: string(rune('a' + i - 7))}[i < 7]; h.Value != want {
			t.Errorf("%s: %q, want %q", h.Name, h.Value, want)
		}
	}
	if got := kept.Spec.Metrics.Prometheus.URL; got != "http://c/?api_key=<redacted>&tenant=1" {
		t.Errorf("Prometheus: %q", got)
	}
	if after, err := json.Marshal(test); err != nil || string(after) != string(before) {
		t.Errorf("the original was changed: %s", after)
	}
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://a/":                         "http://a/",
		"http://a/?":                        "http://a/?",
		"http://a/?q=%41+b&page=2&empty#x":  "http://a/?q=%41+b&page=2&empty#x",
		"http://a/?q=1&token=x&r=2":         "http://a/?q=1&token=*&r=2",
		"http://a/?token=x=y#part":          "http://a/?token=*#part",
		"http://a/?access_token=x":          "http://a/?access_token=*",
		"http://a/?apikey=x&apiKey=y":       "http://a/?apikey=*&apiKey=*",
		"http://a/?APIKey=x&KEY=y&my-key=z": "http://a/?APIKey=*&KEY=*&my-key=*",
		"http://a/?X-Amz-Signature=x&X-Amz-Credential=y&X-Amz-Date=1": "http://a/?X-Amz-Signature=*&X-Amz-Credential=*&X-Amz-Date=1",
		"http://a/?sv=1&sig=x":                         "http://a/?sv=1&sig=*",
		"http://a/?%74oken=x":                          "http://a/?%74oken=*",
		"http://a/?user[password]=x":                   "http://a/?user[password]=*",
		"http://a/?sessionid=x&auth=y&passwd=z":        "http://a/?sessionid=*&auth=*&passwd=*",
		"http://a/?monkey=1&author=2&design=3&keypad=": "http://a/?monkey=1&author=2&design=3&keypad=",
	} {
		want = strings.ReplaceAll(want, "=*", "="+redacted)
		if got := redactURL(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
