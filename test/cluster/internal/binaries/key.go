package binaries

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// key names the set's directory in the cache: readable name and version, then a
// digest of all that can change the programs.
func (s set) key(source, goVersion string) (string, error) {
	h := sha256.New()
	field := func(name, value string) { fmt.Fprintf(h, "%s=%d:%s\n", name, len(value), value) }
	field("platform", runtime.GOOS+"/"+runtime.GOARCH)
	if s.debian != nil {
		release := debianRelease()
		field("package", s.debian.name)
		field("files", fmt.Sprint(s.programs()))
		return fmt.Sprintf("%s-%s-%s", s.name, release, digest(h.Sum(nil))), nil
	}
	field("go", goVersion)
	field("flags", strings.Join(s.flags(), " "))
	field("programs", fmt.Sprint(s.programs()))
	for _, p := range s.programs() {
		field(p, s.main[p])
	}
	dir := filepath.Join(source, s.name)
	files, err := sourceFiles(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return "", err
		}
		field(f, string(b))
	}
	version := "local"
	if s.module != "" {
		gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			return "", err
		}
		if version, err = requiredVersion(string(gomod), s.module); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s-%s-%s", s.name, version, digest(h.Sum(nil))), nil
}

func digest(sum []byte) string { return hex.EncodeToString(sum)[:12] }

// sourceFiles lists what of a module's directory decides about the build.
func sourceFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		n := e.Name()
		if n == "go.mod" || n == "go.sum" || (strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go")) {
			names = append(names, n)
		}
	}
	if !slices.Contains(names, "go.mod") {
		return nil, fmt.Errorf("%q holds no go.mod", dir)
	}
	slices.Sort(names)
	return names, nil
}

// requiredVersion finds the version at which a go.mod requires a module.
func requiredVersion(gomod, module string) (string, error) {
	for line := range strings.Lines(gomod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && f[0] == module && strings.HasPrefix(f[1], "v") {
			return f[1], nil
		}
	}
	return "", fmt.Errorf("go.mod does not require %q", module)
}

// debianRelease names the system a Debian package is for: another release means
// another C library and thus another build.
func debianRelease() string {
	b, err := os.ReadFile("/etc/os-release")
	if errors.Is(err, fs.ErrNotExist) {
		return "unknown"
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			fields[k] = strings.Trim(v, `"`)
		}
	}
	if fields["ID"] == "" {
		return "unknown"
	}
	return strings.Trim(fields["ID"]+"-"+fields["VERSION_CODENAME"], "-")
}
