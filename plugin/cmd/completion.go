package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/meshery/kubectl-meshery/krew"
)

func newCompletionCommand(f *factory) *cobra.Command {
	shells := map[string]func(*cobra.Command, io.Writer) error{
		"bash":       func(r *cobra.Command, w io.Writer) error { return r.GenBashCompletionV2(w, true) },
		"zsh":        func(r *cobra.Command, w io.Writer) error { return r.GenZshCompletion(w) },
		"fish":       func(r *cobra.Command, w io.Writer) error { return r.GenFishCompletion(w, true) },
		"powershell": func(r *cobra.Command, w io.Writer) error { return r.GenPowerShellCompletionWithDesc(w) },
		"kubectl": func(_ *cobra.Command, w io.Writer) error {
			_, err := io.WriteString(w, krew.CompletionScript)
			return err
		},
	}
	return &cobra.Command{
		Use:   "completion (bash | zsh | fish | powershell | kubectl)",
		Short: "Print the completion script of a shell, or kubectl's",
		Long: `Print the completion script of a shell, or the one kubectl looks for.

kubectl completes a plugin by running an executable kubectl_complete-PLUGIN that
it finds on the PATH; its own completion must be set up as well.`,
		Example: examples(
			`  # For 'kubectl meshery' in any shell that completes kubectl`,
			`  %[1]s completion kubectl > ~/bin/kubectl_complete-meshery`,
			`  chmod +x ~/bin/kubectl_complete-meshery`, ``,
			`  # For 'kubectl-meshery' in bash`,
			`  source <(%[1]s completion bash)`),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell", "kubectl"},
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		RunE: func(c *cobra.Command, args []string) error {
			if err := shells[args[0]](c.Root(), f.Out); err != nil {
				return fmt.Errorf("completion for %s: %w", args[0], err)
			}
			return nil
		},
	}
}
