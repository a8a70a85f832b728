package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

type resultsDeleteOptions struct {
	*factory
	archive archiveFlags
	yes     bool
}

func newResultsDeleteCommand(f *factory) *cobra.Command {
	o := &resultsDeleteOptions{factory: f}
	c := &cobra.Command{
		Use:     "delete RUN...",
		Aliases: []string{"rm"},
		Short:   "Delete Results from the archive",
		Long: `Delete Results from the archive, for good. On a terminal it asks first;
elsewhere --yes is needed. A whole id also clears away what an interrupted write
left.`,
		Example: examples(`  # Delete one run, after asking`, `  %[1]s results delete 0193a1c4-7c1e`, ``,
			`  # Delete all runs of a test, without asking`, `  %[1]s results list --name scratch --limit 0 -o name |`, `    xargs %[1]s results delete --yes`),
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeRuns(f, &o.archive, true),
		RunE: func(c *cobra.Command, args []string) error {
			return stopped(c.Context(), o.run(c.Context(), args), "the results named above are deleted, the others are not")
		},
	}
	o.archive.AddFlags(c.Flags())
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "Do not ask")
	return c
}

func (o *resultsDeleteOptions) run(ctx context.Context, args []string) error {
	a, err := o.archive.Open(ctx, o.contextName())
	if err != nil {
		return err
	}
	// All ids are found before anything is deleted: a slip in one of them is
	// a reason to look again at the others.
	var ids []string
	for _, arg := range args {
		id, err := runToDelete(ctx, a, strings.TrimPrefix(arg, resultName("")))
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := o.confirm(ctx, a, ids); err != nil {
		return err
	}
	var errs []error
	for _, id := range ids {
		if err := a.Delete(ctx, id); err != nil {
			errs = append(errs, err)
			continue
		}
		if _, err := fmt.Fprintf(o.Out, "%s deleted\n", resultName(id)); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// runToDelete completes an id. A whole one need not be in the index, for then
// its remains are cleared away.
func runToDelete(ctx context.Context, a *archive.Archive, arg string) (string, error) {
	if u, err := uuid.Parse(arg); err == nil && u.String() == strings.ToLower(arg) {
		return u.String(), nil
	}
	return a.Resolve(ctx, arg)
}

func (o *resultsDeleteOptions) confirm(ctx context.Context, a *archive.Archive, ids []string) error {
	if o.yes {
		return nil
	}
	in, ok := o.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return exit.Usagef("deleting from %s cannot be undone, and there is no terminal to ask on: add --yes", a)
	}
	what := "result " + ids[0]
	if len(ids) > 1 {
		what = fmt.Sprintf("%d results", len(ids))
		for _, id := range ids {
			fmt.Fprintln(o.ErrOut, "  "+id)
		}
	}
	fmt.Fprintf(o.ErrOut, "Delete %s from %s? [y/N] ", what, a)
	return answered(ctx, o.In)
}

// answered reads the answer to a question; ^C is one too.
func answered(ctx context.Context, in io.Reader) error {
	answer := make(chan string, 1)
	go func() { // ends with the program: a read from a terminal cannot be interrupted
		line, _ := bufio.NewReader(in).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errors.New("nothing was deleted: the answer was not yes")
	}
}
