// Command image packs the agent's binaries into a multi-platform image, written
// as one tar that containerd, Docker and registries' tools read. It needs no
// container engine, and the same inputs give the same digest.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.SetOutput(stderr)
	ref := flags.String("ref", "", "Name and tag of the image")
	version := flags.String("version", "dev", "Version written into the labels")
	commit := flags.String("commit", "", "Commit written into the labels")
	created := flags.Int64("created", 0, "Time written into the image, seconds since 1970")
	binaries := flags.String("binaries", "", "Folder with OS_ARCH/meshery-agent for every platform")
	list := flags.String("platforms", "linux/amd64,linux/arm64", "Platforms of the image")
	docker := flags.String("docker-platform", "linux/"+runtime.GOARCH, "Platform that an engine without multi-platform images loads")
	out := flags.String("out", "", "File to write")
	if err := flags.Parse(args); err != nil {
		return err
	}

	tag, err := name.NewTag(*ref, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("bad -ref %q: %w; give one such as ghcr.io/meshery/meshery-agent:0.1.0", *ref, err)
	}
	spec := imageSpec{Version: *version, Commit: *commit, Created: time.Unix(*created, 0).UTC()}
	for p := range strings.SplitSeq(*list, ",") {
		platform, err := v1.ParsePlatform(p)
		if err != nil {
			return fmt.Errorf("bad platform %q in -platforms: %w", p, err)
		}
		file := filepath.Join(*binaries, platform.OS+"_"+platform.Architecture, agentName)
		binary, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("no agent for %q: %w; build it first", p, err)
		}
		spec.Platforms = append(spec.Platforms, platformBinary{Platform: *platform, Binary: binary})
	}
	index, err := buildIndex(spec)
	if err != nil {
		return err
	}
	local, err := v1.ParsePlatform(*docker)
	if err != nil {
		return fmt.Errorf("bad -docker-platform %q: %w", *docker, err)
	}
	if err := writeFile(*out, index, tag, *local); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s@%s\n", tag, digest)
	return err
}

// writeFile leaves either a whole archive or none: a half-written one would be
// taken for finished by the next step.
func writeFile(path string, index v1.ImageIndex, tag name.Tag, docker v1.Platform) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := writeArchive(f, index, tag, docker); err != nil {
		f.Close()
		return fmt.Errorf("write %q: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
