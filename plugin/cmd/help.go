package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// helpWidth is where the help wraps: what every terminal has.
const helpWidth = printer.DefaultWidth

// usageTemplate is the help below a command's description. The flags of the
// connection, which every command takes, would be most of it: as in kubectl they
// have a command of their own.
const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}
{{- if .Aliases}}

Aliases:
  {{.NameAndAliases}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .LocalNonPersistentFlags.HasAvailableFlags}}

Flags:
{{.LocalNonPersistentFlags.FlagUsagesWrapped %d | trimTrailingWhitespaces}}{{end}}

'{{.Root.CommandPath}} options' lists the flags that every command takes: -n, the
namespace of the agents, and those of the connection to the cluster.
`

func setUsage(root *cobra.Command) {
	root.SetUsageTemplate(fmt.Sprintf(usageTemplate, helpWidth))
}

func newOptionsCommand(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "options",
		Short:   "List the flags that every command takes",
		Example: examples(`  %[1]s options`),
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(f.Out, "Every command takes these flags:\n\n%s", c.Root().PersistentFlags().FlagUsagesWrapped(helpWidth))
			return err
		},
	}
}
