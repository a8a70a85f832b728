//go:build linux

// Package target holds the servers that the tools call: nginx, a gRPC health
// service, and an HTTP server that keeps a log of how long its own answers took.
package target

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/bench/internal/measure"
)

// body is what nginx answers: 67 bytes, so that the cost measured is that of the
// requests and not of their bodies.
const body = "0123456789012345678901234567890123456789012345678901234567890123456"

// One worker; nothing that would end a connection during a run. The HTTP/2
// listener takes HTTP/2 without TLS, with prior knowledge.
const config = `worker_processes 1;
worker_rlimit_nofile 65536;
daemon off;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 8192; }
http {
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 3600s;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server { listen %[2]s; location / { return 200 %[4]s; } }
	server { listen %[3]s http2; location / { return 200 %[4]s; } }
}
`

// Nginx starts nginx with its files in dir, for HTTP/1.1 and HTTP/2 at one
// address each. A wrapper is the beginning of a command line that runs the rest
// of it elsewhere.
func Nginx(cpu int, program, dir, http1, http2 string, ready func() error, wrapper ...string) (*measure.Server, error) {
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, dir, http1, http2, body), 0o644); err != nil {
		return nil, err
	}
	return measure.Serve(cpu, nil, append(wrapper, program, "-p", dir, "-c", file), ready)
}
