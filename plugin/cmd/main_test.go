package cmd

import (
	"fmt"
	"os"
	"testing"
)

// TestMain gives tests that run beside each other a home folder of their own; one
// that looks into it, or changes the environment, runs alone: see home.
func TestMain(m *testing.M) {
	os.Exit(withHome(m.Run))
}

// settings are what of the environment leads to a user's own settings and archive.
var settings = []string{"MESHERY_ARCHIVE", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}

func withHome(run func() int) int {
	dir, err := os.MkdirTemp("", "kubectl-meshery-test")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		err = os.Setenv("HOME", dir)
	}
	for _, name := range settings {
		if err == nil {
			err = os.Unsetenv(name)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}
