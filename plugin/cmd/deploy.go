package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/meshery/kubectl-meshery/internal/buildinfo"
	"github.com/meshery/kubectl-meshery/manifests"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

type deployOptions struct {
	*factory
	print   printer.Flags
	options deploy.Options
	dryRun  dryRun
	wait    bool
	force   bool
	timeout time.Duration
}

func newDeployCommand(f *factory) *cobra.Command {
	o := &deployOptions{factory: f}
	c := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the agents, one on every node",
		Long: `Deploy the agents, one on every node, and wait until they are ready.

What is deployed passes Pod Security "restricted"; node-exporter, which needs
the host, is deployed only with --node-exporter and has a namespace of its own.
Run it again to change an option or to upgrade: what is no longer wanted is
removed.`,
		Example: examples(`  # Agents on every node that is not tainted`, `  %[1]s deploy`, ``,
			`  # With CPU and memory per container, on the nodes of one pool`, `  %[1]s deploy --kubelet-metrics --node-selector pool=load`, ``,
			`  # See what would be applied`, `  %[1]s deploy --dry-run=client`),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return stopped(c.Context(), o.run(c.Context()), "what was applied stays; run deploy again to go on, or undeploy")
		},
	}
	fs := c.Flags()
	fs.StringVar(&o.options.Image, "image", deploy.DefaultImage(buildinfo.Get().Version), "Image of the agent")
	fs.StringToStringVar(&o.options.NodeSelector, "node-selector", nil, "Only nodes with this label, as key=value; may be repeated")
	fs.BoolVar(&o.options.TolerateAll, "tolerate-all", false, "Agents on tainted nodes too")
	fs.BoolVar(&o.options.KubeletMetrics, "kubelet-metrics", false, "Let agents read CPU and memory per container from the kubelet (right: get nodes/metrics)")
	fs.BoolVar(&o.options.NodeExporter, "node-exporter", false, "Deploy node-exporter too, unless the cluster has one")
	fs.BoolVar(&o.wait, "wait", true, "Wait until the agents are ready")
	fs.DurationVar(&o.timeout, "timeout", 2*time.Minute, "How long the whole may take")
	fs.BoolVar(&o.force, "force", false, "Deploy although a run is active, which may end it")
	o.dryRun.addFlag(fs)
	o.print.AddFlags(fs)
	return c
}

// complete fills in what is not a flag and finds what cannot be right.
func (o *deployOptions) complete() error {
	o.options.Namespace = o.namespace()
	o.options.Version = buildinfo.Get().Version
	if o.dryRun == dryRunClient && o.print.Output == "" {
		o.print.Output = "yaml"
	}
	if o.timeout <= 0 {
		return exit.Usagef("--timeout %s is not positive", o.timeout)
	}
	if err := o.options.Validate(); err != nil {
		return exit.With(exit.Usage, err)
	}
	return o.print.Validate()
}

func (o *deployOptions) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	if o.dryRun == dryRunClient {
		objects, err := deploy.Render(o.options)
		if err != nil {
			return err
		}
		return o.printAll(objects)
	}
	c, err := o.cluster()
	if err != nil {
		return err
	}
	if err := idle(ctx, c, o.force || o.dryRun != ""); err != nil {
		return err
	}
	if o.options.NodeExporter {
		if err := o.existingNodeExporter(ctx, c); err != nil {
			return err
		}
	}
	objects, err := deploy.Render(o.options)
	if err != nil {
		return err
	}
	if err := o.apply(ctx, c, objects); err != nil || !o.wait || o.dryRun != "" {
		return err
	}
	if o.options.NodeExporter {
		if err := o.await(ctx, c, manifests.NodeExporterNamespace, manifests.NodeExporterName); err != nil {
			return err
		}
	}
	return o.await(ctx, c, o.options.Namespace, manifests.AgentName)
}

// existingNodeExporter drops --node-exporter where somebody else's can be used:
// two cannot share the node's port.
func (o *deployOptions) existingNodeExporter(ctx context.Context, c *cluster) error {
	found, err := discover.NodeExporters(ctx, c.Kubernetes)
	if err != nil {
		return err
	}
	for _, e := range found {
		if !e.Ours && e.Unusable == "" {
			o.options.NodeExporter = false
			fmt.Fprintf(o.ErrOut, "node-exporter is there already (pod %s/%s and others) and is used; --node-exporter is not needed\n", e.Namespace, e.Pod)
			return nil
		}
	}
	return nil
}

