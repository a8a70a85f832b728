package document

import (
	"bytes"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"
)

// ParseTest reads a Test from YAML or JSON. Unknown fields and a second document
// are errors. The Test is neither defaulted nor validated.
func ParseTest(data []byte) (*Test, error) {
	data, err := onlyDocument(data)
	if err != nil {
		return nil, err
	}
	t := &Test{Spec: Spec{Load: Load{Rate: RateUnset}}}
	if err := yaml.UnmarshalStrict(data, t); err != nil {
		return nil, fmt.Errorf("test document: %s", plainYAMLError(err))
	}
	if t.APIVersion != APIVersion || t.Kind != KindTest {
		return nil, fmt.Errorf("test document: apiVersion %q and kind %q found, %q and %q expected",
			t.APIVersion, t.Kind, APIVersion, KindTest)
	}
	return t, nil
}

// onlyDocument is the one YAML document in data. The decoder would read the first
// and be silent about the others.
func onlyDocument(data []byte) ([]byte, error) {
	var only, current []byte
	found, content := 0, false
	end := func() {
		if content {
			found++
			only = current
		}
		current, content = nil, false
	}
	for line := range bytes.Lines(data) {
		text := bytes.TrimRight(line, "\r\n")
		rest, marker := bytes.CutPrefix(text, []byte("---"))
		marker = marker && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
		if marker || bytes.Equal(bytes.TrimRight(text, " \t"), []byte("...")) {
			end()
			text = rest
			if !marker {
				continue
			}
		}
		trimmed := bytes.TrimSpace(text)
		content = content || len(trimmed) > 0 && trimmed[0] != '#'
		// The marker's line stays a line, so that errors name the right one of the document.
		current = append(append(current, text...), '\n')
	}
	end()
	switch found {
	case 0:
		return nil, errors.New("test document: it is empty; docs/run.md shows one")
	case 1:
		return only, nil
	}
	return nil, fmt.Errorf("test document: %d documents stand in one file, and a run takes one: put each into a file of its own", found)
}
