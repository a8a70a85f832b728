package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

type file struct {
	name string
	mode fs.FileMode
	data []byte
}

func packTarGz(files []file, modified time.Time) ([]byte, error) {
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	w := tar.NewWriter(compressed)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: modified}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func packZip(files []file, modified time.Time) ([]byte, error) {
	// Zip knows no time before this one.
	if first := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); modified.Before(first) {
		modified = first
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: modified}
		h.SetMode(f.mode)
		entry, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// unpack returns the files of an archive by name. Only the two kinds that krew
// can read are known.
func unpack(name string, content []byte) (map[string]file, error) {
	switch {
	case strings.HasSuffix(name, ".tar.gz"):
		return unpackTarGz(content)
	case strings.HasSuffix(name, ".zip"):
		return unpackZip(content)
	}
	return nil, fmt.Errorf("archive %q is neither .tar.gz nor .zip", name)
}

func unpackTarGz(content []byte) (map[string]file, error) {
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	files := map[string]file{}
	for r := tar.NewReader(plain); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[h.Name] = file{h.Name, h.FileInfo().Mode(), data}
	}
}

func unpackZip(content []byte) (map[string]file, error) {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	files := map[string]file{}
	for _, f := range r.File {
		entry, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(entry)
		entry.Close()
		if err != nil {
			return nil, err
		}
		files[f.Name] = file{f.Name, f.Mode(), data}
	}
	return files, nil
}
