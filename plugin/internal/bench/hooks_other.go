//go:build !unix

package bench

import (
	"os"
	"os/exec"
)

// Without process groups the command alone is ended.
func together(*exec.Cmd) {}

func interrupt(p *os.Process) error { return p.Kill() }

func kill(p *os.Process) { _ = p.Kill() }
