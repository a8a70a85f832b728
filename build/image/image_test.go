package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// sizeLimit holds for the image of one platform, compressed and unpacked: the
// agent is pulled by every node.
const sizeLimit = 25_000_000

const testRef = "registry.example/meshery/meshery-agent:1.2.3"

// makeImage runs what people run, and returns the archive.
func makeImage(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	cmd := exec.Command("make", "-C", filepath.Join("..", ".."), "image", "VERSION=v1.2.3",
		"COMMIT=0123456789", "SOURCE_DATE_EPOCH=1700000000", "IMAGE=registry.example/meshery/meshery-agent", "DIST="+dist)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make image: %v\n%s", err, out)
	}
	return filepath.Join(dist, "image", "meshery-agent.tar")
}

// unpackLayout unpacks the archive; what is in it is then read by libraries that
// know nothing of how it was written.
func unpackLayout(t *testing.T, archive string) layout.Path {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for name, content := range readTar(t, f) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content.data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := layout.FromPath(dir)
	if err != nil {
		t.Fatalf("not an OCI layout: %v", err)
	}
	return p
}

type entry struct {
	header *tar.Header
	data   []byte
}

func readTar(t *testing.T, r io.Reader) map[string]entry {
	t.Helper()
	files := map[string]entry{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		files[h.Name] = entry{h, data}
	}
}

