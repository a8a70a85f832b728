package cmd

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/check"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// each calls f with the path of every command.
func each(f func(c *cobra.Command, path []string)) {
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		f(c, path)
		for _, sub := range c.Commands() {
			walk(sub, append(path[:len(path):len(path)], sub.Name()))
		}
	}
	walk(NewRoot(genericiooptions.NewTestIOStreamsDiscard()), nil)
}

// tooWide is the first line that does not fit and could have been broken.
func tooWide(text string) string {
	for line := range strings.Lines(text) {
		if len(strings.Fields(line)) > 1 && utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > helpWidth {
			return line
		}
	}
	return ""
}

func TestHelpFitsATerminal(t *testing.T) {
	home(t)
	each(func(_ *cobra.Command, path []string) {
		stdout, _, err := execute(t, append(path, "--help")...)
		if err != nil || !strings.Contains(stdout, "Usage:\n") || !strings.Contains(stdout, "Examples:\n") {
			t.Errorf("%v: %v\n%s", path, err, stdout)
		}
		if line := tooWide(stdout); line != "" {
			t.Errorf("%v: wider than %d: %q", path, helpWidth, line)
		}
		if strings.Contains(stdout, "--as-group") || !strings.Contains(stdout, " options' lists the flags that every command takes") {
			t.Errorf("%v: the flags of the connection belong into options:\n%s", path, stdout)
		}
	})
	stdout, _, err := execute(t, "options")
	if err != nil || tooWide(stdout) != "" || !strings.Contains(stdout, "--as-group") || !strings.Contains(stdout, "-n, --namespace") {
		t.Errorf("options: %v, wider: %q\n%s", err, tooWide(stdout), stdout)
	}
}

// Whatever the format, a command prints, or says why not: no panic, and wrong
// formats are found before anything is done. There is no cluster here.
func TestEveryCommandInEveryFormat(t *testing.T) {
	dir := home(t)
	arguments := map[string][]string{
		"deploy": {"--dry-run=client"}, "version": {"--client"}, "attach": {secondRun}, "get": {firstRun},
		"run": {"http://127.0.0.1:9/"}, "list": {}, "import": {tcpFile},
		"compare": {firstRun, firstRun}, "history": {"checkout"},
		"bench": {"-f", planFile(t, openShop(t), "retries: 1", "retries: 0")},
	}
	archived(t, defaultArchive(dir), firstRun, nil)
	offline := map[string]bool{"deploy": true, "version": true, "get": true, "list": true, "import": true, "verify": true, "compare": true, "history": true}
	noNames := map[string]bool{"check": true, "version": true, "verify": true, "compare": true, "history": true}
	each(func(c *cobra.Command, path []string) {
		if f := c.Flags().Lookup("output"); f == nil || f.Shorthand != "o" {
			return
		}
		for _, format := range []string{"", "table", "wide", "json", "yaml", "name", "jsonpath={.kind}", "xml", "jsonpath={"} {
			args := append(append(path[:len(path):len(path)], arguments[c.Name()]...), "-o", format)
			stdout, _, err := execute(t, args...)
			want := exit.Failure // no kubeconfig
			switch {
			case format == "xml" || format == "jsonpath={" || format == "name" && noNames[c.Name()]:
				want = exit.Usage
			case offline[c.Name()]:
				want = exit.OK
			}
			if exit.Code(err) != want {
				t.Errorf("%v: exit code %d, %v; want %d", args, exit.Code(err), err, want)
			}
			if want == exit.OK && stdout == "" && !strings.HasPrefix(format, "jsonpath") {
				t.Errorf("%v: nothing printed", args)
			}
			if want == exit.Usage && stdout != "" {
				t.Errorf("%v: printed %q", args, stdout)
			}
		}
	})
}

func TestChecksFitATerminal(t *testing.T) {
	r := check.Result{Name: "right: pods/portforward", Status: check.Fail, Detail: strings.Repeat("lacks create ", 12), Hint: strings.Repeat("ask for it\n", 9)}
	var out strings.Builder
	writeCheck(&out, r, false)
	if tooWide(out.String()) != "" || !strings.HasPrefix(out.String(), "fail  right: pods/portforward: lacks create ") || strings.Count(out.String(), "lacks") != 12 || strings.Count(out.String(), "ask") != 9 {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	writeCheck(&out, r, true)
	if strings.Count(out.String(), "\n") != 2 {
		t.Errorf("wide: %s", out.String())
	}
}

// A header may be a credential, whatever is wrong with it.
func TestHeadersAreNotQuoted(t *testing.T) {
	home(t)
	for _, header := range []string{"Bearer hush", ": hush", "hush hush: x", "A: hush\r\nb"} {
		_, _, err := execute(t, "run", "http://a/", "--header", header)
		if exit.Code(err) != exit.Usage || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v", header, err)
		}
	}
}
