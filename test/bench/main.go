//go:build linux

// Command bench measures kubectl-meshery beside other load generators, in
// interleaved rounds on one machine, servers and clients on CPUs of their own.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/meshery/kubectl-meshery/test/bench/internal/report"
)

const (
	exitError = 1
	exitUsage = 2
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		fail(serve(os.Args[2:]))
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	fail(run(ctx, os.Args[1:]))
}

func fail(err error) {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitError)
	}
}

// usageError is a mistake in the command line, found before anything is done.
type usageError struct{ error }

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	var r *report.Report
	if o.from != "" {
		r, err = read(o.from)
	} else {
		r, err = measureAll(ctx, o)
	}
	if err != nil {
		return err
	}
	r.Judge()
	return write(o, r)
}

func read(file string) (*report.Report, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &report.Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("read %q: %w: it has to be what -o json wrote", file, err)
	}
	return r, nil
}

func write(o *options, r *report.Report) error {
	if o.save != "" {
		b, err := json.MarshalIndent(r, "", " ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.save, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.output == "json" {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", " ")
		return e.Encode(r)
	}
	var tables strings.Builder
	r.Markdown(&tables)
	if o.update != "" {
		if err := report.Update(o.update, tables.String()); err != nil {
			return err
		}
	}
	_, err := os.Stdout.WriteString(tables.String())
	return err
}
