package client

import (
	"encoding/base64"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
)

// linkOptions are those that the target's header gives.
type linkOptions struct{ authority, userAgent string }

// ofConnections are fields that servers refuse over HTTP/2.
// https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2
var ofConnections = []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}

// readHeader takes what HTTP/2 itself has a place for from the target's header,
// and makes metadata of the rest. Values of names that end in -bin are base64.
func (g *grpcClients) readHeader() error {
	t := &g.target
	g.options = linkOptions{authority: g.url.Host, userAgent: userAgent}
	if t.TLS.ServerName != "" {
		g.options.authority = t.TLS.ServerName
	}
	g.metadata = metadata.MD{}
	for _, h := range t.Header {
		name, value := strings.ToLower(h.Name), h.Value
		switch {
		case name == "host":
			g.options.authority = value
			continue
		case name == "user-agent":
			g.options.userAgent = value
			continue
		case name == "content-type" || name == "te" || strings.HasPrefix(name, "grpc-"):
			return planErrorf("header %q belongs to gRPC itself: leave it out", h.Name)
		case slices.Contains(ofConnections, name):
			return planErrorf("header %q belongs to connections of HTTP/1.1: leave it out", h.Name)
		case strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
			return planErrorf("header %q is no name of gRPC metadata: use letters, digits, '-', '_' and '.'", h.Name)
		case strings.HasSuffix(name, "-bin"):
			b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
			if err != nil {
				return planErrorf("header %q: what ends in -bin is given as base64, and this is not", h.Name)
			}
			value = string(b)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }):
			return planErrorf("header %q: gRPC metadata is printable ASCII: give the value as base64, under a name that ends in -bin", h.Name)
		}
		g.metadata.Append(name, value)
	}
	return nil
}
