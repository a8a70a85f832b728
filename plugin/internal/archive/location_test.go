package archive

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	yes := true
	cases := []struct {
		in        string
		want      Options
		text, url string
	}{
		{"s3://perf", Options{Bucket: "perf"}, "s3://perf", "s3://perf"},
		{"s3://perf/", Options{Bucket: "perf"}, "s3://perf", "s3://perf"},
		{"s3://perf/a/b/", Options{Bucket: "perf", Prefix: "a/b"}, "s3://perf/a/b", "s3://perf/a/b"},
		{
			"s3://perf/a?endpoint=http://127.0.0.1:9000&region=eu&pathStyle=true&caFile=/ca.pem&profile=p&anonymous=true",
			Options{Bucket: "perf", Prefix: "a", Endpoint: "http://127.0.0.1:9000", Region: "eu", PathStyle: &yes, CAFile: "/ca.pem", Profile: "p", Anonymous: true},
			"s3://perf/a", "s3://perf/a?anonymous=true&caFile=%2Fca.pem&endpoint=http%3A%2F%2F127.0.0.1%3A9000&pathStyle=true&profile=p&region=eu",
		},
		{"file:///var/perf/", Options{Dir: "/var/perf"}, "file:///var/perf", "file:///var/perf"},
		{"file:///a%20b", Options{Dir: "/a b"}, "file:///a%20b", "file:///a%20b"},
	}
	for _, c := range cases {
		for _, in := range []string{c.in, c.url} { // and what URL writes, ParseURL reads
			got, err := ParseURL(in)
			if err != nil || got.String() != c.text || got.URL() != c.url || got.Endpoint != c.want.Endpoint ||
				got.Bucket != c.want.Bucket || got.Prefix != c.want.Prefix || got.Dir != c.want.Dir || got.Anonymous != c.want.Anonymous ||
				got.Region != c.want.Region || got.CAFile != c.want.CAFile || got.Profile != c.want.Profile || (got.PathStyle == nil) != (c.want.PathStyle == nil) {
				t.Errorf("ParseURL(%q) = %+v (%s, %s), %v", in, got, got, got.URL(), err)
			}
		}
	}
}

func TestParseURLErrorsDoNotQuotePasswords(t *testing.T) {
	cases := map[string]string{
		"":                              "neither s3://BUCKET/PREFIX nor file:///DIRECTORY",
		"./dir":                         "neither",
		"https://u:hunter2@host/bucket": "neither",
		"s3://key:hunter2@bucket/x":     "must not hold credentials",
		"s3://key:hunter2%zz@bucket/x":  "cannot be read",
		"s3:///prefix":                  "names no bucket",
		"s3://b/a/../c":                 "'.' or '..' part",
		"s3://b/a//c":                   "has an empty",
		"s3://b?secret=hunter2":         `unknown parameter "secret"`,
		"s3://b?pathStyle=hunter2":      "neither true nor false",
		"s3://b/x#hunter2":              "write it as %23",
		"file://host/dir":               "three slashes",
		"file://":                       "three slashes",
		"file:///dir?x=hunter2":         "three slashes",
	}
	for in, want := range cases {
		_, err := ParseURL(in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("ParseURL(%q): %v; want %q", in, err, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	cases := []struct {
		in, host string
		secure   bool
	}{
		{"", "s3.amazonaws.com", true},
		{"http://127.0.0.1:9000", "127.0.0.1:9000", false},
		{"http://127.0.0.1:9000/", "127.0.0.1:9000", false},
		{"https://s3.example.com", "s3.example.com", true},
		{"s3.example.com:8443", "s3.example.com:8443", true},
		{"http://[::1]:9000", "[::1]:9000", false},
	}
	for _, c := range cases {
		host, secure, err := Options{Endpoint: c.in}.endpoint()
		if err != nil || host != c.host || secure != c.secure {
			t.Errorf("%q: %q, %v, %v", c.in, host, secure, err)
		}
	}
	for _, bad := range []string{"ftp://x", "https://u:hunter2@x", "http://", "https://x/bucket", "https://x?y=z"} {
		if _, _, err := (Options{Endpoint: bad}).endpoint(); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
