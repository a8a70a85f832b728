package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small packs two platforms of a stand-in program with the real packers and the
// real template's functions, so that each rule can be broken on its own.
func small(t *testing.T) (dir, manifest string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, pack func([]file, time.Time) ([]byte, error), files ...file) string {
		content, err := pack(files, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	license := file{"LICENSE", 0o644, []byte("text")}
	tarSum := write("p_linux.tar.gz", packTarGz, file{"p", 0o755, []byte("program")}, license, file{"plain", 0o644, []byte("x")})
	zipSum := write("p_windows.zip", packZip, file{"p.exe", 0o755, []byte("program")}, license)
	return dir, fmt.Sprintf(`apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: meshery
spec:
  version: v1.0.0
  homepage: https://example.com
  shortDescription: Measure a mesh
  description: Measures a mesh.
  platforms:
  - selector:
      matchLabels:
        os: linux
        arch: amd64
    uri: https://example.com/v1.0.0/p_linux.tar.gz
    sha256: %s
    bin: p
    files:
    - from: p
      to: .
    - from: LICENSE
      to: .
  - selector:
      matchLabels:
        os: windows
        arch: amd64
    uri: https://example.com/v1.0.0/p_windows.zip
    sha256: %s
    bin: p.exe
    files:
    - from: p.exe
      to: .
    - from: LICENSE
      to: .
`, tarSum, zipSum)
}

func TestCheckManifest(t *testing.T) {
	linuxFiles := "    files:\n    - from: p\n      to: .\n    - from: LICENSE\n      to: .\n"
	tests := []struct {
		name     string
		old, new string
		wantErr  string
	}{
		{"right", "", "", ""},
		{"right without files", linuxFiles, "", ""},
		{"unknown field", "kind: Plugin", "kind: Plugin\nextra: 1", "extra"},
		{"apiVersion", "v1alpha2", "v1alpha9", "unknown apiVersion"},
		{"kind", "kind: Plugin", "kind: Plug", `kind is "Plug"`},
		{"name characters", "name: meshery", "name: mesh.ery", `name "mesh.ery" has other characters`},
		{"file name", "name: meshery", "name: other", `file "meshery.yaml" is not named for the plugin "other"`},
		{"no short description", "shortDescription: Measure a mesh", "shortDescription: ''", "no shortDescription"},
		{"short description of two lines", "Measure a mesh", "\"a\\nb\"", "more than one line"},
		{"long short description", "Measure a mesh", strings.Repeat("m", 51), "longer than 50 characters"},
		{"version without v", "version: v1.0.0", "version: 1.0.0", `version "1.0.0" is not a semantic version`},
		{"no homepage", "  homepage: https://example.com\n", "", "no homepage"},
		{"no description", "  description: Measures a mesh.\n", "", "no description"},
		{"no uri", "    uri: https://example.com/v1.0.0/p_windows.zip\n", "", "is not an https URL"},
		{"plain http", "uri: https://example.com/v1.0.0/p_linux", "uri: http://example.com/v1.0.0/p_linux", "is not an https URL"},
		{"uri of another version", "example.com/v1.0.0/p_linux", "example.com/v0.9.0/p_linux", "does not belong to version"},
		{"archive not built", "p_linux.tar.gz", "q_linux.tar.gz", "no such file"},
		{"archive kind", "p_linux.tar.gz", "p_linux.tar", "no such file"},
		{"sum of capitals", "sha256: ", "sha256: A", "is not 64 hexadecimal digits"},
		{"other sum", "sha256: ", "sha256: " + strings.Repeat("0", 64) + " #", "sha256 of \"p_linux.tar.gz\" is"},
		{"no bin", "    bin: p\n", "", "no bin"},
		{"bin not there", "bin: p\n", "bin: q\n", `bin "q" is not extracted`},
		{"bin not executable", "bin: p\n    files:\n", "bin: plain\n    files:\n    - from: plain\n      to: .\n", `bin "plain" in "p_linux.tar.gz" is not executable`},
		{"no exe on Windows", "bin: p.exe", "bin: p", ".exe is for Windows"},
		{"exe elsewhere", "bin: p\n", "bin: p.exe\n", ".exe is for Windows"},
		{"no selector", "  - selector:\n      matchLabels:\n        os: linux\n        arch: amd64\n    uri", "  - uri", "must have os and arch"},
		{"other label", "os: linux\n", "os: linux\n        libc: musl\n", "must have os and arch"},
		{"same platform twice", "os: windows", "os: linux", `platform "linux/amd64" is there twice`},
		{"empty files", linuxFiles, "    files: []\n", "files is empty"},
		{"file without from", "from: p\n", "from: ''\n", `has no ""`},
		{"file without to", "from: p\n      to: .", "from: p\n      to: ''", `goes to ""`},
		{"licence not extracted", "    - from: LICENSE\n      to: .\n", "", "LICENSE is not extracted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, text := small(t)
			if tt.old != "" && !strings.Contains(text, tt.old) {
				t.Fatalf("nothing to replace: %q", tt.old)
			}
			path := filepath.Join(t.TempDir(), "meshery.yaml")
			if err := os.WriteFile(path, []byte(strings.Replace(text, tt.old, tt.new, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
			err := checkManifest(path, dir)
			if tt.wantErr == "" && err != nil {
				t.Fatalf("refused: %v", err)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Fatalf("got %v, want an error with %q", err, tt.wantErr)
			}
		})
	}
}

func TestCheckManifestKnowsTwoKindsOfArchive(t *testing.T) {
	dir, text := small(t)
	if err := os.Rename(filepath.Join(dir, "p_linux.tar.gz"), filepath.Join(dir, "p_linux.tgz")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "meshery.yaml")
	if err := os.WriteFile(path, []byte(strings.Replace(text, "p_linux.tar.gz", "p_linux.tgz", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := checkManifest(path, dir); err == nil || !strings.Contains(err.Error(), "neither .tar.gz nor .zip") {
		t.Errorf("got %v, want .tgz refused", err)
	}
}

func TestFillManifest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meshery.yaml.tmpl")
	text := "version: {{ .TagName }}\n    {{ addURIAndSha \"https://x/{{ .TagName }}/p.zip\" .TagName }}\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := fillManifest(path, "v1.0.0", map[string]string{"p.zip": "abc"})
	if want := "version: v1.0.0\n    uri: https://x/v1.0.0/p.zip\n    sha256: abc\n"; err != nil || string(got) != want {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
	if _, err := fillManifest(path, "v1.0.0", nil); err == nil || !strings.Contains(err.Error(), `no archive "p.zip" was packed`) {
		t.Errorf("got %v, want the missing archive named", err)
	}
}
