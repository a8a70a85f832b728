package http2

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// Field is a header field of the request. Names may be of any case.
type Field struct{ Name, Value string }

// Config is what one connection is for. It must not be changed once in use.
type Config struct {
	// Address is where to connect to, as ip:port.
	Address string
	// Authority is the request's host, with its port where that is not the
	// scheme's own. Empty stands for Address.
	Authority string
	// Scheme is "http" or "https"; empty stands for what TLS says.
	Scheme string
	// Path with its query, as it is sent; empty stands for "/".
	Path string
	// Method; empty stands for GET.
	Method string
	Header []Field
	Body   []byte
	// TLS to use; nil is h2c with prior knowledge. ALPN is added.
	TLS *tls.Config
	// Timeout of a call from Do to its whole answer, waiting and connecting
	// included; 0 is none.
	Timeout time.Duration
	// Streams is how many workers share the connection; 0 stands for 1.
	Streams int
	// Capture is how many bytes of an answer's body to keep; 0 keeps none.
	Capture int
}

// Response is what came of a call. After an error it tells how far the answer
// had come.
type Response struct {
	// Status is the HTTP status; 0 where there was no answer.
	Status int
	// HeaderBytes and BodyBytes were received: header blocks as they are on the
	// wire, compressed and with trailers and interim answers; bodies without
	// padding.
	HeaderBytes, BodyBytes int64
	// Length is the content-length as announced, -1 where it was not.
	Length int64
	// Body is the captured beginning of the body, valid until the next call of
	// the same slot.
	Body []byte
	// Connect is how long making the connection took: TCP, TLS and the exchange
	// of SETTINGS. It is 0 for all calls but the one that made it.
	Connect time.Duration
	// Waited is how long the call could not be sent because of other calls: the
	// peer's limit of streams was reached, or another call was making the
	// connection.
	Waited time.Duration
}

// forbidden are fields that belong to a connection of HTTP/1.1, or that are sent
// as pseudo fields. https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
var forbidden = map[string]string{
	"connection": "", "keep-alive": "", "proxy-connection": "", "transfer-encoding": "", "upgrade": "",
	"host": "; set the authority instead",
}

// complete fills in defaults and tells what is wrong.
func (c *Config) complete() error {
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		return fmt.Errorf("address %q: %w; give ip:port", c.Address, err)
	}
	if c.Authority == "" {
		c.Authority = c.Address
	}
	if c.Scheme == "" {
		c.Scheme = "http"
		if c.TLS != nil {
			c.Scheme = "https"
		}
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.Method == "" {
		c.Method = "GET"
	}
	if !httpguts.ValidHeaderFieldName(c.Method) || c.Method == "CONNECT" {
		return fmt.Errorf("method %q is not one that requests can be made with; use GET, POST or another", c.Method)
	}
	if !httpguts.ValidHostHeader(c.Authority) {
		return fmt.Errorf("authority %q is not a host; give host or host:port", c.Authority)
	}
	if c.Path[0] != '/' && c.Path != "*" || strings.ContainsAny(c.Path, " #") || !httpguts.ValidHeaderFieldValue(c.Path) {
		return fmt.Errorf("path %q cannot be sent; begin it with / and escape what is special", c.Path)
	}
	if c.Timeout < 0 || c.Streams < 0 || c.Capture < 0 {
		return errors.New("timeout, streams and capture must not be negative")
	}
	c.Streams = max(1, c.Streams)
	for _, f := range c.Header {
		if !httpguts.ValidHeaderFieldName(f.Name) || !httpguts.ValidHeaderFieldValue(f.Value) {
			return fmt.Errorf("header field %q with value %q is malformed; correct it", f.Name, f.Value)
		}
		name := strings.ToLower(f.Name)
		if hint, ok := forbidden[name]; ok || name == "te" && f.Value != "trailers" {
			return fmt.Errorf("header field %q cannot be sent over HTTP/2; leave it out%s", f.Name, hint)
		}
	}
	return nil
}

// fields of the request in the order in which they are sent.
func (c *Config) fields() []hpack.HeaderField {
	list := []hpack.HeaderField{
		{Name: ":method", Value: c.Method},
		{Name: ":scheme", Value: c.Scheme},
		{Name: ":authority", Value: c.Authority},
		{Name: ":path", Value: c.Path},
	}
	length := len(c.Body) > 0 || c.Method == "POST" || c.Method == "PUT" || c.Method == "PATCH"
	for _, f := range c.Header {
		name := strings.ToLower(f.Name)
		if name == "content-length" {
			continue // only the true one
		}
		list = append(list, hpack.HeaderField{Name: name, Value: f.Value})
	}
	if length {
		list = append(list, hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(c.Body))})
	}
	return list
}

// tls is the configuration of the handshake; nil for h2c.
func (c *Config) tls() *tls.Config {
	if c.TLS == nil {
		return nil
	}
	t := c.TLS.Clone()
	t.NextProtos = []string{"h2"}
	if t.ServerName == "" {
		t.ServerName = c.Authority
		if host, _, err := net.SplitHostPort(c.Authority); err == nil {
			t.ServerName = host
		}
	}
	return t
}
