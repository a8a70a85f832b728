// Command dependencies checks that docs/dependencies.md gives a reason for every
// direct dependency of every go.mod in the repository, and for nothing else.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

func main() {
	root := flag.String("root", "..", "Folder of the repository")
	flag.Parse()
	if err := check(*root); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

// document is the list, relative to the root.
const document = "docs/dependencies.md"

func check(root string) error {
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		return err
	}
	listed, err := parseDocument(string(text))
	if err != nil {
		return err
	}
	required, err := findRequired(root)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range slices.Sorted(maps.Keys(required)) {
		for _, m := range required[file] {
			if !slices.Contains(listed[file], m) {
				errs = append(errs, fmt.Errorf("%s does not say why %s requires %q; add a row", document, file, m))
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(listed)) {
		for _, m := range listed[file] {
			if !slices.Contains(required[file], m) {
				errs = append(errs, fmt.Errorf("%s lists %q, which %s does not require directly; remove the row", document, m, file))
			}
		}
	}
	return errors.Join(errs...)
}

// parseDocument returns the modules by go.mod file. A heading names the file in
// back-quotes; the first column of the tables below it holds the modules.
func parseDocument(text string) (map[string][]string, error) {
	listed := map[string][]string{}
	file := ""
	for n, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") {
			file = quoted(line)
			continue
		}
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if file == "" || len(cells) != 3 {
			return nil, fmt.Errorf("%s:%d: want \"| `module` | licence | why |\" below a heading with a `go.mod`", document, n+1)
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				return nil, fmt.Errorf("%s:%d: empty column", document, n+1)
			}
		}
		listed[file] = append(listed[file], quoted(cells[0]))
	}
	return listed, nil
}

// quoted is what stands in the first pair of back-quotes, or "".
func quoted(s string) string {
	_, s, _ = strings.Cut(s, "`")
	s, _, found := strings.Cut(s, "`")
	if !found {
		return ""
	}
	return s
}

// findRequired returns the direct dependencies of every go.mod below root, those
// of its tools included.
func findRequired(root string) (map[string][]string, error) {
	required := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.Name() != "go.mod" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := modfile.Parse(path, content, nil)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		required[filepath.ToSlash(name)] = direct(f)
		return nil
	})
	return required, err
}

func direct(f *modfile.File) []string {
	var modules []string
	for _, r := range f.Require {
		tool := slices.ContainsFunc(f.Tool, func(t *modfile.Tool) bool {
			return moduleOf(t.Path, f.Require) == r.Mod.Path
		})
		if !r.Indirect || tool {
			modules = append(modules, r.Mod.Path)
		}
	}
	return modules
}

// moduleOf is the module that a tool's package belongs to. The go command marks
// it as indirect, though the tool is named in the file.
func moduleOf(pkg string, require []*modfile.Require) string {
	longest := ""
	for _, r := range require {
		within := pkg == r.Mod.Path || strings.HasPrefix(pkg, r.Mod.Path+"/")
		if within && len(r.Mod.Path) > len(longest) {
			longest = r.Mod.Path
		}
	}
	return longest
}
