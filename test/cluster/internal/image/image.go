// Package image packs static programs into images, without a container engine.
package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Image is one program as an image of a single layer.
type Image struct {
	Ref     string // full reference, like registry/name:tag
	Program string // path of the program on this machine
	User    string // numeric user, empty for root
}

// Write stores the images as one archive in docker's format.
func Write(path, arch string, images []Image) error {
	refs := map[name.Reference]v1.Image{}
	for _, i := range images {
		ref, err := name.ParseReference(i.Ref)
		if err != nil {
			return err
		}
		if refs[ref], err = i.build(arch); err != nil {
			return fmt.Errorf("image %q: %w", i.Ref, err)
		}
	}
	return tarball.MultiRefWriteToFile(path, refs)
}

func (i Image) build(arch string) (v1.Image, error) {
	content, err := i.layer()
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	})
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Config.Entrypoint = []string{"/" + filepath.Base(i.Program)}
	config.Config.User = i.User
	return mutate.ConfigFile(img, config)
}

// layer is a tar with the program alone. Times are left zero so that the same
// program makes the same image.
func (i Image) layer() ([]byte, error) {
	program, err := os.ReadFile(i.Program)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{
		Name: filepath.Base(i.Program), Mode: 0o755, Size: int64(len(program)), Typeflag: tar.TypeReg,
	}); err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}
