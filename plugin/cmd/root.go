// Package cmd holds the subcommands, one file each: an options struct with
// Complete, Validate and Run. What they do lives in plugin/internal.
package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// DefaultNamespace is where the agents live unless -n says otherwise.
const DefaultNamespace = "meshery"

// factory is what every command starts from: the streams and the kubeconfig flags.
type factory struct {
	genericiooptions.IOStreams
	config *genericclioptions.ConfigFlags
}

// namespace is the agents' namespace: -n, or DefaultNamespace. The namespace of
// the kubeconfig context is where the user's own things live, so it is not used.
func (f *factory) namespace() string {
	if f.config.Namespace != nil && *f.config.Namespace != "" {
		return *f.config.Namespace
	}
	return DefaultNamespace
}

// NewRoot makes the command tree.
func NewRoot(streams genericiooptions.IOStreams) *cobra.Command {
	f := &factory{IOStreams: streams, config: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:   "kubectl-meshery",
		Short: "Measure what a service mesh costs and how it behaves",
		Long: `Measure what a service mesh costs and how it behaves, on your own cluster.

Agents in the cluster generate the load, read node-exporter, the kubelet and
Prometheus while it runs, and stream the results back through port-forward.
Results are merged exactly, judged, and kept in an archive.`,
		Example:           examples(`  # What is needed, and is it there?`, `  %[1]s check`, ``, `  # Install the agents, run a test, see what was kept`, `  %[1]s deploy`, `  %[1]s run http://checkout.shop:8080/ --rate 500 --duration 1m`, `  %[1]s results list`),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: displayName(os.Args)},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return c.Help()
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	f.config.AddFlags(root.PersistentFlags())
	if fl := root.PersistentFlags().Lookup("namespace"); fl != nil {
		fl.Usage = fmt.Sprintf("Namespace of the agents (default %q)", DefaultNamespace)
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return exit.Usagef("%w; see '%s --help'", err, c.CommandPath())
	})
	root.AddCommand(commands(f)...)
	setUsage(root)
	asUsage(root)
	return root
}

// displayName is how the user calls the plugin, for help texts.
func displayName(args []string) string {
	if len(args) > 0 && strings.HasPrefix(filepath.Base(args[0]), "kubectl-") {
		return "kubectl meshery"
	}
	return "kubectl-meshery"
}

// examples joins the lines of an example; %[1]s stands for the plugin's name.
func examples(lines ...string) string {
	return fmt.Sprintf(strings.Join(lines, "\n"), displayName(os.Args))
}

// asUsage gives wrong arguments and unknown subcommands exit code 2 and a way on.
func asUsage(c *cobra.Command) {
	args := c.Args
	if args == nil {
		args = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, a []string) error {
		err := args(c, a)
		if err == nil {
			return nil
		}
		var coded *exit.Error
		if errors.As(err, &coded) {
			return err
		}
		return exit.Usagef("%w; see '%s --help'", err, c.CommandPath())
	}
	for _, sub := range c.Commands() {
		asUsage(sub)
	}
}
