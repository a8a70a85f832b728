package fortio

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// imported archives a file with the plugin and returns the Result.
func imported(t *testing.T, file string) (result map[string]any) {
	t.Helper()
	plugin := built(t, "../..", "./plugin", "kubectl-meshery")
	home := t.TempDir()
	meshery := func(args ...string) string {
		c := exec.CommandContext(t.Context(), plugin, append(args, "--archive", "file://"+home+"/archive")...)
		c.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG="+home+"/none")
		var stderr strings.Builder
		c.Stderr = &stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
		return strings.TrimSpace(string(out))
	}
	run := meshery("import", file, "-o", "name")
	if again := meshery("import", file, "-o", "name"); again != run {
		t.Errorf("imported again as %s, before as %s", again, run)
	}
	if err := json.Unmarshal([]byte(meshery("results", "get", strings.TrimPrefix(run, "result/"))), &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// What Fortio's own command saves is imported.
func TestFortioLoadIsImported(t *testing.T) {
	fortio := built(t, ".", "fortio.org/fortio", "fortio")
	file := filepath.Join(t.TempDir(), "run.json")
	c := exec.CommandContext(t.Context(), fortio, "load", "-qps", "400", "-n", "400", "-c", "2", "-json", file, "-labels", "mesh=none", answersWithErrors(t))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var saved struct {
		ActualQPS         float64
		RetCodes          map[string]float64
		DurationHistogram histogram
	}
	if err := json.Unmarshal(raw, &saved); err != nil {
		t.Fatal(err)
	}
	result := imported(t, file)
	status := result["status"].(map[string]any)
	requests, latency := status["requests"].(map[string]any), status["latency"].(map[string]any)
	if requests["sent"] != saved.DurationHistogram.Count || requests["failed"] != saved.RetCodes["503"] || status["rate"].(map[string]any)["achieved"] != saved.ActualQPS {
		t.Errorf("%+v, want %+v", requests, saved)
	}
	if latency["serviceTime"].(map[string]any)["count"] != saved.RetCodes["200"] || latency["responseTime"] != nil {
		t.Errorf("%+v", latency)
	}
	if labels := result["metadata"].(map[string]any)["labels"].(map[string]any); labels["mesh"] != "none" || labels["imported-from"] != "fortio" {
		t.Errorf("%v", labels)
	}
}

// What was exported for Fortio comes back as it was.
func TestExportIsImported(t *testing.T) {
	data, id, before := exported(t)
	after := imported(t, filepath.Join(data, id+".json"))
	for _, part := range []string{"latency", "histograms", "requests", "rate", "startTime", "endTime", "validity", "agents", "environment", "timeline"} {
		a, errA := json.Marshal(before["status"].(map[string]any)[part])
		b, errB := json.Marshal(after["status"].(map[string]any)[part])
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s was\n%s\nis\n%s", part, a, b)
		}
	}
	name := func(r map[string]any) any { return r["metadata"].(map[string]any)["name"] }
	if name(before) != name(after) {
		t.Errorf("%v is %v", name(before), name(after))
	}
}
