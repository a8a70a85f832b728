package cmd

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/selection"
)

// mostRuns of a group are read without being asked for: a report holds all of each.
const mostRuns = 500

// mostLast is what may be asked for: a metric is compared by the differences of every
// run with every other, 32 MB of them for so many, and every run takes some 100 KB. A
// history has no more points either.
const mostLast = 2000

// groupFlags choose runs, for all groups of a command alike.
type groupFlags struct {
	conditions   []string
	since, until string
	last         int
	names        []string
	// anyNumber of runs may be asked for: they are read one after another.
	anyNumber bool

	parsed []*selection.Group
	where  selection.Where
}

func (f *groupFlags) AddFlags(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.conditions, "where", nil, "Only runs with KEY=VALUE, in every group: name, mesh, target or a label; may be given several times")
	fs.StringVar(&f.since, "since", "", "Only runs that started then or later: an age such as 12h, 7d or 2w, a date, or an RFC 3339 time")
	fs.StringVar(&f.until, "until", "", "Only runs that started then or earlier; as --since")
	fs.StringArrayVar(&f.names, "group-name", nil, "What to call a group; given once for each, in their order (default: what tells them apart)")
	most := ""
	if !f.anyNumber {
		most = fmt.Sprintf(", at most %d", mostLast)
	}
	fs.IntVar(&f.last, "last", 0, fmt.Sprintf("Only so many of the newest runs of each group%s; 0 for all", most))
}

func (f *groupFlags) complete(args []string, now time.Time) (err error) {
	if f.last < 0 {
		return exit.Usagef("--last %d is below 0", f.last)
	}
	if f.last > mostLast && !f.anyNumber {
		return exit.Usagef("--last %d is more than %d runs of a group, which take too much memory and time: give %d or fewer, or choose runs by --since, --until and --where", f.last, mostLast, mostLast)
	}
	if f.parsed, err = selection.Parse(args); err != nil {
		return exit.With(exit.Usage, err)
	}
	if n := len(f.names); n > 0 && n != len(args) {
		return exit.Usagef("--group-name is given %d times for %d groups: give it once for each", n, len(args))
	}
	for i, name := range f.names {
		f.parsed[i].Name = name
	}
	f.where = selection.Where{Conditions: f.conditions, Last: f.last, Most: mostRuns}
	if f.where.Since, err = parseTime("--since", f.since, now, false); err != nil {
		return err
	}
	if f.where.Until, err = parseTime("--until", f.until, now, true); err != nil {
		return err
	}
	return exit.With(exit.Usage, selection.Check(f.parsed, f.where))
}

// onlyFiles says that no archive is needed.
func (f *groupFlags) onlyFiles() bool {
	return !slices.ContainsFunc(f.parsed, func(g *selection.Group) bool { return len(g.Files) == 0 })
}
