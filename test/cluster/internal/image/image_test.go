package image

import (
	"archive/tar"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "tool")
	if err := os.WriteFile(program, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(dir, "images.tar")
	images := []Image{{Ref: "localhost/a:1", Program: program, User: "65534"}, {Ref: "quay.io/x/b:v1", Program: program}}
	if err := Write(archive, "amd64", images); err != nil {
		t.Fatal(err)
	}
	for _, want := range images {
		tag, err := name.NewTag(want.Ref)
		if err != nil {
			t.Fatal(err)
		}
		img, err := tarball.ImageFromPath(archive, &tag)
		if err != nil {
			t.Fatalf("%s: %v", want.Ref, err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != "amd64" || config.OS != "linux" || config.Config.User != want.User || config.Config.Entrypoint[0] != "/tool" {
			t.Errorf("%s: %+v", want.Ref, config)
		}
		layers, err := img.Layers()
		if err != nil || len(layers) != 1 {
			t.Fatalf("%s: %d layers, %v", want.Ref, len(layers), err)
		}
		content, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		r := tar.NewReader(content)
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(r); h.Name != "tool" || h.Mode != 0o755 || string(b) != "program" {
			t.Errorf("%s: %+v, %q", want.Ref, h, b)
		}
	}
	if err := Write(archive, "amd64", []Image{{Ref: "Not A Name", Program: program}}); err == nil {
		t.Error("a bad reference is taken")
	}
}
