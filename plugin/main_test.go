package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// asProgram is set where the tests' own program is the plugin.
const asProgram = "KUBECTL_MESHERY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
		os.Exit(m.Run())
	case "nohup":
		signal.Ignore(syscall.SIGHUP)
	}
	main()
}

// A run that is interrupted is stopped, and what it measured is printed and kept.
func TestSignalsStopARun(t *testing.T) {
	// Programs inherit what is ignored, as where the tests run with nohup, and begin
	// anew with what is caught.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	for name, c := range map[string]struct {
		as      string
		signals []os.Signal
	}{
		"interrupt":                {"program", []os.Signal{os.Interrupt}},
		"end":                      {"program", []os.Signal{syscall.SIGTERM}},
		"closed terminal":          {"program", []os.Signal{syscall.SIGHUP, syscall.SIGHUP}},
		"end of the session":       {"program", []os.Signal{syscall.SIGHUP, syscall.SIGTERM}},
		"interrupt, then closed":   {"program", []os.Signal{os.Interrupt, syscall.SIGHUP}},
		"closed, but not for this": {"nohup", []os.Signal{syscall.SIGHUP, nil, os.Interrupt}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := make(chan struct{})
			over := make(chan struct{})
			s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				select {
				case calls <- struct{}{}:
				case <-over:
				}
			}))
			defer s.Close()
			defer close(over)
			home := t.TempDir()
			program := exec.CommandContext(t.Context(), os.Args[0], "run", "--local", s.URL, "--rate", "100", "--duration", "1h", "--warmup", "0s",
				"--archive", "file://"+filepath.Join(home, "kept"), "-o", "jsonpath={.status.phase}")
			program.Env = append(os.Environ(), asProgram+"="+c.as, "HOME="+home)
			var stdout, stderr strings.Builder
			program.Stdout, program.Stderr = &stdout, &stderr
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			running := func() {
				for range 50 {
					<-calls
				}
			}
			running()
			for _, one := range c.signals {
				if one == nil {
					running()
				} else if err := program.Process.Signal(one); err != nil {
					t.Error(err)
				}
			}
			go func() { // what is still called is answered
				for {
					select {
					case <-calls:
					case <-over:
						return
					}
				}
			}()
			_ = program.Wait()
			kept, err := filepath.Glob(filepath.Join(home, "kept", "*"))
			if code := program.ProcessState.ExitCode(); code != exit.Interrupted || strings.TrimSpace(stdout.String()) != "Cancelled" ||
				!strings.Contains(stderr.String(), "what was measured until then was kept") || err != nil || len(kept) == 0 {
				t.Errorf("exit code %d, kept %q, %v\n%s%s", code, kept, err, stdout.String(), stderr.String())
			}
		})
	}
}
