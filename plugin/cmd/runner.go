package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/progress"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

// runner runs Tests, one after the other, and keeps their Results.
type runner struct {
	*factory
	archive *archiveFlags
	// isLocal has an agent in this process, and no cluster.
	isLocal bool

	contextName string
	keeping     keeping
	place       placement
}

// open settles where Results go, before any load is sent. It is to be closed.
func (r *runner) open(ctx context.Context) error {
	if !r.isLocal {
		r.contextName = r.factory.contextName()
	}
	var err error
	r.keeping, err = r.archive.keeping(ctx, r.contextName)
	return err
}

// reach finds the agents for a Test in their namespace, and what is around them.
func (r *runner) reach(ctx context.Context, namespace string, test *document.Test) error {
	if r.place.factory == nil {
		r.place = placement{factory: r.factory, contextName: r.contextName}
	}
	if r.isLocal {
		return r.place.local()
	}
	return r.place.cluster(ctx, namespace, test)
}

func (r *runner) close() { r.place.close() }

// once runs a Test on the agents that were found, and shows it by show. What it
// returns is to be closed.
func (r *runner) once(ctx context.Context, test *document.Test, show func(io.Writer, session.Start) (stop func())) (*session.Ended, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	wait := func() {}
	defer func() { wait() }()
	return session.Run(ctx, session.Config{
		Test: *test, RunID: id.String(), Owner: owner(), Members: r.place.members, Sources: r.place.sources,
		Environment: r.place.env, NodesWithoutAgent: r.place.without,
		Started: func(s session.Start) { wait = show(r.ErrOut, s) },
	})
}

// showProgress announces the run and shows how it stands until the function it
// returns is called.
func showProgress(out io.Writer, s session.Start) func() {
	announce(out, "run "+s.RunID, s)
	return follow(out, s, "")
}

// announce tells what is run, and where.
func announce(out io.Writer, what string, s session.Start) {
	where := fmt.Sprintf("%d agents on %d nodes", len(s.Nodes), len(s.Nodes))
	if len(s.Nodes) == 1 {
		where = "1 agent on " + s.Nodes[0]
	}
	fmt.Fprintf(out, "%s   %s   %s\n", what, printer.Escape(s.Test.Metadata.Name), printer.Escape(where))
}

// follow shows how a run stands, with words before it, until the function it
// returns is called.
func follow(out io.Writer, s session.Start, before string) func() {
	l := s.Test.Spec.Load
	c := progress.Config{Out: out, Before: before, T0: s.T0, Warmup: time.Duration(l.Warmup), Duration: time.Duration(l.Duration), Status: s.Collector.Progress}
	if f := terminal(out); f != nil {
		c.Terminal = true
		c.Width, _, _ = term.GetSize(int(f.Fd()))
	}
	return progress.Show(c)
}

// terminal is out where it can be drawn over, else nil.
func terminal(out io.Writer) *os.File {
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		return f
	}
	return nil
}

// owner is how others who find the agents taken know whom to ask.
func owner() string {
	host, _ := os.Hostname()
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return strings.Trim(name+"@"+host, "@")
}
