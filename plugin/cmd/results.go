package cmd

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

func newResultsCommand(f *factory) *cobra.Command {
	c := &cobra.Command{
		Use:     "results",
		Aliases: []string{"result"},
		Short:   "List, get, export and delete the Results in the archive",
		Long: `List, get, export and delete the Results in the archive.

A run is named by its id or the beginning of it, if only one run begins so.`,
		Example: examples(`  # The newest runs`, `  %[1]s results list`, ``, `  # One Result, byte for byte as archived`, `  %[1]s results get 0193a1c4-7c1e > result.json`),
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newResultsListCommand(f), newResultsGetCommand(f), newResultsExportCommand(f), newResultsDeleteCommand(f))
	return c
}

// resultList is what results list prints for a program.
type resultList struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Archive    string          `json:"archive"`
	Items      []archive.Entry `json:"items"`
}

// ObjectNames implements printer.Named.
func (l resultList) ObjectNames() []string {
	var names []string
	for _, e := range l.Items {
		names = append(names, resultName(e.RunID))
	}
	return names
}

// Split implements printer.List.
func (l resultList) Split() (head any, items iter.Seq[any]) {
	all := l.Items
	l.Items = []archive.Entry{}
	return l, func(yield func(any) bool) {
		for i := range all {
			if !yield(&all[i]) {
				return
			}
		}
	}
}

func resultName(runID string) string { return "result/" + runID }

// shortIDs are the ids cut to their time (13 characters), as far as that tells
// the listed ones apart.
func shortIDs(entries []archive.Entry) []string {
	const short = 13
	seen := map[string]int{}
	for _, e := range entries {
		seen[e.RunID[:min(short, len(e.RunID))]]++
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.RunID
		if s := e.RunID[:min(short, len(e.RunID))]; seen[s] == 1 {
			ids[i] = s
		}
	}
	return ids
}

// validCell is one word on whether and how the numbers may be used: the phase
// where it is not Succeeded, else the validity.
func validCell(e archive.Entry) string {
	switch {
	case e.Phase != document.Succeeded:
		return string(e.Phase)
	case e.Valid:
		return "yes"
	}
	return "no"
}

// latencyCells are the median and the 99th percentile of the response time; a
// closed loop has only the service time. Those of a run that is not valid are
// marked: they are not to be relied on.
func latencyCells(e archive.Entry) (p50, p99 string) {
	l := e.ResponseTime
	if l == nil {
		l = e.ServiceTime
	}
	if l == nil {
		return "", ""
	}
	mark := ""
	if !e.Valid {
		mark = "!"
	}
	for _, one := range []struct {
		to *string
		ms *float64
	}{{&p50, l.P50}, {&p99, l.P99}} {
		if one.ms != nil {
			*one.to = printer.Latency(*one.ms) + mark
		}
	}
	return p50, p99
}

// failedCell is short enough for a list: "1.23M" from 100,000 on.
func failedCell(n int64) string {
	if n < 100000 {
		return printer.Count(n)
	}
	return printer.Significant(float64(n)/1e6, 3) + "M"
}

// startCell is the local time as ls writes it: with the year where that is
// not plain.
func startCell(start, now time.Time) string {
	if age := now.Sub(start); age > 180*24*time.Hour || age < -24*time.Hour {
		return start.Local().Format("2006-01-02")
	}
	return start.Local().Format("Jan _2 15:04")
}

// completeRuns offers the newest run ids to the shell, with names. It gives up
// early: a completion that hangs is worse than none.
func completeRuns(f *factory, flags *archiveFlags, several bool) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 && !several {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		a, err := flags.Open(ctx, f.contextName())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		entries, err := a.List(ctx, archive.Filter{Limit: 50})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var found []cobra.Completion
		for i, id := range shortIDs(entries) {
			found = append(found, cobra.CompletionWithDesc(id, printer.Escape(fmt.Sprintf("%s, %s", entries[i].Name, entries[i].Start.Local().Format(time.DateTime)))))
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
