package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const goMod = `module example.com/m

go 1.26.0

tool example.com/tools/cmd/gen

require (
	example.com/direct v1.0.0
	example.com/indirect v1.0.0 // indirect
	example.com/tools v1.0.0 // indirect
)
`

func TestCheck(t *testing.T) {
	const both = "## `go.mod`\n| module | licence | why |\n|---|---|---|\n" +
		"| `example.com/direct` | MIT | speaks HTTP |\n| `example.com/tools` | MIT | generates |\n"
	tests := []struct {
		name, document, wantErr string
	}{
		{"all listed", both, ""},
		{"missing", strings.Replace(both, "| `example.com/direct` | MIT | speaks HTTP |\n", "", 1), `does not say why go.mod requires "example.com/direct"`},
		{"missing tool", strings.Replace(both, "| `example.com/tools` | MIT | generates |\n", "", 1), `does not say why go.mod requires "example.com/tools"`},
		{"left over", both + "| `example.com/indirect` | MIT | was used once |\n", `lists "example.com/indirect", which go.mod does not require directly`},
		{"without a reason", strings.Replace(both, "speaks HTTP", " ", 1), "docs/dependencies.md:4: empty column"},
		{"other module", both + "## `other/go.mod`\n| `example.com/x` | MIT | why |\n", `lists "example.com/x", which other/go.mod does not require`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, "go.mod"), goMod)
			write(t, filepath.Join(root, document), tt.document)
			err := check(root)
			if tt.wantErr == "" && err != nil {
				t.Fatalf("check: %v", err)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Fatalf("check: got %v, want an error with %q", err, tt.wantErr)
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
