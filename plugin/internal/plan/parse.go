package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// Parse reads a Plan from YAML or JSON. Unknown fields, also those of Tests and
// patches in it, and a second document are errors; they name the line. The Plan is
// neither defaulted nor validated.
func Parse(data []byte) (*Plan, error) {
	root, err := onlyDocument(data)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	// What is something else has other fields too.
	var is struct{ Kind string }
	if root.Decode(&is) == nil && is.Kind != "" && is.Kind != Kind {
		return nil, fmt.Errorf("plan: kind %q found, %q expected; docs/bench.md shows one", is.Kind, Kind)
	}
	p := &Plan{}
	err = yaml.UnmarshalStrict(data, p)
	// The shape is checked in any case, for no type stands behind the parts of a
	// Test; what it finds has a line.
	if wrong := checkShape(root); wrong != nil {
		err = wrong
	}
	if err != nil {
		return nil, fmt.Errorf("plan: %s", plain(err))
	}
	if p.APIVersion != document.APIVersion || p.Kind != Kind {
		return nil, fmt.Errorf("plan: apiVersion %q and kind %q found, %q and %q expected",
			p.APIVersion, p.Kind, document.APIVersion, Kind)
	}
	return p, nil
}

// onlyDocument is the one document in data.
func onlyDocument(data []byte) (*yamlv3.Node, error) {
	var only *yamlv3.Node
	for d := yamlv3.NewDecoder(bytes.NewReader(data)); ; {
		var n yamlv3.Node
		err := d.Decode(&n)
		switch {
		case errors.Is(err, io.EOF) && only == nil:
			return nil, errors.New("it is empty; docs/bench.md shows one")
		case errors.Is(err, io.EOF):
			return only, nil
		case err != nil:
			return nil, errors.New(plain(err))
		case len(n.Content) == 0 || n.Content[0].Tag == "!!null":
			continue // nothing between two markers
		case only != nil:
			return nil, fmt.Errorf("line %d: a second document begins, and a bench takes one: put each into a file of its own", n.Content[0].Line)
		}
		only = n.Content[0]
	}
}

// plain is what a decoder found, in one line and without its own names.
func plain(err error) string {
	s := strings.Join(strings.Fields(err.Error()), " ")
	for _, prefix := range []string{"error unmarshaling JSON: ", "error converting YAML to JSON: ", "while decoding JSON: ", "json: ", "yaml: ", "unmarshal errors: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}
