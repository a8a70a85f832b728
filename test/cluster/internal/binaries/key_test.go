package binaries

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

const gomod = `module example.test/x

go 1.26.0

tool example.test/tool/cmd/a

require (
	example.test/tool v1.2.3
	example.test/tool/v2 v2.0.0 // indirect
)
require example.test/single v0.1.0
`

func TestRequiredVersion(t *testing.T) {
	for _, tc := range []struct{ module, want string }{
		{"example.test/tool", "v1.2.3"},
		{"example.test/tool/v2", "v2.0.0"},
		{"example.test/single", "v0.1.0"},
		{"example.test/x", ""},
		{"example.test/tool/cmd/a", ""},
	} {
		got, err := requiredVersion(gomod, tc.module)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: %q, %v, want %q", tc.module, got, err, tc.want)
		}
	}
}

func TestKeyFollowsWhatDecidesTheBuild(t *testing.T) {
	source := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(source, "x", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", gomod)
	write("go.sum", "sum")
	write("main.go", "package main")
	first := set{name: "x", module: "example.test/tool", main: map[string]string{"a": "example.test/tool/cmd/a"}}
	key := func(s set, goVersion string) string {
		t.Helper()
		k, err := s.key(source, goVersion)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	base := key(first, "go1.26.8")
	if !regexp.MustCompile(`^x-v1\.2\.3-[0-9a-f]{12}$`).MatchString(base) {
		t.Errorf("key %q", base)
	}
	if again := key(first, "go1.26.8"); again != base {
		t.Errorf("key changed from %q to %q", base, again)
	}
	different := map[string]string{"same": base}
	check := func(what, k string) {
		t.Helper()
		for other, have := range different {
			if have == k {
				t.Errorf("%q and %q have one key %q", what, other, k)
			}
		}
		different[what] = k
	}
	check("Go version", key(first, "go1.26.9"))
	tagged := first
	tagged.tags = "seccomp"
	check("tags", key(tagged, "go1.26.8"))
	stamped := first
	stamped.ldflags = " -X a=b"
	check("linker flags", key(stamped, "go1.26.8"))
	more := first
	more.main = map[string]string{"a": "example.test/tool/cmd/a", "b": "example.test/tool/cmd/b"}
	check("programs", key(more, "go1.26.8"))
	write("go.sum", "other sum")
	check("go.sum", key(first, "go1.26.8"))
	write("main.go", "package main // changed")
	check("source", key(first, "go1.26.8"))
	changed := key(first, "go1.26.8")
	write("README.md", "text")
	write("main_test.go", "package main")
	if k := key(first, "go1.26.8"); k != changed {
		t.Error("a text or a test changes the key")
	}
}

func TestOwnSetsHaveKeys(t *testing.T) {
	source, err := Source(".")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range sets {
		k, err := s.key(source, "go1.26.8")
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if seen[k] {
			t.Errorf("two sets have the key %q", k)
		}
		seen[k] = true
	}
	names := map[string]bool{}
	for _, n := range Names() {
		if names[n] {
			t.Errorf("program %q is in two sets", n)
		}
		names[n] = true
	}
}

// The version stamped into Kubernetes is a constant here and a requirement there.
func TestKubernetesVersionIsTheRequiredOne(t *testing.T) {
	source, err := Source(".")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(source, "kubernetes", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := requiredVersion(string(b), "k8s.io/kubernetes"); v != kubernetesVersion || err != nil {
		t.Errorf("go.mod requires %q (%v), the programs are stamped %q", v, err, kubernetesVersion)
	}
}
