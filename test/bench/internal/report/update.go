//go:build linux

package report

import (
	"fmt"
	"os"
	"strings"
)

// The tables of a page stand between these lines.
const (
	begin = "<!-- tables: make bench DOC=docs/benchmarks.md -->\n"
	end   = "<!-- end of tables -->\n"
)

// Update replaces the tables of a Markdown file.
func Update(file, tables string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(b), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%q has no place for tables: it needs the lines %q and %q", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+tables+"\n"+end+after), 0o644)
}
