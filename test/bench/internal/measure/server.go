//go:build linux

package measure

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Server is a program that serves until it is stopped.
type Server struct {
	process *process
	cmd     *exec.Cmd
	output  bytes.Buffer
}

// Serve starts a server on one CPU and waits until it is ready: until ready
// returns nil.
func Serve(cpu int, env, args []string, ready func() error) (*Server, error) {
	s := &Server{cmd: exec.Command(args[0], args[1:]...)}
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	var err error
	if s.process, err = start(s.cmd, cpu); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := ready()
		if err == nil {
			return s, nil
		}
		select {
		case ended := <-s.process.ended:
			return nil, fmt.Errorf("%s ended: %v: %s", args[0], ended, lastLine(s.output.String()))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.Stop()
			return nil, fmt.Errorf("%s is not ready: %w", args[0], err)
		}
	}
}

// Accepting is ready when all addresses accept connections.
func Accepting(addresses ...string) func() error {
	return func() error {
		for _, a := range addresses {
			conn, err := net.Dial("tcp", a)
			if err != nil {
				return err
			}
			conn.Close()
		}
		return nil
	}
}

// Stop ends the server and waits for its end.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.process.ended:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.process.ended
	}
}

// FreeAddresses are n addresses on the loopback nobody listens on now.
func FreeAddresses(n int) ([]string, error) {
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		// All are taken before the first is given back, so that they differ.
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
