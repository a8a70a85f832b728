package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/environment"
	"github.com/meshery/kubectl-meshery/plugin/internal/fleet"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

type attachOptions struct {
	*factory
	archive archiveFlags
	print   printer.Flags
}

func newAttachCommand(f *factory) *cobra.Command {
	o := &attachOptions{factory: f}
	c := &cobra.Command{
		Use:   "attach RUN",
		Short: "Follow a run that is under way, or fetch one that ended unwatched",
		Long: `Follow a run that is under way, or fetch one that ended unwatched.

Agents keep the record of a run until somebody has its Result; from then on it
is the archived one that is printed. ^C ends the watching, not the run. While it
watches, the abortOn of the run's Test is judged here as well.`,
		Example: examples(`  # Which runs do the agents have?`, `  %[1]s status`, ``, `  # Take one up again`, `  %[1]s attach 0193a1c4-7c1e-7000-8000-000000000000`),
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.print.Validate(); err != nil {
				return err
			}
			return o.run(c.Context(), args[0])
		},
	}
	o.archive.AddFlags(c.Flags())
	o.print.AddFlags(c.Flags())
	return c
}

const runGoesOn = "the run goes on; attach again when you like"

func (o *attachOptions) run(ctx context.Context, runID string) error {
	k, err := o.archive.keeping(ctx, o.contextName())
	if err != nil {
		return stopped(ctx, err, runGoesOn)
	}
	raw, err := k.find(ctx, runID)
	if err != nil {
		return stopped(ctx, err, runGoesOn)
	}
	if raw != nil {
		return o.again(ctx, k, runID, raw)
	}
	c, err := o.cluster()
	if err != nil {
		return err
	}
	members, err := c.members(ctx)
	if err != nil {
		return stopped(ctx, err, runGoesOn)
	}
	ended, err := o.fetch(ctx, c, members, runID, showProgress)
	if err != nil {
		return stopped(ctx, err, runGoesOn)
	}
	defer ended.Close()
	return keepAndPrint(ctx, o.factory, &o.print, k, ended)
}

// fetch attaches to a run that agents have until it has ended, and shows it by
// show. What it returns is to be closed.
func (f *factory) fetch(ctx context.Context, c *cluster, members []fleet.Member, runID string, show func(io.Writer, session.Start) (stop func())) (*session.Ended, error) {
	wait := func() {}
	defer func() { wait() }()
	return session.Attach(ctx, session.Config{RunID: runID, Members: members, Owner: owner(),
		Started: func(s session.Start) { wait = show(f.ErrOut, s) },
		Surroundings: func(t document.Test) document.Environment {
			env := environment.Describe(ctx, c.Kubernetes, c.namespace, t.Spec.AllTargets()...)
			env.Context, env.Plugin = f.contextName(), buildinfo.Get().Version
			return env
		}})
}

// again prints a Result that is kept already: another one made of the same
// record would have other bytes, and the archive overwrites nothing. Agents that
// still have the record are let go of it.
func (o *attachOptions) again(ctx context.Context, k keeping, runID string, raw []byte) error {
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return fmt.Errorf("read the Result of run %q: %w", runID, err)
	}
	return keepAndPrintRaw(ctx, o.factory, &o.print, k, r, raw, func() error {
		c, err := o.cluster()
		if err != nil {
			return fmt.Errorf("agents may still have the run: %w", err)
		}
		members, err := c.members(ctx)
		if errors.Is(err, discover.ErrNotDeployed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("agents may still have the run: %w", err)
		}
		return session.Acknowledge(ctx, members, runID)
	})
}

// members are all agents there are: one that is not ready may still have the run.
func (c *cluster) members(ctx context.Context) ([]fleet.Member, error) {
	set, err := discover.Agents(ctx, c.Kubernetes, c.namespace)
	if err != nil {
		return nil, err
	}
	var members []fleet.Member
	for _, a := range set.Agents {
		members = append(members, fleet.Member{Node: a.Node, Pod: a.Pod,
			Dial: func(ctx context.Context) (net.Conn, error) { return c.dial(ctx, a.Pod) }})
	}
	return members, nil
}
