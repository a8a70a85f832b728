package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/semver"
	"sigs.k8s.io/yaml"
)

var (
	safeName  = regexp.MustCompile(`^[\w-]+$`)
	sha256Hex = regexp.MustCompile(`^[a-f0-9]{64}$`)
)

// krewManifest is the part of krew's Plugin that a manifest of ours may use;
// anything else is refused as an unknown field.
type krewManifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string         `json:"version"`
		Homepage         string         `json:"homepage"`
		ShortDescription string         `json:"shortDescription"`
		Description      string         `json:"description"`
		Caveats          string         `json:"caveats"`
		Platforms        []krewPlatform `json:"platforms"`
	} `json:"spec"`
}

type krewPlatform struct {
	URI      string `json:"uri"`
	Sha256   string `json:"sha256"`
	Bin      string `json:"bin"`
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	Files []krewFile `json:"files"`
}

type krewFile struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// checkManifest holds a manifest to what krew's validation and the reviewers of
// its index ask for, and to the archives in dir.
func checkManifest(manifestFile, dir string) error {
	content, err := os.ReadFile(manifestFile)
	if err != nil {
		return err
	}
	var m krewManifest
	if err := yaml.UnmarshalStrict(content, &m); err != nil {
		return err
	}
	return errors.Join(checkHead(m, filepath.Base(manifestFile)), checkPlatforms(m, dir))
}

func checkHead(m krewManifest, fileName string) error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	s := m.Spec
	bad(m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2", "unknown apiVersion %q", m.APIVersion)
	bad(m.Kind != "Plugin", "kind is %q, not \"Plugin\"", m.Kind)
	bad(!safeName.MatchString(m.Metadata.Name), "name %q has other characters than letters, digits, _ and -", m.Metadata.Name)
	bad(fileName != m.Metadata.Name+".yaml", "file %q is not named for the plugin %q", fileName, m.Metadata.Name)
	bad(s.ShortDescription == "", "no shortDescription")
	bad(strings.ContainsAny(s.ShortDescription, "\r\n"), "shortDescription %q has more than one line", s.ShortDescription)
	bad(utf8.RuneCountInString(s.ShortDescription) > 50, "shortDescription %q is longer than 50 characters", s.ShortDescription)
	bad(!semver.IsValid(s.Version), "version %q is not a semantic version with a v", s.Version)
	bad(s.Homepage == "", "no homepage")
	bad(s.Description == "", "no description")
	bad(len(s.Platforms) == 0, "no platforms")
	return errors.Join(errs...)
}

func checkPlatforms(m krewManifest, dir string) error {
	var errs []error
	seen := map[string]bool{}
	for i, p := range m.Spec.Platforms {
		goos, goarch := p.Selector.MatchLabels["os"], p.Selector.MatchLabels["arch"]
		key := goos + "/" + goarch
		if seen[key] {
			errs = append(errs, fmt.Errorf("platform %q is there twice", key))
		}
		seen[key] = true
		err := errors.Join(checkPlatform(p, m.Spec.Version), checkArchive(p, dir))
		if err != nil {
			errs = append(errs, fmt.Errorf("platform %d (%s): %w", i, key, err))
		}
	}
	return errors.Join(errs...)
}

func checkPlatform(p krewPlatform, version string) error {
	var errs []error
	labels := p.Selector.MatchLabels
	if len(labels) != 2 || labels["os"] == "" || labels["arch"] == "" {
		errs = append(errs, fmt.Errorf("selector %v must have os and arch, and nothing else", labels))
	}
	if u, err := url.Parse(p.URI); err != nil || u.Scheme != "https" || u.Host == "" {
		errs = append(errs, fmt.Errorf("uri %q is not an https URL", p.URI))
	}
	if !strings.Contains(p.URI, "/"+version+"/") {
		errs = append(errs, fmt.Errorf("uri %q does not belong to version %q", p.URI, version))
	}
	if !sha256Hex.MatchString(p.Sha256) {
		errs = append(errs, fmt.Errorf("sha256 %q is not 64 hexadecimal digits", p.Sha256))
	}
	if p.Bin == "" {
		errs = append(errs, errors.New("no bin"))
	}
	if exe := strings.HasSuffix(p.Bin, ".exe"); exe != (labels["os"] == "windows") {
		errs = append(errs, fmt.Errorf("bin %q: .exe is for Windows, and only for Windows", p.Bin))
	}
	if p.Files != nil && len(p.Files) == 0 {
		errs = append(errs, errors.New("files is empty; leave it out or name files"))
	}
	return errors.Join(errs...)
}

// checkArchive looks into the archive itself: the sum is its sum, and the
// program and the licence are in it and get extracted.
func checkArchive(p krewPlatform, dir string) error {
	name := path.Base(p.URI)
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	var errs []error
	if sum := fmt.Sprintf("%x", sha256.Sum256(content)); sum != p.Sha256 {
		errs = append(errs, fmt.Errorf("sha256 of %q is %s, not %s", name, sum, p.Sha256))
	}
	files, err := unpack(name, content)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	installed := map[string]file{}
	if p.Files == nil {
		installed = files
	}
	for _, op := range p.Files {
		f, ok := files[op.From]
		if !ok {
			errs = append(errs, fmt.Errorf("%q has no %q", name, op.From))
			continue
		}
		if op.To != "." {
			errs = append(errs, fmt.Errorf("%q goes to %q, not to \".\"", op.From, op.To))
		}
		installed[op.From] = f
	}
	if _, ok := installed["LICENSE"]; !ok {
		errs = append(errs, fmt.Errorf("LICENSE is not extracted from %q", name))
	}
	if program, ok := installed[p.Bin]; !ok {
		errs = append(errs, fmt.Errorf("bin %q is not extracted from %q", p.Bin, name))
	} else if program.mode&0o111 == 0 {
		errs = append(errs, fmt.Errorf("bin %q in %q is not executable", p.Bin, name))
	}
	return errors.Join(errs...)
}
