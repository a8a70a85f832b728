package cmd

import (
	"context"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// exported is a run that is written, and whether it is in the archive and not only in
// a file.
type exported struct {
	*document.Result
	archived bool
}

// read reads the runs of all groups, each once.
func (o *resultsExportOptions) read(ctx context.Context, a *archive.Archive) (found []exported, err error) {
	seen := map[string]bool{}
	for _, g := range o.groups.parsed {
		err := g.Each(ctx, a, o.groups.where, func(r *document.Result) error {
			if seen[r.Metadata.RunID] {
				return nil
			}
			seen[r.Metadata.RunID] = true
			if o.filePerRun() && o.dir == "" && len(found) > 0 {
				return exit.Usagef("--format %s has a file for each run, and these are several: give a directory for them with --output-dir", o.format)
			}
			if o.format == formatCSV {
				withoutBulk(r)
			}
			found = append(found, exported{r, len(g.Files) == 0})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// withoutBulk leaves out what a table of runs has no column for and is most of a
// Result, so that thousands of them fit into memory.
func withoutBulk(r *document.Result) {
	s := &r.Status
	s.Histograms, s.Timeline, s.Resources = document.Histograms{}, nil, document.Resources{}
	for i := range s.Agents {
		s.Agents[i].Histograms = document.Histograms{}
	}
}
