package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/binaries"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/image"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

const imageArchive = "images.tar"

// systemImages returns the archive with the images every node needs, relative
// to the cache's directory, and makes it if it is not there.
func systemImages(cache *binaries.Cache) (string, error) {
	images := []image.Image{
		{Ref: render.PauseImage, Program: cache.Path("pause"), User: "65535"},
		{Ref: render.CoreDNSImage, Program: cache.Path("coredns")},
		{Ref: render.NodeExporterImage, Program: cache.Path("node_exporter"), User: "65534"},
	}
	// The programs' paths carry the digests of what they were built from.
	name := "images-" + hex.EncodeToString(digestOf(fmt.Sprint(images)))[:12]
	err := cache.Fill(name, func(tmp string) error {
		return image.Write(filepath.Join(tmp, imageArchive), runtime.GOARCH, images)
	})
	return filepath.Join(name, imageArchive), err
}

func digestOf(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

func newMachineID() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return hex.EncodeToString(b), nil
}

// LoadImage imports an archive into every running node, all at once, and
// returns the names of its images.
func LoadImage(ctx context.Context, l Layout, archive string) ([]string, error) {
	s, err := l.loadState()
	if err != nil {
		return nil, err
	}
	for _, n := range s.Nodes {
		if !n.Process.Alive() {
			return nil, fmt.Errorf("node %q is stopped: start it with 'cluster node start %s'", n.Name, n.Name)
		}
	}
	said := make([]string, len(s.Nodes))
	var g errgroup.Group
	for i, n := range s.Nodes {
		g.Go(func() (err error) {
			said[i], err = importImage(ctx, s.Ctr, n, archive)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	names := importedNames(said[0])
	if len(names) == 0 {
		return nil, fmt.Errorf("%q holds no image with a name: build it with one", archive)
	}
	return names, nil
}

func importImage(ctx context.Context, ctr string, n NodeState, archive string) (string, error) {
	// The node's file system is reached through its first process.
	socket := fmt.Sprintf("/proc/%d/root%s", n.Process.PID, render.ContainerdSocket)
	cmd := exec.CommandContext(ctx, ctr, "--address", socket, "-n", "k8s.io", "images", "import", "--local", archive)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("load %q into node %q: %w: %s", archive, n.Name, err, strings.TrimSpace(problems.String()))
	}
	return out.String(), nil
}

// importedNames picks the names out of what ctr prints for an import, a line
// like "unpacking NAME (DIGEST)...done" for each.
func importedNames(said string) []string {
	var names []string
	for line := range strings.Lines(said) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "unpacking" {
			names = append(names, f[1])
		}
	}
	return names
}
