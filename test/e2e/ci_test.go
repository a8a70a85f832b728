//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// measureStep is the step of the GitHub Action that measures, with its environment
// filled in as GitHub would.
func measureStep(t *testing.T, values map[string]string) (script string, env []string) {
	t.Helper()
	raw, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action struct {
		Runs struct {
			Steps []struct {
				ID, Run, Shell string
				Env            map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(raw, &action); err != nil {
		t.Fatal(err)
	}
	expression := regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)
	for _, s := range action.Runs.Steps {
		if s.ID != "measure" {
			continue
		}
		for name, text := range s.Env {
			env = append(env, name+"="+expression.ReplaceAllStringFunc(text, func(e string) string {
				value, ok := values[expression.FindStringSubmatch(e)[1]]
				if !ok {
					t.Fatalf("%s: no value for %s", name, e)
				}
				return value
			}))
		}
		return s.Run, env
	}
	t.Fatal("no step measures")
	return "", nil
}

// A pull request that is slower than main fails, and the report says why, also where
// its branch is called main; the base branch itself is only measured. By how much is
// more than what tests beside this one do to it; closed loops have no lateness that they
// could make them invalid by.
func TestContinuousIntegrationFindsTheSlower(t *testing.T) {
	at := beside(t)
	dir := t.TempDir()
	name := "ci-" + at.agents
	const commented = "3333333"
	measure := func(branch, pull, commit, target string) (code int, output string, report func(string) string) {
		t.Helper()
		file := filepath.Join(dir, commit+".yaml")
		test := fmt.Sprintf("apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nmetadata: {name: %s}\nspec:%s\n  target: {url: %q}\n"+
			"  load: {rate: max, connections: 2, duration: 2s}\n  validity: {maxGeneratorCPU: 1, maxStartSkew: 10s}\n",
			name, noMetrics, target)
		if err := os.WriteFile(file, []byte(test), 0o600); err != nil {
			t.Fatal(err)
		}
		root, err := filepath.Abs("../..")
		if err != nil {
			t.Fatal(err)
		}
		script, env := measureStep(t, map[string]string{
			"inputs.test": file, "inputs.base": "main", "inputs.branch": branch, "inputs.pull-request": pull, "inputs.commit": commit,
			"github.event_name == 'issue_comment' && github.sha": commented, "inputs.runs": "8", "inputs.fail-on": "worse",
			// The Test's URL is what differs here: in life the workload does.
			"inputs.allow": "test", "inputs.deploy": "no", "inputs.archive": archive, "inputs.namespace": at.agents,
			"github.action_path": root,
		})
		outputs := filepath.Join(t.TempDir(), "output")
		c := exec.Command("bash", "-e", "-o", "pipefail", "-c", script)
		c.Env = append(append(command().Env, env...), "GITHUB_OUTPUT="+outputs, "RUNNER_TEMP="+dir,
			"PATH="+filepath.Dir(os.Getenv("KUBECTL"))+":"+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		if c.ProcessState == nil {
			t.Fatal(err)
		}
		said, err := os.ReadFile(outputs)
		where, found := strings.CutPrefix(strings.TrimSpace(string(said)), "report=")
		if !found {
			t.Fatalf("the step names no report but %q (%v)", said, err)
		}
		return c.ProcessState.ExitCode(), string(out), func(file string) string {
			raw, _ := os.ReadFile(filepath.Join(where, file))
			return string(raw)
		}
	}
	if code, out, report := measure("main", "", "1111111", at.target+"?delay=5ms"); code != 0 || report("report.md") != "" || !strings.Contains(out, "measured main") {
		t.Fatalf("main: exit code %d\n%s", code, out)
	}
	code, out, report := measure("main", "17", "2222222", at.target+"?delay=25ms")
	if code != 3 || !strings.Contains(strings.ToLower(report("report.md")), "worse") {
		t.Errorf("exit code %d\n%s\n%s", code, out, report("report.md"))
	}
	if report("report.html") == "" || report("report.xml") == "" {
		t.Error("no page, or no JUnit")
	}
	// Where a comment starts the workflow, the commit that GitHub names is main's.
	if code, out, _ := measure("main", "17", commented, at.target); code != 2 || !strings.Contains(out, "give the inputs commit and branch") {
		t.Errorf("of a comment: exit code %d\n%s", code, out)
	}
}
