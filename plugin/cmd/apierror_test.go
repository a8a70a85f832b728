package cmd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

func TestNoKubeconfig(t *testing.T) {
	dir := home(t)
	write := func(content string) string {
		name := filepath.Join(dir, fmt.Sprintf("config-%d", len(content)))
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for name, c := range map[string]struct{ file, want string }{
		"none":       {"", "no kubeconfig found: set KUBECONFIG or --kubeconfig"},
		"empty":      {write("apiVersion: v1\nkind: Config\n"), "no kubeconfig found: set KUBECONFIG or --kubeconfig"},
		"no context": {write("apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: https://a}}]\n"), "the kubeconfig has no current context: choose one with --context"},
		"broken":     {write("clusters: ["), "correct it, or name another"},
		"not there":  {filepath.Join(dir, "absent"), "absent: no such file or directory"},
	} {
		for _, args := range [][]string{{"status"}, {"deploy"}, {"undeploy"}, {"check"}, {"run", "http://a/"}, {"attach", firstRun}} {
			if c.file != "" {
				args = append(args, "--kubeconfig", c.file)
			}
			_, _, err := execute(t, args...)
			if exit.Code(err) != exit.Failure || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v: %v, want %q", name, args, err, c.want)
			}
		}
	}
	stdout, stderr, err := execute(t, "version")
	if err != nil || !strings.HasPrefix(stdout, "plugin  ") || stderr != "agents  unknown: no kubeconfig found: set KUBECONFIG or --kubeconfig\n" {
		t.Errorf("version: %q, %q, %v", stdout, stderr, err)
	}
}

// The server's word stands in one line, without the layers it came through.
func TestRefusedByTheAPIServer(t *testing.T) {
	home(t)
	code, reason, message := 0, "", ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"apiVersion":"v1","kind":"Status","status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	}))
	t.Cleanup(s.Close)
	code, reason, message = 403, "Forbidden", `daemonsets.apps "meshery-agent" is forbidden: User "eve" cannot get resource "daemonsets" in API group "apps" in the namespace "meshery"`
	_, _, err := execute(t, "status", "--server", s.URL)
	if want := "not allowed: " + message + "; 'kubectl meshery check' lists every right that is needed"; exit.Code(err) != exit.Failure || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	code, reason, message = 401, "Unauthorized", "Unauthorized"
	_, _, err = execute(t, "status", "--server", s.URL)
	if exit.Code(err) != exit.Failure || !strings.HasPrefix(err.Error(), "the API server does not accept the kubeconfig's credentials") {
		t.Errorf("%v", err)
	}
}