// theImage returns the image out of the layout's outer index, and checks by what
// names containerd and others will call it.
func theImage(t *testing.T, p layout.Path) v1.ImageIndex {
	t.Helper()
	outer, err := p.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	m, err := outer.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Manifests) != 1 {
		t.Fatalf("index.json has %d entries, want 1", len(m.Manifests))
	}
	d := m.Manifests[0]
	for key, want := range map[string]string{
		"io.containerd.image.name":          testRef,
		"org.opencontainers.image.ref.name": "1.2.3",
	} {
		if got := d.Annotations[key]; got != want {
			t.Errorf("annotation %s is %q, want %q", key, got, want)
		}
	}
	index, err := outer.ImageIndex(d.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func TestImage(t *testing.T) {
	archive := makeImage(t)
	index := theImage(t, unpackLayout(t, archive))
	if err := validate.Index(index); err != nil {
		t.Fatalf("the image is not valid: %v", err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, d := range m.Manifests {
		platforms = append(platforms, d.Platform.String())
		image, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(d.Platform.String(), func(t *testing.T) {
			checkConfig(t, image, *d.Platform)
			checkFiles(t, image, *d.Platform)
			checkSize(t, image)
		})
	}
	if want := []string{"linux/amd64", "linux/arm64"}; !slices.Equal(platforms, want) {
		t.Errorf("platforms are %v, want %v", platforms, want)
	}
	checkDockerArchive(t, archive, index)
	t.Run("reproducible", func(t *testing.T) {
		if !bytes.Equal(readFile(t, archive), readFile(t, makeImage(t))) {
			t.Error("two builds of the same inputs differ")
		}
	})
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func checkConfig(t *testing.T, image v1.Image, platform v1.Platform) {
	t.Helper()
	c, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if c.OS != platform.OS || c.Architecture != platform.Architecture {
		t.Errorf("config is for %s/%s, index says %s", c.OS, c.Architecture, platform)
	}
	if c.Config.User != "65532:65532" {
		t.Errorf("user is %q, want a number that is not root: 65532:65532", c.Config.User)
	}
	if !slices.Equal(c.Config.Entrypoint, []string{"/meshery-agent"}) || len(c.Config.Cmd) != 0 {
		t.Errorf("entrypoint is %q with command %q", c.Config.Entrypoint, c.Config.Cmd)
	}
	for key, want := range map[string]string{
		"org.opencontainers.image.version":  "v1.2.3",
		"org.opencontainers.image.revision": "0123456789",
		"org.opencontainers.image.created":  "2023-11-14T22:13:20Z",
		"org.opencontainers.image.licenses": "Apache-2.0",
		"org.opencontainers.image.source":   "https://github.com/meshery/kubectl-meshery",
	} {
		if got := c.Config.Labels[key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
}

func checkFiles(t *testing.T, image v1.Image, platform v1.Platform) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, error %v", len(layers), err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	files := readTar(t, content)
	for name, f := range files {
		if f.header.Uid != 0 || f.header.Mode&0o022 != 0 || f.header.Mode&0o7000 != 0 {
			t.Errorf("%s belongs to %d with mode %o: the agent could change it, or more", name, f.header.Uid, f.header.Mode)
		}
	}
	if len(files) != 4 {
		t.Errorf("%d files, want 4", len(files))
	}
	if got := string(files["etc/passwd"].data); got != "meshery:x:65532:65532:meshery:/:/sbin/nologin\n" {
		t.Errorf("etc/passwd is %q", got)
	}
	if pool := x509.NewCertPool(); !pool.AppendCertsFromPEM(files["etc/ssl/certs/ca-certificates.crt"].data) {
		t.Error("no certificates")
	}

	agent, err := elf.NewFile(bytes.NewReader(files["meshery-agent"].data))
	if err != nil {
		t.Fatal(err)
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[platform.Architecture]
	if agent.Machine != machine {
		t.Errorf("the agent is for %s", agent.Machine)
	}
	for _, p := range agent.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the agent is linked dynamically, and there is no loader in the image")
		}
	}
}

func checkSize(t *testing.T, image v1.Image) {
	t.Helper()
	m, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	compressed := m.Config.Size
	var unpacked int64
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range layers {
		compressed += m.Layers[i].Size
		content, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, content)
		content.Close()
		if err != nil {
			t.Fatal(err)
		}
		unpacked += n
	}
	t.Logf("%.1f MB to pull, %.1f MB unpacked", float64(compressed)/1e6, float64(unpacked)/1e6)
	if compressed > sizeLimit || unpacked > sizeLimit {
		t.Errorf("%d bytes to pull, %d unpacked; at most %d are allowed", compressed, unpacked, sizeLimit)
	}
}

// checkDockerArchive reads the archive as engines do that know no OCI layout.
func checkDockerArchive(t *testing.T, archive string, index v1.ImageIndex) {
	t.Helper()
	tag, err := name.NewTag(testRef)
	if err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(archive, &tag)
	if err != nil {
		t.Fatalf("not a docker archive: %v", err)
	}
	if err := validate.Image(image); err != nil {
		t.Errorf("the docker archive is not valid: %v", err)
	}
	got, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	m, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var configs []string
	for _, d := range m.Manifests {
		one, err := index.Image(d.Digest)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := one.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, digest.String())
	}
	if !slices.Contains(configs, got.String()) {
		t.Errorf("the docker archive holds %s, the index %v", got, configs)
	}
}

func TestWrongInput(t *testing.T) {
	binaries := t.TempDir()
	out := filepath.Join(t.TempDir(), "image.tar")
	tests := []struct {
		name    string
		args    []string
		wantErr string
	}{
		{"no tag", []string{"-ref", "meshery-agent"}, `bad -ref "meshery-agent"`},
		{"bad platform", []string{"-ref", testRef, "-platforms", "a/b/c/d/e"}, `bad platform "a/b/c/d/e"`},
		{"no binary", []string{"-ref", testRef, "-binaries", binaries}, `no agent for "linux/amd64"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := run(append(tt.args, "-out", out), io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("got %v, want an error with %q", err, tt.wantErr)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("an archive was left")
			}
		})
	}
}

// TestForeignDockerPlatform is a build on a machine that the image is not for.
func TestForeignDockerPlatform(t *testing.T) {
	index, err := buildIndex(imageSpec{Version: "dev", Platforms: []platformBinary{
		{Platform: v1.Platform{OS: "linux", Architecture: "amd64"}, Binary: []byte("agent")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(testRef)
	if err != nil {
		t.Fatal(err)
	}
	got, err := dockerManifests(index, tag, v1.Platform{OS: "linux", Architecture: "riscv64"})
	if err != nil {
		t.Fatal(err)
	}
	var entries []any
	if err := json.Unmarshal(got, &entries); err != nil || len(entries) != 0 {
		t.Errorf("manifest.json is %s, want an empty list (%v)", got, err)
	}
}
