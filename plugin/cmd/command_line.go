package cmd

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// shownInherited are the flags of every command that may stand in a report, which
// others read. The others hold what opens a cluster (--token, --as, --client-key), or
// where it is.
var shownInherited = []string{"context", "namespace"}

// secretFlags stand in no command line: a terminal's text is kept, and a job's log is
// read by others.
var secretFlags = []string{"token", "password"}

// commandLine is the command line that does the same again, for a report: the
// command's own flags that were set, and of the inherited ones shownInherited.
func commandLine(c *cobra.Command, args []string) string {
	line := "kubectl meshery " + c.Name()
	for _, a := range args {
		line += " " + wording.ShellWord(a)
	}
	return line + flagsSet(c, func(name string) bool {
		return c.InheritedFlags().Lookup(name) == nil || slices.Contains(shownInherited, name)
	})
}

// ownCommandLine is the command line that does the same again, for the terminal of who
// gave it: every flag that was set, but for those named. Without --kubeconfig or
// --server it would go to another cluster.
func ownCommandLine(c *cobra.Command, without ...string) string {
	return "kubectl meshery " + c.Name() + flagsSet(c, func(name string) bool {
		return !slices.Contains(without, name) && !slices.Contains(secretFlags, name)
	})
}

// archiveWords are the flags with which another command reads the same archive, which
// may be that of the context. They say nothing of the cluster but its context.
func archiveWords(c *cobra.Command, contextName string) string {
	words := flagsSet(c, func(name string) bool { return name == "context" || strings.HasPrefix(name, "archive") })
	if fs := c.Flags(); fs.Changed("kubeconfig") && !fs.Changed("context") && contextName != "" {
		words += " --context=" + wording.ShellWord(contextName)
	}
	return words
}

// flagsSet are the flags of a command line that were set and are wanted, as a shell
// reads them, with a space before each.
func flagsSet(c *cobra.Command, wanted func(name string) bool) string {
	var line strings.Builder
	c.Flags().Visit(func(f *pflag.Flag) {
		if !wanted(f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			switch {
			case f.Value.Type() == "bool" && v == "true":
				line.WriteString(" --" + f.Name)
			case f.Shorthand != "" && f.NoOptDefVal == "":
				line.WriteString(" -" + f.Shorthand + " " + wording.ShellWord(v))
			default:
				line.WriteString(" --" + f.Name + "=" + wording.ShellWord(v))
			}
		}
	})
	return line.String()
}
