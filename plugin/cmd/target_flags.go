package cmd

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// targetFlags say what is called, where a Test has one target.
type targetFlags struct {
	protocol string
	method   string
	headers  []string
	bodyFile string
	timeout  time.Duration

	insecure                       bool
	caFile, certFile, keyFile, sni string

	grpcMethod, grpcMessage, grpcDescriptors string

	expectStatus []string
	expectBody   string
	expectJSON   []string
}

// AddFlags adds the flags.
func (t *targetFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&t.protocol, "protocol", "", "http/1.1, http/2 (over http: h2c), grpc, tcp or udp (default: by the URL)")
	fs.StringVar(&t.method, "method", "", "HTTP method (default: GET, or POST with a body)")
	fs.StringArrayVar(&t.headers, "header", nil, "Request header, or gRPC metadata, as 'NAME: VALUE'; may be repeated")
	fs.StringVar(&t.bodyFile, "body-file", "", "File with the body of the requests, or what is sent to be echoed (TCP, UDP)")
	fs.DurationVar(&t.timeout, "timeout", time.Duration(document.DefaultTimeout), "How long one request may take")
	fs.BoolVar(&t.insecure, "insecure-skip-verify", false, "Accept any certificate of the target")
	fs.StringVar(&t.caFile, "target-ca", "", "PEM file with the authorities the target's certificate is verified against")
	fs.StringVar(&t.certFile, "target-cert", "", "PEM file with the client certificate shown to the target (mTLS)")
	fs.StringVar(&t.keyFile, "target-key", "", "PEM file with the key of --target-cert")
	fs.StringVar(&t.sni, "target-server-name", "", "Name the target's certificate is verified for (default: the URL's host)")
	fs.StringVar(&t.grpcMethod, "grpc-method", document.DefaultGRPCMethod, "Unary method, as package.Service/Method")
	fs.StringVar(&t.grpcMessage, "grpc-message", "", "Request message as protobuf JSON")
	fs.StringVar(&t.grpcDescriptors, "grpc-descriptors", "", "FileDescriptorSet with the method (default: the target's reflection service is asked)")
	fs.StringArrayVar(&t.expectStatus, "expect-status", nil, "Status that is right, such as 404 or 2xx, or a gRPC code; may be repeated (default 2xx, OK)")
	fs.StringVar(&t.expectBody, "expect-body", "", "Text that an answer's body must contain")
	fs.StringArrayVar(&t.expectJSON, "expect-json", nil, "JSONPath that an answer must have, as '{.ready}' or '{.ready}=true' ('{.error}=' for an empty value); may be repeated")
}

func (t *targetFlags) apply(to *setter, s *document.Spec, in io.Reader) {
	target := &s.Target
	set := func(flag string, apply func() error) {
		to.set(flag, func() error {
			if len(s.Targets) > 0 {
				return errors.New("the Test has several targets: say it in the file")
			}
			return apply()
		})
	}
	secure := func() *document.TLS {
		if target.TLS == nil {
			target.TLS = &document.TLS{}
		}
		return target.TLS
	}
	call := func() *document.GRPCCall {
		if target.GRPC == nil {
			target.GRPC = &document.GRPCCall{Method: document.DefaultGRPCMethod}
		}
		return target.GRPC
	}
	check := func() *document.Check {
		if target.Check == nil {
			target.Check = &document.Check{}
		}
		return target.Check
	}
	set("protocol", func() error { target.Protocol = t.protocol; return nil })
	set("method", func() error { target.Method = strings.ToUpper(t.method); return nil })
	set("header", func() (err error) { target.Headers, err = parseHeaders(t.headers); return err })
	set("body-file", func() error { return setBody(target, t.bodyFile, in) })
	set("timeout", func() error { return positive(&target.Timeout, t.timeout) })
	set("insecure-skip-verify", func() error { secure().InsecureSkipVerify = t.insecure; return nil })
	set("target-ca", func() error { return setPEM(&secure().CA, t.caFile, "certificate", document.Certificates) })
	set("target-cert", func() error { return setPEM(&secure().Cert, t.certFile, "certificate", document.Certificates) })
	set("target-key", func() error { return setPEM(&secure().Key, t.keyFile, "private key", document.PrivateKeys) })
	set("target-server-name", func() error { secure().ServerName = t.sni; return nil })
	set("grpc-method", func() error { call().Method = strings.TrimPrefix(t.grpcMethod, "/"); return nil })
	set("grpc-message", func() error { call().Message = t.grpcMessage; return nil })
	set("grpc-descriptors", func() (err error) { call().DescriptorSet, err = fromFile(t.grpcDescriptors); return err })
	set("expect-status", func() error { check().Status = t.expectStatus; return nil })
	set("expect-body", func() error {
		if t.expectBody == "" {
			return errors.New("the text is empty, and every body has that: give one, or leave it out")
		}
		check().BodyContains = t.expectBody
		return nil
	})
	set("expect-json", func() error {
		check().JSON = nil
		for _, one := range t.expectJSON {
			j := document.JSONCheck{Path: one}
			if i := strings.LastIndex(one, "}="); i >= 0 {
				j.Path, j.Equals = one[:i+1], new(one[i+2:])
			}
			check().JSON = append(check().JSON, j)
		}
		return nil
	})
}

// setPEM takes what is wanted out of a file. Certificate and key often stand in
// one file, and a certificate is kept in the Result.
func setPEM(to *string, filename, what string, wanted func(string) string) error {
	b, err := fromFile(filename)
	if err != nil {
		return err
	}
	if *to = wanted(string(b)); *to == "" {
		return fmt.Errorf("%s holds no %s in PEM", filename, what)
	}
	return nil
}

// fromFile reads a file that must not be standard input.
func fromFile(filename string) ([]byte, error) {
	if filename == "-" {
		return nil, errors.New("standard input is not taken here: give a file")
	}
	return readFile(filename, nil)
}

func parseHeaders(headers []string) ([]document.Header, error) {
	var out []document.Header
	for i, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			// It may be a credential, so it is not quoted.
			return nil, fmt.Errorf("number %d of them is not 'NAME: VALUE'", i+1)
		}
		out = append(out, document.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return out, nil
}

func setBody(t *document.Target, filename string, in io.Reader) error {
	data, err := readFile(filename, in)
	if err != nil {
		return err
	}
	t.Body, t.BodyBase64 = "", nil
	if utf8.Valid(data) {
		t.Body = string(data)
	} else {
		t.BodyBase64 = data
	}
	return nil
}
