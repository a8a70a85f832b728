package cmd

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// shownInherited are the flags of every command that may stand in a report or a log.
// The others hold what opens a cluster (--token, --as, --client-key), or where it is.
var shownInherited = []string{"context", "namespace"}

// commandLine is the command line that does the same again: the command's own flags
// that were set, but for those named, and of the inherited ones shownInherited.
func commandLine(c *cobra.Command, args []string, without ...string) string {
	line := "kubectl meshery " + c.Name()
	for _, a := range args {
		line += " " + wording.ShellWord(a)
	}
	c.Flags().Visit(func(f *pflag.Flag) {
		inherited := c.InheritedFlags().Lookup(f.Name) != nil
		if slices.Contains(without, f.Name) || inherited && !slices.Contains(shownInherited, f.Name) {
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			switch {
			case f.Value.Type() == "bool" && v == "true":
				line += " --" + f.Name
			case f.Shorthand != "" && f.NoOptDefVal == "":
				line += " -" + f.Shorthand + " " + wording.ShellWord(v)
			default:
				line += " --" + f.Name + "=" + wording.ShellWord(v)
			}
		}
	})
	return line
}
