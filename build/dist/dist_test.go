package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const testVersion = "v9.8.7"

// makeDist runs what people run, and returns the folder. Only the plugin for this
// machine is compiled: compiling it for five platforms takes many minutes, and make
// lint checks that it could be. The others have a stand-in.
func makeDist(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("make", append(args, "-C", filepath.Join("..", ".."), "VERSION="+testVersion, "DIST="+dist)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("make %v: %v\n%s", args, err, out)
		}
	}
	own := runtime.GOOS + "/" + runtime.GOARCH
	run("dist-build", "PLUGIN_PLATFORMS="+own)
	for _, path := range []string{
		"linux_amd64/kubectl-meshery", "linux_arm64/kubectl-meshery", "darwin_amd64/kubectl-meshery",
		"darwin_arm64/kubectl-meshery", "windows_amd64/kubectl-meshery.exe",
	} {
		if strings.HasPrefix(path, strings.Replace(own, "/", "_", 1)+"/") {
			continue
		}
		path = filepath.Join(dist, "bin", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("stands in for the plugin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run("dist-pack")
	return dist
}

func TestDist(t *testing.T) {
	dist := makeDist(t)
	for platform, want := range map[string][]string{
		"linux_amd64.tar.gz":  {"kubectl-meshery", "kubectl_complete-meshery", "LICENSE"},
		"linux_arm64.tar.gz":  {"kubectl-meshery", "kubectl_complete-meshery", "LICENSE"},
		"darwin_amd64.tar.gz": {"kubectl-meshery", "kubectl_complete-meshery", "LICENSE"},
		"darwin_arm64.tar.gz": {"kubectl-meshery", "kubectl_complete-meshery", "LICENSE"},
		"windows_amd64.zip":   {"kubectl-meshery.exe", "LICENSE"},
	} {
		files := archiveFiles(t, filepath.Join(dist, "kubectl-meshery_"+testVersion+"_"+platform))
		if len(files) != len(want) {
			t.Errorf("%s has %d files, want %v", platform, len(files), want)
		}
		for _, name := range want {
			if len(files[name].data) == 0 {
				t.Errorf("%s has no %s", platform, name)
			}
		}
	}
	if err := checkManifest(filepath.Join(dist, "krew", "meshery.yaml"), dist); err != nil {
		t.Errorf("the krew manifest: %v", err)
	}
	t.Run("checksums", func(t *testing.T) {
		cmd := exec.Command("sha256sum", "--check", "--strict", "checksums.txt")
		cmd.Dir = dist
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Count(string(out), ": OK") != 5 {
			t.Errorf("sha256sum: %v\n%s", err, out)
		}
	})
	t.Run("install by hand", func(t *testing.T) {
		if got := runInstalled(t, installByHand(t, dist), "version", "--client"); !strings.Contains(got, testVersion) {
			t.Errorf("version printed %q, want %s in it", got, testVersion)
		}
	})
	t.Run("reproducible", func(t *testing.T) {
		again := makeDist(t)
		first, second := readFile(t, filepath.Join(dist, "checksums.txt")), readFile(t, filepath.Join(again, "checksums.txt"))
		if !bytes.Equal(first, second) {
			t.Errorf("two builds of the same inputs differ:\n%s\n%s", first, second)
		}
	})
}

// installByHand unpacks this machine's archive with tar, as docs/install.md
// says, and returns the folder.
func installByHand(t *testing.T, dist string) string {
	t.Helper()
	archive := filepath.Join(dist, "kubectl-meshery_"+testVersion+"_"+runtime.GOOS+"_"+runtime.GOARCH+".tar.gz")
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	return dir
}

// runInstalled runs the program by its own name, without kubectl.
func runInstalled(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(dir, "kubectl-meshery"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl-meshery %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func archiveFiles(t *testing.T, path string) map[string]file {
	t.Helper()
	files, err := unpack(path, readFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestVersionMustBeSemantic(t *testing.T) {
	for _, version := range []string{"", "dev", "1.2.3", "v1.2", "v1.2.3.4"} {
		err := run([]string{"-version", version, "-out", t.TempDir()}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "bad version") {
			t.Errorf("version %q: got %v, want it refused", version, err)
		}
	}
}
