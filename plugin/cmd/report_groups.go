package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
)

// read reads the runs of every group, or of every value of --by.
func (o *reportOptions) read(ctx context.Context) ([]report.Group, error) {
	a, err := o.archiveOf(ctx, &o.groups, &o.archive)
	if err != nil {
		return nil, err
	}
	var groups []report.Group
	for _, g := range o.groups.parsed {
		one := report.Group{Name: g.Name}
		err := g.Each(ctx, a, o.groups.where, func(r *document.Result) error {
			one.Runs = append(one.Runs, r)
			return nil
		})
		if err != nil {
			return nil, err
		}
		groups = append(groups, one)
	}
	if o.by == "" {
		return groups, nil
	}
	return o.split(groups[0])
}

// split makes a group of every value of the label, the baseline first.
func (o *reportOptions) split(all report.Group) (groups []report.Group, err error) {
	for _, r := range all.Runs {
		value, ok := r.Metadata.Labels[o.by]
		if !ok {
			return nil, fmt.Errorf("run %q has no label %q to split by: narrow the runs down with --where", r.Metadata.RunID, o.by)
		}
		i := slices.IndexFunc(groups, func(g report.Group) bool { return g.Name == value })
		if i < 0 {
			i = len(groups)
			groups = append(groups, report.Group{Name: value})
		}
		groups[i].Runs = append(groups[i].Runs, r)
	}
	if o.baseline == "" {
		return groups, nil
	}
	i := slices.IndexFunc(groups, func(g report.Group) bool { return g.Name == o.baseline })
	if i < 0 {
		var names []string
		for _, g := range groups {
			names = append(names, g.Name)
		}
		return nil, fmt.Errorf("no run has %s=%s: there are %s", o.by, o.baseline, strings.Join(names, ", "))
	}
	baseline := groups[i]
	return slices.Insert(slices.Delete(groups, i, i+1), 0, baseline), nil
}
