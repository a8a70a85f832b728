package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
)

// dryRun is the value of --dry-run; empty means none.
type dryRun string

const (
	dryRunClient dryRun = "client"
	dryRunServer dryRun = "server"
)

func (d *dryRun) addFlag(fs *pflag.FlagSet) {
	fs.Var(d, "dry-run", "Change nothing: none, client (say what would be done) or server (let the server check it)")
}

func (d *dryRun) String() string {
	if *d == "" {
		return "none"
	}
	return string(*d)
}

// Type implements pflag.Value.
func (d *dryRun) Type() string { return "string" }

// Set implements pflag.Value.
func (d *dryRun) Set(s string) error {
	switch s {
	case "none":
		*d = ""
	case string(dryRunClient), string(dryRunServer):
		*d = dryRun(s)
	default:
		return errors.New("use none, client or server")
	}
	return nil
}

// suffix is what kubectl adds to the line of an object.
func (d dryRun) suffix() string {
	switch d {
	case dryRunClient:
		return " (dry run)"
	case dryRunServer:
		return " (server dry run)"
	}
	return ""
}

// idle refuses while a run is active on an agent, unless forced. Agents that do
// not answer, or are not there, stop nobody.
func idle(ctx context.Context, c *cluster, force bool) error {
	if force {
		return nil
	}
	set, err := discover.Agents(ctx, c.Kubernetes, c.namespace)
	if errors.Is(err, discover.ErrNotDeployed) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("see whether a run is active: %w", err)
	}
	return deploy.Busy(deploy.Ask(ctx, c.dial, set.Ready()))
}
