package http2

import (
	"crypto/tls"
	"strings"
	"testing"
)

// What cannot be sent is refused before anything is.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		config Config
		text   string // of the error; empty for none
	}{
		{Config{Address: "127.0.0.1:80"}, ""},
		{Config{Address: "[::1]:80", Authority: "shop.example:8080", Path: "/a?b=%20", Method: "PROPFIND", Header: []Field{{"TE", "trailers"}}}, ""},
		{Config{Address: "127.0.0.1:80", Method: "OPTIONS", Path: "*"}, ""},
		{Config{Address: "127.0.0.1"}, `address "127.0.0.1"`},
		{Config{Address: "127.0.0.1:80", Authority: "a b"}, `authority "a b"`},
		{Config{Address: "127.0.0.1:80", Path: "a"}, `path "a"`},
		{Config{Address: "127.0.0.1:80", Path: "/a b"}, `path "/a b"`},
		{Config{Address: "127.0.0.1:80", Path: "/a\r\nb"}, "path"},
		{Config{Address: "127.0.0.1:80", Method: "CONNECT"}, `method "CONNECT"`},
		{Config{Address: "127.0.0.1:80", Method: "G T"}, `method "G T"`},
		{Config{Address: "127.0.0.1:80", Streams: -1}, "negative"},
		{Config{Address: "127.0.0.1:80", Header: []Field{{"X-A", "a\nb"}}}, "malformed"},
		{Config{Address: "127.0.0.1:80", Header: []Field{{":path", "/"}}}, "malformed"},
		{Config{Address: "127.0.0.1:80", Header: []Field{{"Connection", "close"}}}, "cannot be sent over HTTP/2"},
		{Config{Address: "127.0.0.1:80", Header: []Field{{"TE", "gzip"}}}, "cannot be sent over HTTP/2"},
		{Config{Address: "127.0.0.1:80", Header: []Field{{"Host", "shop"}}}, "set the authority instead"},
	} {
		conn, err := NewConn(c.config)
		if err == nil {
			conn.Close() // never connected
		}
		if (err == nil) != (c.text == "") || err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.text)
		}
	}
}

// Defaults, and the name that a certificate is checked against.
func TestDefaults(t *testing.T) {
	for authority, name := range map[string]string{"shop.example": "shop.example", "shop.example:8443": "shop.example", "[::1]:443": "::1", "": "127.0.0.1"} {
		c := Config{Address: "127.0.0.1:443", Authority: authority, TLS: &tls.Config{MinVersion: tls.VersionTLS12}}
		if err := c.complete(); err != nil {
			t.Fatal(err)
		}
		if got := c.tls().ServerName; got != name || c.Scheme != "https" || c.Method != "GET" || c.Path != "/" || c.Streams != 1 {
			t.Errorf("authority %q: server name %q, %+v", authority, got, c)
		}
	}
}
