package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	agentName = "meshery-agent"
	// userID is the id that images without a shell commonly use for "not root".
	// It is numeric because the kubelet can only prove a number to be non-root.
	userID = 65532
)

// imageSpec is all that the image's digest depends on.
type imageSpec struct {
	Version, Commit string
	Created         time.Time
	Platforms       []platformBinary
}

type platformBinary struct {
	Platform v1.Platform
	Binary   []byte
}

// buildIndex makes the multi-platform image.
func buildIndex(spec imageSpec) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range spec.Platforms {
		image, err := buildImage(spec, p)
		if err != nil {
			return nil, fmt.Errorf("image for %s: %w", p.Platform, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &p.Platform},
		})
	}
	return mutate.Annotations(index, labels(spec)).(v1.ImageIndex), nil
}

func buildImage(spec imageSpec, p platformBinary) (v1.Image, error) {
	files, err := rootFiles(p.Binary)
	if err != nil {
		return nil, err
	}
	content, err := layerTar(files, spec.Created)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.BestCompression),
		tarball.WithCompressedCaching,
	)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: spec.Created}, CreatedBy: "build/image"},
	})
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = p.Platform.OS, p.Platform.Architecture, p.Platform.Variant
	config.Created = v1.Time{Time: spec.Created}
	config.Config = v1.Config{
		Entrypoint: []string{"/" + agentName},
		User:       fmt.Sprintf("%d:%[1]d", userID),
		WorkingDir: "/",
		Labels:     labels(spec),
	}
	return mutate.ConfigFile(image, config)
}

// labels are the pre-defined ones of the OCI image specification; registries
// show them, and link the image to its source.
func labels(spec imageSpec) map[string]string {
	l := map[string]string{
		"org.opencontainers.image.title":       agentName,
		"org.opencontainers.image.description": "Agent of kubectl meshery: generates load inside the cluster and measures it",
		"org.opencontainers.image.source":      "https://github.com/meshery/kubectl-meshery",
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     spec.Version,
		"org.opencontainers.image.created":     spec.Created.Format(time.RFC3339),
	}
	if spec.Commit != "" {
		l["org.opencontainers.image.revision"] = spec.Commit
	}
	return l
}
