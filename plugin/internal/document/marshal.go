package document

import (
	"bytes"
	"encoding/json"
)

// Marshal is the one encoding of a Result: indented JSON with a newline at its
// end. What is archived and what -o json prints are these bytes, so that a
// printed Result can be checked against the sha256 of the archived one.
func Marshal(r *Result) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // URLs stay readable; nothing here ends up inside HTML unescaped
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
