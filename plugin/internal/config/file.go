package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// File is the configuration file.
type File struct {
	// Archive is used in every kubeconfig context.
	Archive Archive `json:"archive,omitzero"`
	// Contexts hold what is different in one, by its name.
	Contexts map[string]Context `json:"contexts,omitempty"`
}

// Context is what is different in one kubeconfig context.
type Context struct {
	Archive Archive `json:"archive,omitzero"`
}

// Archive says where Results live. Empty fields mean: as said elsewhere.
// Credentials do not belong here.
type Archive struct {
	URL       string `json:"url,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"`
	Region    string `json:"region,omitempty"`
	PathStyle *bool  `json:"pathStyle,omitempty"`
	CAFile    string `json:"caFile,omitempty"`
	Profile   string `json:"profile,omitempty"`
}

// Load reads the configuration file; one that is not there is empty. Unknown
// fields are errors. A relative caFile is relative to the file's folder.
func Load(name string) (*File, error) {
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	f := &File{}
	if err := yaml.UnmarshalStrict(raw, f); err != nil {
		text := strings.ReplaceAll(err.Error(), "\n", " ")
		for _, noise := range []string{"error unmarshaling JSON: ", "error converting YAML to JSON: ", "while decoding JSON: ", "json: ", "yaml: "} {
			text = strings.TrimPrefix(text, noise)
		}
		return nil, fmt.Errorf("configuration %q: %s; correct it, docs/archive.md shows what it may hold", name, text)
	}
	f.Archive.locate(filepath.Dir(name))
	for k, c := range f.Contexts {
		c.Archive.locate(filepath.Dir(name))
		f.Contexts[k] = c
	}
	return f, nil
}

func (a *Archive) locate(dir string) {
	if a.CAFile != "" && !filepath.IsAbs(a.CAFile) {
		a.CAFile = filepath.Join(dir, a.CAFile)
	}
}
