package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"path"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

type file struct {
	name string
	mode int64
	data []byte
}

// rootFiles is the whole file system of the image.
func rootFiles(agent []byte) ([]file, error) {
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	user := fmt.Sprintf("meshery:x:%d:%[1]d:meshery:/:/sbin/nologin\n", userID)
	group := fmt.Sprintf("meshery:x:%d:\n", userID)
	return []file{
		{"etc/group", 0o644, []byte(group)},
		{"etc/passwd", 0o644, []byte(user)},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, roots},
		{agentName, 0o755, agent},
	}, nil
}

// certificates is Mozilla's list of roots as the Go project publishes it: a
// module pinned by go.sum, so that the image does not depend on what is
// installed on the machine that builds it. Being a plain file at the usual path,
// it can be replaced by a mounted one.
//
// Roots that are trusted only for certificates issued before some day are left
// out, because a PEM file cannot say so.
func certificates() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// layerTar writes the files, with every folder above them, owned by root: the
// agent's user must not be able to change them.
func layerTar(files []file, modified time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	made := map[string]bool{".": true}
	var folder func(dir string) error
	folder = func(dir string) error {
		if made[dir] {
			return nil
		}
		if err := folder(path.Dir(dir)); err != nil {
			return err
		}
		made[dir] = true
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: modified})
	}
	for _, f := range files {
		if err := folder(path.Dir(f.name)); err != nil {
			return nil, err
		}
		if err := writeEntry(w, f, modified); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeEntry(w *tar.Writer, f file, modified time.Time) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: modified}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(f.data)
	return err
}
