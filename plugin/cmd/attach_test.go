package cmd

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/session"
)

// A run that is archived is printed as it is there, agents or not.
func TestAttachToAnArchivedRun(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	raw := archived(t, url, firstRun, nil)
	stdout, stderr, err := execute(t, "attach", firstRun, "--archive", url, "-o", "json")
	if err != nil || stdout != string(raw) {
		t.Errorf("%v, printed\n%s\narchived\n%s", err, stdout, raw)
	}
	if !strings.HasPrefix(stderr, "Warning: agents may still have the run: ") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("stderr %q", stderr)
	}
	stdout, _, err = execute(t, "attach", firstRun, "--archive", url)
	if err != nil || !strings.Contains(stdout, "\nARCHIVED   "+url+"/runs/2024/12/07/"+firstRun) {
		t.Errorf("%v, printed\n%s", err, stdout)
	}
	if now := inArchive(t, url); !bytes.Equal(now, raw) {
		t.Errorf("the archive has\n%s\nbefore\n%s", now, raw)
	}
	// The beginning of an id is no id of a run, whatever the archive has.
	if _, _, err := execute(t, "attach", firstRun[:18], "--archive", url); exit.Code(err) != exit.Failure {
		t.Errorf("a part of the id: %v", err)
	}
	partial := "file://" + dir + "/partial"
	archived(t, partial, firstRun, func(r *document.Result) {
		r.Status.Phase, r.Status.Validity = document.Partial, document.Validity{Reasons: []string{"worker-2 was lost"}}
	})
	if _, _, err := execute(t, "attach", firstRun, "--archive", partial); exit.Code(err) != exit.Invalid || err.Error() != "the run is partial: worker-2 was lost" {
		t.Errorf("partial: %d, %v", exit.Code(err), err)
	}
}

// One that waits in the outbox is the same Result: it is archived as it is.
func TestAttachToARunThatWaits(t *testing.T) {
	dir := home(t)
	url, raw := "file://"+dir+"/archive", archived(t, "file://"+dir+"/elsewhere", firstRun, nil)
	blocked := filepath.Join(dir, "blocked")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken, err := archive.Open(t.Context(), archive.Options{Dir: filepath.Join(blocked, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox()
	if err != nil {
		t.Fatal(err)
	}
	var waiting *archive.NotArchived
	if _, err := archive.Keep(t.Context(), broken, box, raw); !errors.As(err, &waiting) {
		t.Fatal(err)
	}
	stdout, _, err := execute(t, "attach", firstRun, "--archive", url, "-o", "json")
	if err != nil || stdout != string(raw) || !bytes.Equal(inArchive(t, url), raw) {
		t.Errorf("%v, printed\n%s", err, stdout)
	}
}

// Another Result of an archived run is printed and goes nowhere, and the agents
// keep what they have.
func TestAnotherResultOfAnArchivedRun(t *testing.T) {
	dir := home(t)
	url := "file://" + dir + "/archive"
	raw := archived(t, url, firstRun, nil)
	o, err := archive.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	box, err := outbox()
	if err != nil {
		t.Fatal(err)
	}
	other := result(t, raw)
	other.Status.Environment.Plugin = "another"
	streams, _, out, _ := genericiooptions.NewTestIOStreams()
	err = keepAndPrint(t.Context(), &factory{IOStreams: streams}, &printer.Flags{}, keeping{a, box}, &session.Ended{Result: other})
	if !errors.Is(err, archive.ErrConflict) || exit.Code(err) != exit.Failure || !strings.Contains(out.String(), "VALID") {
		t.Errorf("%v, printed\n%s", err, out)
	}
	if waiting, err := box.List(); err != nil || len(waiting) != 0 {
		t.Errorf("%v, %v", waiting, err)
	}
	if !bytes.Equal(inArchive(t, url), raw) {
		t.Error("the archive has another Result")
	}
}
