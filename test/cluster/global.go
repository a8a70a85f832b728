//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/cluster"
)

// global holds the flags that every command has.
type global struct {
	name     string
	stateDir string
	source   string
}

func (g *global) addFlags(f *pflag.FlagSet) {
	f.StringVar(&g.name, "name", "meshery", "name of the cluster; clusters of different names live side by side")
	f.StringVar(&g.stateDir, "state-dir", cluster.DefaultBase, "where clusters keep their state; not on overlayfs")
	f.StringVar(&g.source, "source", "", "directory test/cluster/binaries (default: found from the working directory upwards)")
}

func (g *global) layout() (cluster.Layout, error) {
	l := cluster.Layout{Name: g.name, Base: g.stateDir}
	if err := l.Validate(); err != nil {
		return l, usageError{err}
	}
	return l, nil
}

// rooted is layout for the commands that change a cluster.
func (g *global) rooted() (cluster.Layout, error) {
	l, err := g.layout()
	if err != nil {
		return l, err
	}
	return l, cluster.RequireRoot()
}

func (g *global) cache() (*binaries.Cache, error) {
	source := g.source
	if source == "" {
		dir, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		// A program built from a checkout that is still there finds it.
		_, file, _, _ := runtime.Caller(0)
		if source, err = binaries.Source(dir, filepath.Dir(file)); err != nil {
			return nil, err
		}
	}
	return binaries.Open(source, say)
}

var started = time.Now()

// say tells people what goes on. Only what a command is asked for goes to
// standard output.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "[%6.1f s] %s\n", time.Since(started).Seconds(), fmt.Sprintf(format, args...))
}
