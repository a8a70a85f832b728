package printer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

const (
	formats        = "json, yaml, name, jsonpath=EXPRESSION, table or wide"
	jsonPathPrefix = "jsonpath="
)

// Flags is the -o flag of a command. The zero value prints a table.
type Flags struct {
	// Output is table, wide, json, yaml, name or jsonpath=EXPRESSION; empty
	// means table.
	Output string
}

// Named is an object that -o name can print: TYPE/ID, one each.
type Named interface {
	ObjectNames() []string
}

// Document is JSON that exists already, such as an archived Result: -o json
// writes exactly these bytes.
type Document struct {
	Raw []byte
	// Name is TYPE/ID for -o name.
	Name string
}

// ObjectNames implements Named.
func (d Document) ObjectNames() []string { return []string{d.Name} }

// AddFlags adds -o.
func (f *Flags) AddFlags(fs *pflag.FlagSet) {
	fs.StringVarP(&f.Output, "output", "o", f.Output, "Output format: "+formats)
}

// Wide says whether the table may be wider than 80 columns and hold everything.
func (f *Flags) Wide() bool { return f.Output == "wide" }

// IsTable says whether a person is addressed, not a program.
func (f *Flags) IsTable() bool {
	return f.Output == "" || f.Output == "table" || f.Output == "wide"
}

// Validate finds an unknown format or a jsonpath that cannot be parsed, as a
// usage error. Commands call it before they do anything.
func (f *Flags) Validate() error {
	switch {
	case f.IsTable(), f.Output == "json", f.Output == "yaml", f.Output == "name":
		return nil
	case f.Output == "jsonpath" || f.Output == jsonPathPrefix:
		return exit.Usagef("-o jsonpath lacks an expression: write for example -o jsonpath='{.metadata.name}'")
	case strings.HasPrefix(f.Output, jsonPathPrefix):
		_, err := f.jsonPath()
		return err
	}
	return exit.Usagef("output format %q is unknown: use %s", f.Output, formats)
}

// NoNames refuses -o name, for commands whose objects have none. They call it
// beside Validate, before they do anything.
func (f *Flags) NoNames() error {
	if f.Output == "name" {
		return exit.Usagef("output format %q does not fit here, for what is printed has no name: use json, yaml, jsonpath=EXPRESSION or table", f.Output)
	}
	return nil
}

// Print writes obj to out in the chosen format. obj is anything that encodes as
// JSON, a *document.Result or a Document; table writes the table and wide forms; nil
// means that there are none.
func (f *Flags) Print(out io.Writer, obj any, table func(w io.Writer) error) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if f.IsTable() {
		if table == nil {
			return exit.Usagef("output format %q does not fit here, for there is no table of it: use json or yaml", f.Output)
		}
		return table(out)
	}
	if f.Output == "name" {
		return printNames(out, obj)
	}
	if list, ok := obj.(List); ok && f.Output == "json" {
		return writeList(out, list)
	}
	raw, err := encode(obj)
	if err != nil {
		return fmt.Errorf("encode for output: %w", err)
	}
	switch f.Output {
	case "json":
		_, err = out.Write(raw)
		return err
	case "yaml":
		return (&printers.YAMLPrinter{}).PrintObj(&runtime.Unknown{Raw: raw}, out)
	}
	p, err := f.jsonPath()
	if err != nil {
		return err
	}
	data, err := decode(raw)
	if err != nil {
		return fmt.Errorf("decode for jsonpath: %w", err)
	}
	// The printer's own PrintObj would put the whole object into its errors.
	if err := p.Execute(out, data); err != nil {
		return fmt.Errorf("jsonpath %q: %w", strings.TrimPrefix(f.Output, jsonPathPrefix), err)
	}
	return nil
}

// doubleQuotedKey is ["key"], which the jsonpath library knows only as ['key'].
var doubleQuotedKey = regexp.MustCompile(`\["([^"'\\]*)"\]`)

// jsonPath parses the expression. Kubectl's braces may be left out around a
// single path.
func (f *Flags) jsonPath() (*printers.JSONPathPrinter, error) {
	given := strings.TrimPrefix(f.Output, jsonPathPrefix)
	expression := given
	if !strings.Contains(given, "{") {
		expression = "{." + strings.TrimLeft(given, "$.") + "}"
	}
	expression = doubleQuotedKey.ReplaceAllString(expression, "['$1']")
	p, err := printers.NewJSONPathPrinter(expression)
	if err != nil {
		return nil, exit.Usagef("jsonpath %q cannot be parsed: %w; write for example -o jsonpath='{.metadata.name}'", given, err)
	}
	p.AllowMissingKeys(true) // as kubectl get: an absent percentile is empty, not an error
	return p, nil
}

func printNames(out io.Writer, obj any) error {
	var names []string
	switch o := obj.(type) {
	case Named:
		names = o.ObjectNames()
	case *document.Result:
		names = []string{"result/" + o.Metadata.RunID}
	default:
		return exit.Usagef("output format %q does not fit here, for what is printed has no name: use json, yaml or table", "name")
	}
	for _, n := range names {
		if _, err := fmt.Fprintln(out, Escape(n)); err != nil {
			return err
		}
	}
	return nil
}

func encode(obj any) ([]byte, error) {
	switch o := obj.(type) {
	case Document:
		return o.Raw, nil
	case *document.Result:
		return document.Marshal(o)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(obj)
	return b.Bytes(), err
}
