package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// writeArchive writes the image twice described, its content once, as
// `docker save` does since Docker 25: oci-layout and index.json for containerd,
// newer Docker and registry tools; manifest.json, which can name one platform
// only, for older Docker.
func writeArchive(out io.Writer, index v1.ImageIndex, tag name.Tag, docker v1.Platform) error {
	blobs, err := collect(index)
	if err != nil {
		return err
	}
	manifests, err := dockerManifests(index, tag, docker)
	if err != nil {
		return err
	}
	layout, err := named(index, tag).RawManifest()
	if err != nil {
		return err
	}
	files := []file{
		{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{"index.json", 0o644, layout},
		{"manifest.json", 0o644, manifests},
	}
	for _, digest := range slices.Sorted(maps.Keys(blobs)) {
		files = append(files, file{blobPath(digest), 0o644, blobs[digest]})
	}
	// What counts is in the image; the envelope needs no time of its own.
	content, err := layerTar(files, time.Unix(0, 0))
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}

// named wraps the image in the index of an OCI layout. containerd takes the full
// name from its own annotation; the standard one holds the tag only.
func named(index v1.ImageIndex, tag name.Tag) v1.ImageIndex {
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), mutate.IndexAddendum{
		Add: index,
		Descriptor: v1.Descriptor{
			MediaType: types.OCIImageIndex,
			Annotations: map[string]string{
				"io.containerd.image.name":          tag.Name(),
				"org.opencontainers.image.ref.name": tag.TagStr(),
			},
		},
	})
}

// dockerManifests is the manifest.json of a docker-archive.
func dockerManifests(index v1.ImageIndex, tag name.Tag, docker v1.Platform) ([]byte, error) {
	type entry struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	found, err := partial.FindImages(index, func(d v1.Descriptor) bool {
		return d.Platform != nil && d.Platform.Satisfies(docker)
	})
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		// Such as on a riscv64 machine: containerd can still use the archive.
		return []byte("[]"), nil
	}
	m, err := found[0].Manifest()
	if err != nil {
		return nil, err
	}
	e := entry{Config: blobPath(m.Config.Digest.Hex), RepoTags: []string{tag.Name()}}
	for _, l := range m.Layers {
		e.Layers = append(e.Layers, blobPath(l.Digest.Hex))
	}
	return json.Marshal([]entry{e})
}

// collect returns every blob that the index needs, its own manifest included,
// by the hex part of the digest.
func collect(index v1.ImageIndex) (map[string][]byte, error) {
	blobs := map[string][]byte{}
	add := func(thing partial.WithRawManifest) error {
		raw, err := thing.RawManifest()
		if err != nil {
			return err
		}
		digest, err := partial.Digest(thing)
		if err != nil {
			return err
		}
		blobs[digest.Hex] = raw
		return nil
	}
	if err := add(index); err != nil {
		return nil, err
	}
	images, err := partial.FindImages(index, func(v1.Descriptor) bool { return true })
	if err != nil {
		return nil, err
	}
	for _, image := range images {
		if err := add(image); err != nil {
			return nil, err
		}
		if err := addContent(blobs, image); err != nil {
			return nil, fmt.Errorf("read image: %w", err)
		}
	}
	return blobs, nil
}

func addContent(blobs map[string][]byte, image v1.Image) error {
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	digest, err := image.ConfigName()
	if err != nil {
		return err
	}
	blobs[digest.Hex] = config
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return err
		}
		content, err := layer.Compressed()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(content)
		content.Close()
		if err != nil {
			return err
		}
		blobs[digest.Hex] = data
	}
	return nil
}

func blobPath(hex string) string { return "blobs/sha256/" + hex }
