// Command pages writes the pages that the browser test opens: made-up ones, and one
// of every Result given.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
	"github.com/meshery/kubectl-meshery/plugin/internal/report/example"
)

func main() {
	dir := flag.String("dir", ".", "Directory to write into")
	flag.Parse()
	if err := write(*dir, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "Error: "+err.Error())
		os.Exit(1)
	}
}

func write(dir string, results []string) error {
	for name, made := range map[string]func() (report.Input, error){
		"comparison": func() (report.Input, error) { return example.Comparison(10) },
		"variants":   func() (report.Input, error) { return example.Variants(20) },
		"single":     example.Single,
		"poor":       example.Poor,
	} {
		in, err := made()
		if err != nil {
			return err
		}
		if err := page(dir, name, in); err != nil {
			return err
		}
	}
	for _, file := range results {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		r := &document.Result{}
		if err := json.Unmarshal(raw, r); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		name := filepath.Base(file)
		in := report.Input{Generated: r.Status.EndTime, Plugin: r.Status.Environment.Plugin, Groups: []report.Group{{Runs: []*document.Result{r}}}}
		if err := page(dir, name[:len(name)-len(filepath.Ext(name))], in); err != nil {
			return err
		}
	}
	return nil
}

func page(dir, name string, in report.Input) error {
	f, err := os.Create(filepath.Join(dir, name+".html"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := report.HTML(f, in); err != nil {
		return err
	}
	return f.Close()
}
