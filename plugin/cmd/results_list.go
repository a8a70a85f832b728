package cmd

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type resultsListOptions struct {
	*factory
	archive      archiveFlags
	print        printer.Flags
	filter       archive.Filter
	labels       []string
	since, until string
	sort         string
	valid        bool
	now          time.Time
}

func newResultsListCommand(f *factory) *cobra.Command {
	o := &resultsListOptions{factory: f, filter: archive.Filter{Limit: 50}}
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the runs in the archive, newest first",
		Long: `List the runs in the archive, newest first.

P50 and P99 are the response time, or the service time of a closed loop (--rate
max). VALID says whether the numbers may be believed, or how the run ended
where it did not succeed; where they may not, they have a "!".`,
		Example: examples(`  # The newest 50`, `  %[1]s results list`, ``,
			`  # What was measured of one test in the last week`, `  %[1]s results list --name checkout --since 7d`, ``,
			`  # The ten slowest of the runs that may be believed`, `  %[1]s results list --valid --sort -p99 --limit 10`, ``,
			`  # From another archive, everything there is to a row`, `  %[1]s results list --archive s3://perf --label mesh=istio -o wide`, ``,
			`  # For scripts`, `  %[1]s results list -o jsonpath='{.items[*].responseTime.p99}'`),
		RunE: func(c *cobra.Command, _ []string) error {
			o.now = time.Now()
			if c.Flags().Changed("valid") {
				o.filter.Valid = &o.valid
			}
			if err := o.complete(); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "nothing was changed")
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.filter.Name, "name", "", "Only runs of the test with this name")
	fs.StringArrayVarP(&o.labels, "label", "l", nil, "Only runs with this label (KEY=VALUE); may be given several times")
	fs.StringVar(&o.filter.Mesh, "mesh", "", "Only runs of this mesh: the label \"mesh\", or where a run has none a mesh found in its cluster; \"none\" for neither")
	fs.StringVar(&o.filter.Target, "target", "", "Only runs that called a URL with this text in it")
	fs.BoolVar(&o.valid, "valid", false, "Only runs that succeeded and may be believed; =false: only the others")
	fs.StringVar(&o.since, "since", "", "Only runs that started then or later: an age such as 12h, 7d or 2w, a date, or an RFC 3339 time")
	fs.StringVar(&o.until, "until", "", "Only runs that started then or earlier; as --since")
	fs.IntVar(&o.filter.Limit, "limit", o.filter.Limit, "At most so many runs; 0 for all")
	fs.StringVar(&o.sort, "sort", "", "Sort by "+strings.Join(archive.SortFields(), ", ")+"; with a \"-\" before it the greatest first (default: newest first)")
	_ = c.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(archive.SortFields(), cobra.ShellCompDirectiveNoFileComp))
	o.archive.AddFlags(fs)
	o.print.AddFlags(fs)
	return c
}

// complete turns flags into the filter, and finds what cannot be right.
func (o *resultsListOptions) complete() error {
	if err := o.print.Validate(); err != nil {
		return err
	}
	if o.filter.Limit < 0 {
		return exit.Usagef("--limit %d is below 0", o.filter.Limit)
	}
	o.filter.Labels = map[string]string{}
	for _, l := range o.labels {
		k, v, found := strings.Cut(l, "=")
		if !found || k == "" {
			return exit.Usagef("--label %q is not KEY=VALUE", l)
		}
		o.filter.Labels[k] = v
	}
	var err error
	if o.sort != "" {
		if o.filter.Sort, err = archive.ParseSort(o.sort); err != nil {
			return exit.Usagef("--sort %w", err)
		}
	}
	if o.filter.Since, err = parseTime("--since", o.since, o.now, false); err != nil {
		return err
	}
	o.filter.Until, err = parseTime("--until", o.until, o.now, true)
	return err
}

func (o *resultsListOptions) run(ctx context.Context) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	if o.filter.Limit == 0 {
		// All rows are held at once: memory is scarcer than the collector's time.
		defer debug.SetGCPercent(debug.SetGCPercent(30))
	}
	entries, err := a.List(ctx, o.filter)
	if err != nil {
		return err
	}
	o.mentionWaiting()
	if entries == nil {
		entries = []archive.Entry{} // [] in JSON
	}
	list := resultList{APIVersion: document.APIVersion, Kind: "ResultList", Archive: a.String(), Items: entries}
	return o.print.Print(o.Out, list, func(w io.Writer) error {
		if len(entries) == 0 {
			_, err := fmt.Fprintf(o.ErrOut, "No results found in %s.\n", a)
			return err
		}
		if o.print.Wide() {
			return wideTable(entries).Write(w)
		}
		return narrowTable(entries, o.now).Write(w)
	})
}

// mentionWaiting says what is not in the list because it could not be archived.
func (o *resultsListOptions) mentionWaiting() {
	box, err := outbox()
	if err != nil {
		return // without an outbox nothing waits
	}
	waiting, err := box.List()
	switch {
	case err != nil:
		fmt.Fprintf(o.ErrOut, "Warning: %v\n", err)
	case len(waiting) == 1:
		fmt.Fprintln(o.ErrOut, "1 result waits to be archived: 'archive sync' delivers it")
	case len(waiting) > 1:
		fmt.Fprintf(o.ErrOut, "%d results wait to be archived: 'archive sync' delivers them\n", len(waiting))
	}
}

func narrowTable(entries []archive.Entry, now time.Time) *printer.Table {
	t := printer.NewTable("RUN", "~NAME", "STARTED", "RATE", "P50", "P99", "ERRORS", "VALID")
	ids := shortIDs(entries)
	for i, e := range entries {
		p50, p99 := latencyCells(e)
		t.Row(ids[i], e.Name, startCell(e.Start, now), printer.Rate(e.Rate.Achieved), p50, p99, failedCell(e.Requests.Failed), validCell(e))
	}
	return t
}

func wideTable(entries []archive.Entry) *printer.Table {
	t := printer.NewTable("RUN", "NAME", "STARTED", "TARGET", "RATE", "P50", "P99", "ERRORS", "VALID", "PHASE", "AGENTS", "SIZE", "LABELS")
	t.Width = 0
	for _, e := range entries {
		p50, p99 := latencyCells(e)
		valid := "no"
		if e.Valid {
			valid = "yes"
		}
		var labels []string
		for _, k := range slices.Sorted(maps.Keys(e.Labels)) {
			labels = append(labels, k+"="+e.Labels[k])
		}
		t.Row(e.RunID, e.Name, e.Start.UTC().Format(time.RFC3339), e.Target, printer.Rate(e.Rate.Achieved), p50, p99,
			printer.Count(e.Requests.Failed), valid, string(e.Phase), strconv.Itoa(e.Agents), printer.Bytes(e.Size), strings.Join(labels, ","))
	}
	return t
}

var ageRE = regexp.MustCompile(`^([0-9]+)([dw])$`)

// parseTime reads an age, a local date or an RFC 3339 time. The end of a date
// is its last moment.
func parseTime(flag, s string, now time.Time, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if m := ageRE.FindStringSubmatch(s); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < 100000 {
			if m[2] == "w" {
				n *= 7
			}
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, now.Location()); err == nil {
		if end {
			t = t.AddDate(0, 0, 1).Add(-time.Nanosecond)
		}
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, exit.Usagef("%s %q is neither an age (12h, 7d, 2w), a date (2026-11-23) nor a time (2026-11-23T14:05:00Z)", flag, s)
}
