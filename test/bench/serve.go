//go:build linux

package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/meshery/kubectl-meshery/test/bench/internal/target"
)

// serve is this program as a server, on a CPU of its own: serve health ADDRESS,
// or serve truth ADDRESS LOG-ADDRESS.
func serve(args []string) error {
	var listeners []net.Listener
	for _, a := range args[min(1, len(args)):] {
		l, err := net.Listen("tcp", a)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	switch {
	case len(args) == 2 && args[0] == "health":
		return target.ServeHealth(listeners[0])
	case len(args) == 3 && args[0] == "truth":
		return target.ServeTruth(listeners[0], listeners[1])
	}
	return usageError{errors.New(fmt.Sprint("serve health ADDRESS, or serve truth ADDRESS LOG-ADDRESS; not ", args))}
}
