// Command platforms checks that packages are valid Go for other platforms too. It
// checks types from source, dependencies included: that takes seconds where
// compiling takes minutes, and finds what compiling finds, short of the linker.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	dir := flag.String("dir", "..", "Folder of the module")
	pattern := flag.String("packages", "./...", "Packages to check")
	flag.Parse()
	for _, platform := range flag.Args() {
		if err := check(*dir, *pattern, platform); err != nil {
			fmt.Fprintf(os.Stderr, "Error: %q: %v\n", platform, err)
			os.Exit(1)
		}
	}
}

func check(dir, pattern, platform string) error {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return errors.New("write a platform as linux/amd64")
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.LoadAllSyntax,
		Dir:  dir,
		Env:  append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch),
	}, pattern)
	if err != nil {
		return err
	}
	if len(loaded) == 0 {
		return fmt.Errorf("no packages match %q", pattern)
	}
	var errs []error
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
	})
	return errors.Join(errs...)
}
