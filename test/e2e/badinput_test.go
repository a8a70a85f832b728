//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// oneLine checks that a command failed with the code and told, in one line, what
// is wrong and what to do.
func oneLine(t *testing.T, r result, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("kubectl %s: exit code %d, want %d\n%s%s", strings.Join(r.args, " "), r.code, code, r.stdout, r.stderr)
	}
	var errors []string
	for _, line := range strings.Split(strings.TrimSpace(r.stderr), "\n") {
		if strings.HasPrefix(line, "Error: ") {
			errors = append(errors, line)
		}
	}
	if len(errors) != 1 || !strings.HasSuffix(strings.TrimSpace(r.stderr), errors[0]) {
		t.Errorf("kubectl %s: want one line of error, the last, got:\n%s", strings.Join(r.args, " "), r.stderr)
		return
	}
	for _, w := range words {
		if !strings.Contains(errors[0], w) {
			t.Errorf("kubectl %s: %q is not in %q", strings.Join(r.args, " "), w, errors[0])
		}
	}
}

func TestBadInput(t *testing.T) {
	at := beside(t)
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, []byte("apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:\n  target: {url: http://x}\n  laod: {rate: 5}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	echoIP := must(t, "get", "pods", "-n", at.shop, "-o", "jsonpath={.items[0].status.podIP}").stdout
	before := at.served(t)
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		words []string
	}{
		{"unknown field", []string{"-f", file}, 2, []string{"laod"}},
		{"no such file", []string{"-f", file + "x"}, 2, []string{"no such file"}},
		{"bad URL", []string{"http://"}, 2, []string{"target.url"}},
		{"other scheme", []string{"ftp://x/"}, 2, []string{"ftp", "http"}},
		{"bad rate", []string{at.target, "--rate", "fast"}, 2, []string{"fast", "max"}},
		{"nothing to run", nil, 2, []string{"-f"}},
		{"unknown flag", []string{at.target, "--rte", "5"}, 2, []string{"--rte", "--help"}},
		{"bad duration", []string{at.target, "--duration", "5"}, 2, []string{"duration"}},
		{"unresolvable host", []string{"http://no-such-service.nowhere:8080/"}, 1, []string{"no-such-service.nowhere", "does not resolve"}},
		{"refused connection", []string{"http://" + echoIP + ":8099/"}, 1, []string{echoIP + ":8099", "connection refused"}},
		{"too many agents", []string{at.target, "--agents", "99"}, 1, []string{"99"}},
		{"no such node", []string{at.target, "--node", "no-such-node"}, 1, []string{"no-such-node"}},
		{"wrong bucket", []string{at.target, "--archive", "s3://no-such-bucket/x"}, 1, []string{"no-such-bucket"}},
		{"bad archive", []string{at.target, "--archive", "ftp://x"}, 2, []string{"--archive", "s3://"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			oneLine(t, kubectl(append([]string{"meshery", "run", "-n", at.agents}, c.args...)...), c.code, c.words...)
		})
	}
	t.Run("no agents", func(t *testing.T) {
		oneLine(t, kubectl("meshery", "run", at.target, "-n", "meshery-e2e-none"), 1, "deploy")
	})
	t.Run("wrong credentials", func(t *testing.T) {
		c := command("meshery", "run", at.target, "-n", at.agents)
		c.Env = append(c.Env, "AWS_SECRET_ACCESS_KEY=wrong")
		r := capture(c)
		oneLine(t, r, 1)
		if strings.Contains(r.stderr+r.stdout, os.Getenv("S3_SECRET_KEY")) || strings.Contains(r.stderr+r.stdout, "=wrong") {
			t.Error("a secret is printed")
		}
	})
	if after := at.served(t); after != before {
		t.Errorf("%d requests were sent by runs that could not begin", after-before)
	}
}

// A user who may see the agents and not reach them.
func TestNoRightToPortForward(t *testing.T) {
	at := beside(t)
	for _, args := range [][]string{
		{"create", "serviceaccount", "viewer", "-n", at.shop},
		{"create", "clusterrolebinding", "meshery-e2e-viewer", "--clusterrole=view", "--serviceaccount=" + at.shop + ":viewer"},
	} {
		must(t, args...)
	}
	t.Cleanup(func() { must(t, "delete", "clusterrolebinding", "meshery-e2e-viewer") })
	token := strings.TrimSpace(must(t, "create", "token", "viewer", "-n", at.shop).stdout)
	config := filepath.Join(t.TempDir(), "kubeconfig")
	raw := must(t, "config", "view", "--minify", "--flatten", "--raw", "-o", "json").stdout
	if err := os.WriteFile(config, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "config", "--kubeconfig", config, "set-credentials", "viewer", "--token", token)
	must(t, "config", "--kubeconfig", config, "set-context", "--current", "--user", "viewer")
	c := command("meshery", "run", at.target, "-n", at.agents)
	c.Env = append(c.Env, "KUBECONFIG="+config)
	r := capture(c)
	if r.code != 1 || !strings.Contains(r.stderr, "pods/portforward") || !strings.Contains(r.stderr, at.agents) {
		t.Errorf("exit code %d: %s; want the missing right named", r.code, r.stderr)
	}
}

// A Result that finds the archive's disk full waits in the outbox.
func TestFullDisk(t *testing.T) {
	at := beside(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		t.Fatalf("mount a small file system (needs root): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	data := t.TempDir()
	id, _, wait := at.beginIn(t, []string{"XDG_DATA_HOME=" + data, "XDG_STATE_HOME=" + data},
		"--rate", "50", "--duration", "5s", "--archive", "file://"+dir+"/archive")
	// There was room when the run began.
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 124<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	r := wait()
	oneLine(t, r, 1, "archive sync")
	if parse(t, r.stdout).Metadata.RunID != id {
		t.Error("the Result was not printed")
	}
	c := command("meshery", "archive", "sync", "--archive", "s3://"+os.Getenv("S3_BUCKET")+"/e2e")
	c.Env = append(c.Env, "XDG_DATA_HOME="+data, "XDG_STATE_HOME="+data)
	if r := capture(c); r.code != 0 {
		t.Errorf("archive sync: %v", r.err())
	}
	if got := object(t, id); string(got) != r.stdout {
		t.Error("what was delivered later differs from what was printed")
	}
}
