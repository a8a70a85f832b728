package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	yamlv3 "go.yaml.in/yaml/v3"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// checkShape holds a YAML document against the type of a Plan. The decoder does
// so as well, but knows no lines.
func checkShape(root *yamlv3.Node) error {
	s := shape{}
	return s.check(root, reflect.TypeFor[Plan](), "")
}

// mostNodes bounds how much is looked at: aliases can make a small file large.
const mostNodes = 1_000_000

type shape struct {
	nodes int
	// aliases are those that lead to where the check is.
	aliases []*yamlv3.Node
}

// check finds the first field below n that the type t does not have, or whose
// value is not of its kind. path is where n stands.
func (s *shape) check(n *yamlv3.Node, t reflect.Type, path string) error {
	if s.nodes++; s.nodes > mostNodes {
		return fmt.Errorf("line %d: the document is too large", n.Line)
	}
	for n.Kind == yamlv3.AliasNode {
		if slices.Contains(s.aliases, n) {
			return fmt.Errorf("line %d: what *%s stands for contains itself", n.Line, n.Value)
		}
		s.aliases = append(s.aliases, n)
		defer func(depth int) { s.aliases = s.aliases[:depth] }(len(s.aliases) - 1)
		n = n.Alias
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[Part]() {
		t = reflect.TypeFor[document.Spec]()
	}
	wrong := func(expected string) error {
		where := ""
		if path != "" {
			where = path + ": "
		}
		return fmt.Errorf("line %d: %s%s is expected, not %s", n.Line, where, expected, found(n))
	}
	switch {
	case n.Tag == "!!null": // not given, or taken away by a patch
		return nil
	case t == reflect.TypeFor[document.Duration]():
		if _, err := time.ParseDuration(n.Value); err != nil || n.Kind != yamlv3.ScalarNode {
			return wrong(`a number with a unit such as "30s"`)
		}
		return nil
	case t == reflect.TypeFor[document.Rate](), t == reflect.TypeFor[[]byte]():
		return nil // it has a text of its own
	}
	switch t.Kind() {
	case reflect.Struct:
		if n.Kind != yamlv3.MappingNode {
			return wrong("a mapping")
		}
		return s.checkFields(n, t, path)
	case reflect.Map:
		if n.Kind != yamlv3.MappingNode {
			return wrong("a mapping")
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			of, below := t.Elem(), join(path, n.Content[i].Value)
			if n.Content[i].Tag == "!!merge" {
				of, below = t, path
			}
			if err := s.check(n.Content[i+1], of, below); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if n.Kind != yamlv3.SequenceNode {
			return wrong("a list")
		}
		for i, item := range n.Content {
			if err := s.check(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	case reflect.String: // a number is taken for its text
		if n.Kind != yamlv3.ScalarNode {
			return wrong("text")
		}
	case reflect.Bool: // "yes" and "on" are for the decoder to read
		if n.Kind != yamlv3.ScalarNode {
			return wrong("true or false")
		}
	case reflect.Float64:
		if n.Tag != "!!int" && n.Tag != "!!float" {
			return wrong("a number")
		}
	case reflect.Uint64:
		if n.Tag != "!!int" || strings.HasPrefix(n.Value, "-") {
			return wrong("a whole number of 0 or more")
		}
	default:
		if n.Tag != "!!int" {
			return wrong("a whole number")
		}
	}
	return nil
}

// checkFields looks for the fields of a mapping in a struct.
func (s *shape) checkFields(n *yamlv3.Node, t reflect.Type, path string) error {
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			if value.Kind == yamlv3.SequenceNode {
				continue // of several mappings, which the decoder looks at
			}
			if err := s.check(value, t, path); err != nil {
				return err
			}
			continue
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s stands twice", key.Line, join(path, key.Value))
		}
		seen[key.Value] = true
		field, known := fields[key.Value]
		if !known {
			return fmt.Errorf("line %d: unknown field %q%s", key.Line, key.Value, below(path))
		}
		if err := s.check(value, field, join(path, key.Value)); err != nil {
			return err
		}
	}
	return nil
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}

func below(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// found names what stands where something else is expected.
func found(n *yamlv3.Node) string {
	switch {
	case n.Kind == yamlv3.MappingNode:
		return "a mapping"
	case n.Kind == yamlv3.SequenceNode:
		return "a list"
	case n.Tag == "!!int", n.Tag == "!!float":
		return "the number " + n.Value
	case n.Tag == "!!bool":
		return "true or false"
	}
	return "text"
}
