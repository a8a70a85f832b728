package smp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Detect tells whether data is an SMP file, as far as its top-level fields say. A
// Test, which has apiVersion and kind, never is.
func Detect(data []byte) bool {
	var top any
	if yaml.NewDecoder(bytes.NewReader(data)).Decode(&top) != nil {
		return false
	}
	o := (&reader{}).object("", top)
	if o.has("apiversion") || o.has("kind") {
		return false
	}
	for _, name := range []string{"test", "client"} {
		if _, ok := o.fields[name].value.(map[string]any); ok {
			return true
		}
	}
	return o.has("smpversion") || o.has("smpsversion") || o.has("clients")
}

// decode reads the one document in data.
func decode(data []byte) (any, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var only any
	for {
		var v any
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
		}
		if v == nil {
			continue // comments only
		}
		if only != nil {
			return nil, errors.New("several documents stand in one file, and a run takes one: put each into a file of its own")
		}
		only = v
	}
	if only == nil {
		return nil, errors.New("it is empty")
	}
	return only, nil
}

// reader collects what is wrong in a file and what it says that has no meaning
// here, so that one reading shows it all.
type reader struct {
	problems, warnings []string
}

func (r *reader) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *reader) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// err is all that is wrong with what was read, in one line.
func (r *reader) err(what string) error {
	const shown = 8
	switch n := len(r.problems); {
	case n == 0:
		return nil
	case n > shown:
		return fmt.Errorf("SMP %s: %s; and %d more", what, strings.Join(r.problems[:shown], "; "), n-shown)
	}
	return fmt.Errorf("SMP %s: %s", what, strings.Join(r.problems, "; "))
}
