package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// versions is what version prints for a program.
type versions struct {
	Client buildinfo.Info    `json:"client"`
	Agents map[string]string `json:"agents,omitempty"` // by node
}

type versionOptions struct {
	*factory
	print  printer.Flags
	client bool
}

func newVersionCommand(f *factory) *cobra.Command {
	o := &versionOptions{factory: f}
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of the plugin and of the agents",
		Example: examples(`  # Plugin and agents`, `  %[1]s version`, ``,
			`  # The plugin only, without asking a cluster`, `  %[1]s version --client`),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := cmp.Or(o.print.Validate(), o.print.NoNames()); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	c.Flags().BoolVar(&o.client, "client", false, "Print the version of the plugin only, without asking a cluster")
	o.print.AddFlags(c.Flags())
	return c
}

// agentsTimeout bounds asking the agents: the plugin's own version is what most
// people want to know.
const agentsTimeout = 10 * time.Second

func (o *versionOptions) run(ctx context.Context) error {
	v := versions{Client: buildinfo.Get()}
	var unknown error
	if !o.client {
		v.Agents, unknown = o.agents(ctx)
	}
	err := o.print.Print(o.Out, v, func(w io.Writer) error {
		fmt.Fprintf(w, "plugin  %s\n", v.Client.Version)
		count := map[string]int{}
		for _, version := range v.Agents {
			count[version]++
		}
		for _, version := range slices.Sorted(maps.Keys(count)) {
			fmt.Fprintf(w, "agents  %s on %d of %d\n", printer.Escape(version), count[version], len(v.Agents))
		}
		return nil
	})
	if unknown != nil {
		fmt.Fprintf(o.ErrOut, "agents  unknown: %s\n", printer.Line(explained(unknown).Error()))
	}
	return err
}

func (o *versionOptions) agents(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, agentsTimeout)
	defer cancel()
	c, err := o.cluster()
	if err != nil {
		return nil, err
	}
	set, err := discover.Agents(ctx, c.Kubernetes, c.namespace)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, a := range deploy.Ask(ctx, c.dial, set.Ready()) {
		if a.Err != nil {
			err = a.Err // one of them stands for all
			continue
		}
		all[a.Agent.Node] = a.Info.GetVersion()
	}
	return all, err
}
