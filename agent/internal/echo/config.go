package echo

import (
	"errors"
	"fmt"
)

// maxBody bounds bodies in both directions.
const maxBody = 16 << 20

// Config says where the workload listens and what it answers. What has an empty
// address is not served.
type Config struct {
	// Listen is the address of HTTP/1.1 and, with prior knowledge, HTTP/2 (h2c).
	Listen string
	// HTTPSListen is the address of HTTP/1.1 and HTTP/2 over TLS.
	HTTPSListen string
	// GRPCListen is the address of gRPC without TLS, GRPCTLSListen that with it.
	GRPCListen, GRPCTLSListen string
	// TCPListen and UDPListen are the addresses of the two echoes.
	TCPListen, UDPListen string
	// MetricsListen is the address of /metrics, apart from the workload's, so
	// that a mesh in front of it does not count the scraper's requests.
	MetricsListen string

	// TLSCert and TLSKey are PEM files, read once. Without them the certificate
	// is made at the start, for localhost, this host's name and its addresses.
	TLSCert, TLSKey string
	// TLSClientCA is a PEM file of the authorities of clients. With it, every
	// client must show a certificate that one of them signed.
	TLSClientCA string

	// BodyBytes is the size of an answer's body over HTTP, 0 to 16 MiB.
	BodyBytes int
}

func (c Config) validate() error {
	if c.BodyBytes < 0 || c.BodyBytes > maxBody {
		return fmt.Errorf("body size %d is not between 0 and %d", c.BodyBytes, maxBody)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("certificate and key belong together: give both or neither")
	}
	if c.TLSClientCA != "" && !c.servesTLS() {
		return errors.New("nothing is served over TLS that could check client certificates: give an address for HTTPS, or no client authorities")
	}
	if c.Listen+c.HTTPSListen+c.GRPCListen+c.GRPCTLSListen+c.TCPListen+c.UDPListen == "" {
		return errors.New("nothing is served: give at least one protocol an address")
	}
	return nil
}

func (c Config) servesTLS() bool { return c.HTTPSListen != "" || c.GRPCTLSListen != "" }
