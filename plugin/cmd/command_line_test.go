package cmd

import (
	"testing"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// A terminal gets the whole command line but for what is secret, or it would lead to
// another cluster; a report says nothing of the cluster but its context.
func TestCommandLines(t *testing.T) {
	root := NewRoot(genericiooptions.NewTestIOStreamsDiscard())
	bench, _, err := root.Find([]string{"bench"})
	if err != nil {
		t.Fatal(err)
	}
	var own, shown, reading string
	bench.RunE = func(c *cobra.Command, args []string) error {
		reading = archiveWords(c, "of the file")
		own, shown = ownCommandLine(c, "resume"), commandLine(c, args)
		return nil
	}
	root.SetArgs([]string{"bench", "--kubeconfig=/tmp/my prod.yaml", "--cluster", "east", "-s", "https://10.0.0.1", "--user=ci", "--as-group=a", "--as-group=b",
		"--insecure-skip-tls-verify", "--context=kind-kind", "-n", "perf", "--token=eyJhidden", "-f", "plan.yaml", "--local", "--resume=1-2"})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "kubectl meshery bench --as-group=a --as-group=b --cluster=east --context=kind-kind -f plan.yaml --insecure-skip-tls-verify --kubeconfig='/tmp/my prod.yaml' --local -n perf -s https://10.0.0.1 --user=ci"
	if own != want {
		t.Errorf("own:\n%s\nwant\n%s", own, want)
	}
	if want := "kubectl meshery bench --context=kind-kind -f plan.yaml --local -n perf --resume=1-2"; shown != want {
		t.Errorf("shown:\n%s\nwant\n%s", shown, want)
	}
	if want := " --context=kind-kind"; reading != want {
		t.Errorf("to read: %q, want %q", reading, want)
	}
}

// The archive may be that of the context in a kubeconfig that is named.
func TestArchiveWords(t *testing.T) {
	root := NewRoot(genericiooptions.NewTestIOStreamsDiscard())
	bench, _, err := root.Find([]string{"bench"})
	if err != nil {
		t.Fatal(err)
	}
	reading := ""
	bench.RunE = func(c *cobra.Command, _ []string) error {
		reading = archiveWords(c, "prod")
		return nil
	}
	root.SetArgs([]string{"bench", "--kubeconfig=/tmp/prod.yaml", "--archive-region=eu", "--token=eyJhidden", "-f", "plan.yaml"})
	if err := root.ExecuteContext(t.Context()); err != nil || reading != " --archive-region=eu --context=prod" {
		t.Errorf("%v, %q", err, reading)
	}
}
