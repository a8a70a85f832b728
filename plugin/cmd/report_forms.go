package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

// reportForm is a format, and the end of file names that stand for it.
type reportForm struct {
	name, suffix string
	write        func(io.Writer, report.Input) error
}

var reportForms = []reportForm{
	{"html", ".html", report.HTML},
	{"markdown", ".md", report.Markdown},
	{"junit", ".xml", report.JUnit},
}

func (o *reportOptions) write(name string, page []byte) error {
	if name == "-" {
		_, err := o.Out.Write(page)
		return err
	}
	if err := os.WriteFile(name, page, 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintf(o.ErrOut, "The report is in %s.\n", name)
	return err
}

func formNamed(name string) *reportForm {
	for i := range reportForms {
		if reportForms[i].name == name {
			return &reportForms[i]
		}
	}
	return nil
}

// formOf is the form of what is written to a file.
func (o *reportOptions) formOf(name string) (*reportForm, error) {
	if o.format != "" {
		return formNamed(o.format), nil
	}
	for i, form := range reportForms {
		if name == "-" || strings.EqualFold(filepath.Ext(name), form.suffix) {
			return &reportForms[i], nil
		}
	}
	return nil, exit.Usagef("--output %q ends on none of .html, .md and .xml: give --format", name)
}
