//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"KUBECONFIG", "KUBECTL", "MESHERY_IMAGE", "S3_ENDPOINT", "S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"} {
		if os.Getenv(name) == "" {
			fmt.Fprintf(os.Stderr, "%s is not set: run these tests with 'make test-e2e'\n", name)
			os.Exit(1)
		}
	}
	code := 1
	if err := setUp(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = m.Run()
	}
	if err := tearDown(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func setUp() error {
	return each(func(s *site) error {
		if err := applyEcho(s.shop); err != nil {
			return err
		}
		if err := kubectl("meshery", "deploy", "-n", s.agents, "--image", os.Getenv("MESHERY_IMAGE"), "--kubelet-metrics").err(); err != nil {
			return err
		}
		return s.reach(s.host)
	})
}

func tearDown() error {
	return errors.Join(
		each(func(s *site) error { return kubectl("meshery", "undeploy", "-n", s.agents).err() }),
		kubectl(append([]string{"delete", "namespace", "--ignore-not-found", secured}, shops()...)...).err(),
	)
}

// reach returns when the agents of a site reach a workload: its pods are ready a
// moment before the nodes know of it.
func (at *site) reach(host string) error {
	var err error
	for range 30 {
		if err = kubectl("meshery", "run", "tcp://"+host+":8078", "-n", at.agents, "--requests", "2", "--rate", "max", "--warmup", "0s").err(); err == nil {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return err
}

var imageLine = regexp.MustCompile(`image: .*`)

// applyEcho puts the reference workload of manifests/ into a namespace, with
// texts of the manifest replaced (old, new, ...), and waits for it.
func applyEcho(namespace string, oldnew ...string) error {
	y, err := os.ReadFile("../../manifests/echo.yaml")
	if err != nil {
		return err
	}
	for i := 0; i < len(oldnew); i += 2 {
		if n := bytes.Count(y, []byte(oldnew[i])); n != 1 {
			return fmt.Errorf("manifests/echo.yaml has %q %d times", oldnew[i], n)
		}
		y = bytes.Replace(y, []byte(oldnew[i]), []byte(oldnew[i+1]), 1)
	}
	y = imageLine.ReplaceAll(y, []byte("image: "+os.Getenv("MESHERY_IMAGE")))
	kubectl("create", "namespace", namespace)
	c := command("apply", "-n", namespace, "--server-side", "-f", "-")
	c.Stdin = bytes.NewReader(y)
	if err := capture(c).err(); err != nil {
		return err
	}
	return kubectl("rollout", "status", "-n", namespace, "deployment/meshery-echo", "--timeout=90s").err()
}

// result is what a command did.
type result struct {
	args           []string
	stdout, stderr string
	code           int
}

// err is nil for exit code 0.
func (r result) err() error {
	if r.code == 0 {
		return nil
	}
	return fmt.Errorf("kubectl %s: exit code %d\n%s%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// command is the real kubectl, with the archive of these tests.
func command(args ...string) *exec.Cmd {
	c := exec.Command(os.Getenv("KUBECTL"), args...)
	c.Env = append(os.Environ(),
		"MESHERY_ARCHIVE="+archive,
		"AWS_ENDPOINT_URL="+os.Getenv("S3_ENDPOINT"), "AWS_REGION="+os.Getenv("S3_REGION"),
		"AWS_ACCESS_KEY_ID="+os.Getenv("S3_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY="+os.Getenv("S3_SECRET_KEY"))
	return c
}

var archive = "s3://" + os.Getenv("S3_BUCKET") + "/e2e"

func capture(c *exec.Cmd) result {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	r := result{args: c.Args[1:], stdout: stdout.String(), stderr: stderr.String(), code: c.ProcessState.ExitCode()}
	if err != nil && r.code == 0 {
		r.code, r.stderr = -1, r.stderr+err.Error()
	}
	return r
}

func kubectl(args ...string) result { return capture(command(args...)) }

// must runs kubectl and fails the test unless it exits 0.
func must(t *testing.T, args ...string) result {
	t.Helper()
	r := kubectl(args...)
	if err := r.err(); err != nil {
		t.Fatal(err)
	}
	return r
}

// measured runs a command that ends in a Result. Exit code 4 passes: see believable.
func measured(t *testing.T, args ...string) result {
	t.Helper()
	r := kubectl(args...)
	if r.code != 0 && r.code != 4 {
		t.Fatal(r.err())
	}
	return r
}

// noMetrics is what a Test needs to read no metrics: its Result is there as soon
// as the load is over.
const noMetrics = `
  metrics: {nodeExporter: {disabled: true}, kubelet: {disabled: true}, prometheus: {disabled: true}}`

// spec is the arguments that run a Test with this YAML below "spec:", and without
// metrics.
func spec(t *testing.T, yaml string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.yaml")
	text := "apiVersion: perf.meshery.io/v1alpha1\nkind: Test\nspec:" + noMetrics + "\n  " + yaml + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"-f", file}
}
