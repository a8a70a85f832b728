//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/test/bench/internal/measure"
)

// sections in the order they are measured; pod only when asked for.
var sections = []string{"http1", "http2", "grpc", "rate", "truth", "memory", "lateness", "cost", "pod"}

type options struct {
	quick, cluster       bool
	only                 []string
	rounds               int
	duration, patience   time.Duration
	output, update       string
	save, from           string
	root, binary, cache  string
	serverCPU, clientCPU int
}

func parse(args []string) (*options, error) {
	o := &options{}
	home, _ := os.UserCacheDir()
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.quick, "quick", false, "fewer and shorter rounds: about three minutes")
	f.BoolVar(&o.cluster, "cluster", false, "measure an agent on the test cluster, too (root)")
	only := f.String("only", "", "measure only these, separated by commas: "+strings.Join(sections, ", "))
	f.IntVar(&o.rounds, "rounds", 0, "rounds of every section (default 5, or 2 with -quick)")
	f.DurationVar(&o.duration, "duration", 0, "length of one run (default 5s, or 4s with -quick)")
	f.DurationVar(&o.patience, "patience", 0, "how long to wait in all for others to leave the CPUs, and to repeat runs\nthat they disturbed (default 10m, or 1m with -quick)")
	f.StringVar(&o.output, "o", "markdown", "output format: markdown or json")
	f.StringVar(&o.update, "update", "", "Markdown file whose tables to replace")
	f.StringVar(&o.save, "save", "", "file to keep every run in, as JSON")
	f.StringVar(&o.from, "from", "", "measure nothing, take the runs from this file")
	f.StringVar(&o.root, "root", "../..", "top of the checkout")
	f.StringVar(&o.binary, "binary", "", "kubectl-meshery (default: ROOT/bin/kubectl-meshery)")
	f.StringVar(&o.cache, "cache", filepath.Join(home, "kubectl-meshery", "bench"), "where the other tools are built")
	f.IntVar(&o.serverCPU, "server-cpu", -1, "CPU of the servers (default: the first)")
	f.IntVar(&o.clientCPU, "client-cpu", -1, "CPU of the tools (default: the second)")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return nil, err
		}
		return nil, usageError{err}
	}
	if f.NArg() > 0 {
		return nil, usageError{fmt.Errorf("unknown argument %q", f.Arg(0))}
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	return o, o.complete()
}

func (o *options) complete() error {
	for _, s := range o.only {
		if !slices.Contains(sections, s) {
			return usageError{fmt.Errorf("no section %q: use some of %s", s, strings.Join(sections, ", "))}
		}
	}
	if o.output != "markdown" && o.output != "json" {
		return usageError{fmt.Errorf("no output format %q: use markdown or json", o.output)}
	}
	rounds, duration, patience := 5, 5*time.Second, 10*time.Minute
	if o.quick {
		rounds, duration, patience = 2, 4*time.Second, time.Minute
	}
	if o.rounds == 0 {
		o.rounds = rounds
	}
	if o.duration == 0 {
		o.duration = duration
	}
	if o.patience == 0 {
		o.patience = patience
	}
	var err error
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	if o.binary == "" {
		o.binary = filepath.Join(o.root, "bin", "kubectl-meshery")
	}
	return o.chooseCPUs()
}

func (o *options) chooseCPUs() error {
	cpus, err := measure.CPUs()
	if err != nil {
		return err
	}
	if len(cpus) < 2 {
		return fmt.Errorf("this process may run on %d CPU: it takes two, one for the server and one for the client", len(cpus))
	}
	if o.serverCPU < 0 {
		o.serverCPU = cpus[0]
	}
	if o.clientCPU < 0 {
		o.clientCPU = cpus[1]
	}
	if o.serverCPU == o.clientCPU {
		return usageError{fmt.Errorf("server and client cannot share CPU %d", o.serverCPU)}
	}
	return nil
}

// wants tells whether a section is to be measured.
func (o *options) wants(section string) bool {
	if section == "pod" {
		return o.cluster || slices.Contains(o.only, section)
	}
	return len(o.only) == 0 || slices.Contains(o.only, section)
}
