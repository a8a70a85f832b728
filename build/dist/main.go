// Command dist packs the plugin's binaries into one archive per platform, with
// their checksums and a krew manifest that points to them. The same inputs give
// the same bytes.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// manifestName is the plugin's name in krew, and so the subcommand of kubectl.
const manifestName = "meshery"

type options struct {
	version, platforms            string
	binaries, license, completion string
	template, out                 string
	modified                      int64
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("dist", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.version, "version", "", "Version of the release, such as v0.1.0")
	flags.StringVar(&o.platforms, "platforms", "", "Platforms, such as linux/amd64,windows/amd64")
	flags.StringVar(&o.binaries, "binaries", "", "Folder with OS_ARCH/kubectl-meshery for every platform")
	flags.StringVar(&o.license, "license", "", "Licence file that goes into every archive")
	flags.StringVar(&o.completion, "completion", "", "Completion script that goes into every archive but Windows'")
	flags.StringVar(&o.template, "template", "", "Template of the krew manifest")
	flags.StringVar(&o.out, "out", "", "Folder to write to")
	flags.Int64Var(&o.modified, "time", 0, "Time of the files in the archives, seconds since 1970")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !semver.IsValid(o.version) || semver.Canonical(o.version) != strings.SplitN(o.version, "+", 2)[0] {
		return fmt.Errorf("bad version %q; give a semantic version such as v0.1.0", o.version)
	}
	names, err := archives(o)
	if err != nil {
		return err
	}
	sums, err := checksums(o.out, names)
	if err != nil {
		return err
	}
	manifest, err := fillManifest(o.template, o.version, sums)
	if err != nil {
		return err
	}
	path := filepath.Join(o.out, "krew", manifestName+".yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, manifest, 0o644); err != nil {
		return err
	}
	if err := checkManifest(path, o.out); err != nil {
		return fmt.Errorf("krew would refuse %q: %w", path, err)
	}
	for _, n := range append(names, "checksums.txt", "krew/"+manifestName+".yaml") {
		fmt.Fprintln(stdout, filepath.Join(o.out, n))
	}
	return nil
}

// archives packs every platform and returns the names of the files, sorted.
func archives(o options) ([]string, error) {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return nil, err
	}
	license, err := os.ReadFile(o.license)
	if err != nil {
		return nil, err
	}
	completion, err := os.ReadFile(o.completion)
	if err != nil {
		return nil, err
	}
	var names []string
	for platform := range strings.SplitSeq(o.platforms, ",") {
		goos, goarch, ok := strings.Cut(platform, "/")
		if !ok {
			return nil, fmt.Errorf("bad platform %q; write it as linux/amd64", platform)
		}
		program := "kubectl-" + manifestName
		if goos == "windows" {
			program += ".exe"
		}
		binary, err := os.ReadFile(filepath.Join(o.binaries, goos+"_"+goarch, program))
		if err != nil {
			return nil, fmt.Errorf("no plugin for %q: %w; build it first", platform, err)
		}
		files := []file{{program, 0o755, binary}, {"LICENSE", 0o644, license}}
		name := fmt.Sprintf("kubectl-%s_%s_%s_%s", manifestName, o.version, goos, goarch)
		pack := packTarGz
		if goos == "windows" {
			name += ".zip"
			pack = packZip
		} else {
			name += ".tar.gz"
			// kubectl looks for a program of this name; Windows could not run a script.
			files = append(files, file{"kubectl_complete-" + manifestName, 0o755, completion})
		}
		content, err := pack(files, time.Unix(o.modified, 0).UTC())
		if err != nil {
			return nil, fmt.Errorf("pack %q: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(o.out, name), content, 0o644); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// checksums writes checksums.txt, in the form that `sha256sum -c` reads, and
// returns the sums by file name.
func checksums(dir string, names []string) (map[string]string, error) {
	sums := map[string]string{}
	var text strings.Builder
	for _, n := range names {
		content, err := os.ReadFile(filepath.Join(dir, n))
		if err != nil {
			return nil, err
		}
		sums[n] = fmt.Sprintf("%x", sha256.Sum256(content))
		fmt.Fprintf(&text, "%s  %s\n", sums[n], n)
	}
	return sums, os.WriteFile(filepath.Join(dir, "checksums.txt"), []byte(text.String()), 0o644)
}
