package echo

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// maxStreams is how many requests may be under way on one HTTP/2 connection.
const maxStreams = 1000

// httpEndpoint serves HTTP/1.1 and HTTP/2 on one listener.
type httpEndpoint struct {
	server   *http.Server
	listener net.Listener
}

// listenHTTP serves over TLS where there is a config. Without it, a client speaks
// HTTP/2 by beginning with its preface (RFC 9113, section 3.3).
func listenHTTP(address string, h http.Handler, config *tls.Config) (endpoint, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(config != nil)
	protocols.SetUnencryptedHTTP2(config == nil)
	return &httpEndpoint{listener: l, server: &http.Server{
		Handler:           h,
		TLSConfig:         config.Clone(), // the server adds its protocols
		Protocols:         &protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that break off are no news
	}}, nil
}

func (e *httpEndpoint) addr() net.Addr { return e.listener.Addr() }

func (e *httpEndpoint) serve() error {
	var err error
	if e.server.TLSConfig != nil {
		err = e.server.ServeTLS(e.listener, "", "")
	} else {
		err = e.server.Serve(e.listener)
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (e *httpEndpoint) shutdown(ctx context.Context) error {
	err := e.server.Shutdown(ctx)
	if ctx.Err() != nil {
		err = e.server.Close()
	}
	// The server knows its listener only once it serves.
	if closed := e.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return err
}