// apply applies the objects and removes what an earlier deploy left.
func (o *deployOptions) apply(ctx context.Context, c *cluster, objects []*unstructured.Unstructured) error {
	var done []*unstructured.Unstructured
	report := func(change deploy.Change) {
		if o.print.IsTable() {
			_, _ = fmt.Fprintf(o.Out, "%s %s%s\n", deploy.Name(change.Object), change.Verb, o.dryRun.suffix())
		} else if change.Verb != deploy.Deleted {
			done = append(done, change.Object)
		}
	}
	skipped := func(change deploy.Change) {
		fmt.Fprintf(o.ErrOut, "%s is not checked by the server: its namespace does not exist yet\n", deploy.Name(change.Object))
	}
	dry := o.dryRun == dryRunServer
	if err := c.Apply(ctx, objects, dry, report, skipped); err != nil {
		return err
	}
	err := c.Prune(ctx, o.options, objects, deploy.Removal{DryRun: dry, Report: report, Note: func(string) {}})
	if err != nil || o.print.IsTable() {
		return err
	}
	return o.printAll(done)
}

// await waits for a DaemonSet and tells what happens on the nodes.
func (o *deployOptions) await(ctx context.Context, c *cluster, namespace, name string) error {
	told := map[string]string{}
	tell := func(node, state string) {
		if state != "" && told[node] != state {
			told[node] = state
			fmt.Fprintf(o.ErrOut, "%s on node %s: %s\n", name, node, printer.Escape(state))
		}
	}
	set, err := c.Wait(ctx, namespace, name, func(s *discover.Set) {
		for _, a := range s.Agents {
			if a.Ready {
				tell(a.Node, "ready")
			} else {
				tell(a.Node, a.Reason)
			}
		}
	})
	var incomplete *deploy.IncompleteError
	if errors.As(err, &incomplete) {
		fmt.Fprintln(o.ErrOut)
		o.reasons(incomplete.Set, true)
		if errors.Is(err, context.DeadlineExceeded) {
			return exit.With(exit.Timeout, fmt.Errorf("%w after %s; what was applied stays", err, o.timeout))
		}
	}
	if err != nil {
		return err
	}
	o.reasons(set, false)
	fmt.Fprintf(o.ErrOut, "%s is ready on %d of %d nodes\n", name, len(set.Ready()), len(set.Agents)+len(set.Missing))
	return nil
}

// reasons says why nodes have no pod that is ready, and what to do.
func (f *factory) reasons(set *discover.Set, all bool) {
	line := func(node, reason, hint string) {
		if hint != "" {
			hint = "; " + hint
		}
		fmt.Fprintf(f.ErrOut, "no %s on node %s: %s%s\n", set.DaemonSet.Name, node, printer.Escape(reason), printer.Escape(hint))
	}
	for _, a := range set.Agents {
		if !a.Ready {
			line(a.Node, a.Reason, a.Hint)
		}
	}
	for _, m := range set.Missing {
		if all || !m.Eligible || set.Complete() {
			line(m.Node, m.Reason, m.Hint)
		}
	}
}

// printAll writes objects for a program: YAML documents, or a List.
func (o *deployOptions) printAll(objects []*unstructured.Unstructured) error {
	for _, u := range objects {
		u.SetManagedFields(nil)
	}
	if o.print.Output == "yaml" {
		documents := &printers.YAMLPrinter{}
		for _, u := range objects {
			if err := documents.PrintObj(u, o.Out); err != nil {
				return err
			}
		}
		return nil
	}
	list := objectList{APIVersion: "v1", Kind: "List", Items: objects}
	return o.print.Print(o.Out, list, func(w io.Writer) error {
		for _, u := range objects {
			if _, err := fmt.Fprintf(w, "%s %s%s\n", deploy.Name(u), deploy.Created, o.dryRun.suffix()); err != nil {
				return err
			}
		}
		return nil
	})
}

// objectList is a v1 List, which kubectl can apply.
type objectList struct {
	APIVersion string                       `json:"apiVersion"`
	Kind       string                       `json:"kind"`
	Items      []*unstructured.Unstructured `json:"items"`
}

// ObjectNames implements printer.Named.
func (l objectList) ObjectNames() []string {
	names := make([]string, len(l.Items))
	for i, o := range l.Items {
		names[i] = deploy.Name(o)
	}
	return names
}
