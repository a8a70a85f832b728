package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.com/m\n\ngo 1.26.0\n",
		"main.go":      "package main\n\nfunc main() { stop() }\n",
		"stop_unix.go": "//go:build unix\n\npackage main\n\nimport \"syscall\"\n\nfunc stop() { syscall.Kill(1, syscall.SIGSTOP) }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ platform, wantErr string }{
		{"linux/amd64", ""},
		{"darwin/arm64", ""},
		{"windows/amd64", "undefined: stop"},
		{"plan10/amd64", "unsupported GOOS/GOARCH pair"},
		{"linux", "write a platform as linux/amd64"},
	} {
		err := check(dir, "./...", tt.platform)
		if tt.wantErr == "" && err != nil {
			t.Errorf("%s: %v", tt.platform, err)
		}
		if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
			t.Errorf("%s: got %v, want an error with %q", tt.platform, err, tt.wantErr)
		}
	}
	if err := check(dir, "./nothing/...", "linux/amd64"); err == nil {
		t.Error("no packages were found, and that was no error")
	}
}
