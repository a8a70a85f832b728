//go:build linux

package main

import (
	"os"
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/bench/internal/measure"
	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// servers are what the tools call, all on one CPU.
type servers struct {
	running []*measure.Server
	// Addresses: nginx's two, the gRPC health service's, and the truth server's
	// for requests and for its log.
	http1, http2, health, truth, log string
}

func (b *bench) serve() (err error) {
	s := &b.servers
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	addresses, err := measure.FreeAddresses(5)
	if err != nil {
		return err
	}
	s.http1, s.http2, s.health, s.truth, s.log = addresses[0], addresses[1], addresses[2], addresses[3], addresses[4]
	dir := filepath.Join(b.work, "nginx")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	nginx, err := target.Nginx(b.serverCPU, b.programs["nginx"].Path, dir, s.http1, s.http2, measure.Accepting(s.http1, s.http2))
	if err != nil {
		return err
	}
	s.running = append(s.running, nginx)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"health", s.health}, {"truth", s.truth, s.log}} {
		one, err := measure.Serve(b.serverCPU, []string{"GOMAXPROCS=1"}, append([]string{self, "serve"}, args...), measure.Accepting(args[1:]...))
		if err != nil {
			return err
		}
		s.running = append(s.running, one)
	}
	return nil
}

func (s *servers) stop() {
	for _, one := range s.running {
		one.Stop()
	}
	s.running = nil
}
