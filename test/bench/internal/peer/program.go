//go:build linux

package peer

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// modules are the tools built from Go modules: the newest versions that build
// from the module proxy alone.
var modules = map[string]struct{ pkg, version string }{
	"vegeta": {"github.com/tsenart/vegeta/v12", "v12.13.0"},
	"k6":     {"go.k6.io/k6", "v1.8.1"},
	"ghz":    {"github.com/bojand/ghz/cmd/ghz", "v0.120.0"},
	"fortio": {"fortio.org/fortio", "v1.66.5"},
}

// Program is a tool's program and its version.
type Program struct{ Path, Version string }

// Find finds a program on PATH, or builds it into the directory cache, where
// every version has its own place.
func Find(ctx context.Context, name, cache string) (Program, error) {
	if m, ok := modules[name]; ok {
		dir := filepath.Join(cache, name+"-"+m.version)
		p := Program{filepath.Join(dir, name), m.version}
		if _, err := os.Stat(p.Path); err == nil {
			return p, nil
		}
		return p, install(ctx, m.pkg+"@"+m.version, dir)
	}
	if name == "nginx" {
		return nginx(ctx, cache)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return Program{}, fmt.Errorf("%s is not installed: on Debian, run build/deps.sh bench as root", name)
	}
	return Program{path, version(ctx, path)}, nil
}

func install(ctx context.Context, pkg, dir string) error {
	cmd := exec.CommandContext(ctx, "go", "install", pkg)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOWORK=off")
	// Away from this module's go.mod, and from a surrounding workspace's.
	cmd.Dir = os.TempDir()
	return run(cmd)
}

// nginx is the one on PATH, or that of Debian's package, unpacked: an installed
// one would start a service on this machine.
func nginx(ctx context.Context, cache string) (Program, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path = filepath.Join(cache, "nginx", "usr", "sbin", "nginx")
	}
	if _, err := os.Stat(path); err != nil {
		work, err := os.MkdirTemp("", "nginx-")
		if err != nil {
			return Program{}, err
		}
		defer os.RemoveAll(work)
		download := exec.CommandContext(ctx, "apt-get", "download", "-q", "nginx")
		download.Dir = work
		if err := run(download); err != nil {
			return Program{}, fmt.Errorf("%w: install nginx, or run apt-get update first", err)
		}
		debs, _ := filepath.Glob(filepath.Join(work, "*.deb"))
		for _, deb := range debs {
			if err := run(exec.CommandContext(ctx, "dpkg-deb", "-x", deb, filepath.Join(cache, "nginx"))); err != nil {
				return Program{}, err
			}
		}
	}
	return Program{path, version(ctx, path)}, nil
}

var number3 = regexp.MustCompile(`\d+\.\d+[.\d]*`)

// version of a program as Debian knows it, or as it says itself.
func version(ctx context.Context, path string) string {
	if out, err := exec.CommandContext(ctx, "dpkg", "-S", path).Output(); err == nil {
		name, _, _ := strings.Cut(string(out), ":")
		if out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Version}", name).Output(); err == nil {
			return "Debian " + string(out)
		}
	}
	out, _ := exec.CommandContext(ctx, path, "-v").CombinedOutput()
	return string(number3.Find(out))
}

func run(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}
