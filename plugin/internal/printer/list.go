package printer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// List is an object with a field "items", its last, that may be long. As JSON it is
// written item by item, so that it is never in memory as a whole.
type List interface {
	// Split is the object with no items ("items": []), and its items.
	Split() (head any, items iter.Seq[any])
}

var noItems = []byte("[]\n}\n")

func writeList(out io.Writer, l List) error {
	head, items := l.Split()
	raw, err := encode(head)
	if err != nil {
		return fmt.Errorf("encode for output: %w", err)
	}
	before, found := bytes.CutSuffix(raw, noItems)
	if !found {
		return errors.New("encode for output: a list does not end with its items")
	}
	if _, err := out.Write(before); err != nil {
		return err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("    ", "  ")
	e.SetEscapeHTML(false)
	between := "[\n    "
	for item := range items {
		b.Reset()
		if err := e.Encode(item); err != nil {
			return fmt.Errorf("encode for output: %w", err)
		}
		if _, err := io.WriteString(out, between); err != nil {
			return err
		}
		if _, err := out.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n"))); err != nil {
			return err
		}
		between = ",\n    "
	}
	end := "\n  ]\n}\n"
	if between[0] == '[' {
		end = string(noItems)
	}
	_, err = io.WriteString(out, end)
	return err
}
