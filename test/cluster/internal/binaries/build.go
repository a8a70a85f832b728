package binaries

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// flags are the go build flags that shape the programs. -trimpath keeps them the
// same wherever the module cache is.
func (s set) flags() []string {
	f := []string{"-trimpath", "-ldflags", stripped + s.ldflags}
	if s.tags != "" {
		f = append(f, "-tags="+s.tags)
	}
	return f
}

func (s set) build(ctx context.Context, source, out string) error {
	cgo := "0"
	if s.cgo {
		cgo = "1"
	}
	// One go build for all packages of a set shares the loading and the
	// compiling; it names each program after its package's last element.
	var packages []string
	for _, p := range s.programs() {
		packages = append(packages, s.main[p])
	}
	target := out + string(filepath.Separator)
	if len(packages) == 1 {
		target = filepath.Join(out, s.programs()[0])
	}
	args := append([]string{"build", "-C", source, "-o", target}, s.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, packages...)...)
	// Nothing of a surrounding workspace may leak into the build.
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo, "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if err := run(cmd); err != nil {
		return err
	}
	return s.complete(out)
}

func (s set) complete(out string) error {
	for _, p := range s.programs() {
		if info, err := os.Stat(filepath.Join(out, p)); err != nil || info.Mode()&0o111 == 0 {
			return fmt.Errorf("the build left no program %q", p)
		}
	}
	return nil
}

// extract takes the programs out of a Debian package without installing it: an
// installed one would start a service on the machine.
func (s set) extract(ctx context.Context, _, out string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("needs apt-get: Debian and its relatives only")
	}
	work := filepath.Join(out, "package")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	download := exec.CommandContext(ctx, "apt-get", "download", "-q", s.debian.name)
	download.Dir = work
	if err := run(download); err != nil {
		return fmt.Errorf("%w: try apt-get update first", err)
	}
	debs, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt-get download %s left %d packages", s.debian.name, len(debs))
	}
	if err := run(exec.CommandContext(ctx, "dpkg-deb", "-x", debs[0], filepath.Join(work, "root"))); err != nil {
		return err
	}
	for program, path := range s.debian.files {
		if err := os.Rename(filepath.Join(work, "root", path), filepath.Join(out, program)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	return s.complete(out)
}

// run puts the end of what a failing command said into its error.
func run(cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) > 15 {
			lines = lines[len(lines)-15:]
		}
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:2], " "), err, strings.Join(lines, "\n"))
	}
	return nil
}
