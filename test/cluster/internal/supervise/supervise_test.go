package supervise

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// start runs units the way Run does, without the namespaces that it needs.
func start(t *testing.T, units ...Unit) (*supervisor, context.CancelFunc) {
	t.Helper()
	dir := t.TempDir()
	s := &supervisor{
		spec:     &Spec{LogDir: dir, Status: filepath.Join(dir, "units.json"), Units: units},
		status:   map[string]UnitStatus{},
		children: newReaper(),
	}
	ctx, cancel := context.WithCancel(t.Context())
	go s.children.loop()
	for _, u := range units {
		go s.keep(ctx, u)
	}
	return s, cancel
}

func eventually(t *testing.T, s *supervisor, what string, holds func(map[string]UnitStatus) bool) {
	t.Helper()
	var status map[string]UnitStatus
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if status, err = ReadStatus(s.spec.Status); err != nil {
			t.Fatal(err)
		}
		if holds(status) {
			return
		}
	}
	t.Fatalf("never: %s; status %+v", what, status)
}

func TestUnits(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	sh := func(name, script string, after ...Check) Unit {
		return Unit{Name: name, Path: "/bin/sh", Args: []string{"-c", script}, After: after}
	}
	once := sh("once", "until test -e "+gate+"; do sleep 0.05; done; echo done")
	once.Once = true
	fails := sh("fails", "echo last words >&2; exit 3")
	s, cancel := start(t, once, fails,
		sh("after", "sleep 60", Check{Unit: "once"}),
		Unit{Name: "missing", Path: "/no/such/program"},
	)
	defer cancel()
	eventually(t, s, "a failing unit is restarted", func(st map[string]UnitStatus) bool {
		return st["fails"].Restarts >= 2 && st["fails"].LastExit == "exit code 3"
	})
	eventually(t, s, "a unit whose program is missing says so", func(st map[string]UnitStatus) bool {
		return strings.Contains(st["missing"].LastExit, "no such file")
	})
	status, err := ReadStatus(s.spec.Status)
	if err != nil {
		t.Fatal(err)
	}
	if status["after"].PID != 0 || status["once"].Done {
		t.Errorf("started before what it waits for: %+v", status)
	}
	if b, err := os.ReadFile(filepath.Join(s.spec.LogDir, "fails.log")); err != nil || !strings.Contains(string(b), "last words") {
		t.Errorf("log %q, %v", b, err)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, s, "what waits starts", func(st map[string]UnitStatus) bool {
		return st["once"].Done && st["once"].Restarts == 0 && st["after"].PID != 0
	})
	p, err := os.FindProcess(statusOf(t, s, "after").PID)
	if err != nil {
		t.Fatal(err)
	}
	first := p.Pid
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, s, "a killed unit is restarted", func(st map[string]UnitStatus) bool {
		return st["after"].PID != 0 && st["after"].PID != first && st["after"].LastExit == "signal killed"
	})
	if p, err := os.FindProcess(statusOf(t, s, "after").PID); err == nil {
		p.Kill()
	}
}

func statusOf(t *testing.T, s *supervisor, unit string) UnitStatus {
	t.Helper()
	status, err := ReadStatus(s.spec.Status)
	if err != nil {
		t.Fatal(err)
	}
	return status[unit]
}

func TestRunRefusesToBeStartedByHand(t *testing.T) {
	if err := Run(t.Context(), &Spec{}); err == nil || !strings.Contains(err.Error(), "not the first") {
		t.Errorf("error %v", err)
	}
}

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	l, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	l.max = 1000
	line := strings.Repeat("x", 99) + "\n"
	for range 25 {
		if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	l.Close()
	for file, want := range map[string]int64{path: 500, path + ".1": 1000} {
		if info, err := os.Stat(file); err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v, want %d bytes", file, info, err, want)
		}
	}
	if l, err = openLog(path); err != nil || l.size != 500 {
		t.Errorf("opened again: size %d, %v", l.size, err)
	}
}

func TestSpecIsChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec.json")
	good := Spec{Hostname: "a", Cgroup: "b", LogDir: "/c", Status: "/d", Units: []Unit{{Name: "e", After: []Check{{Unit: "f"}}}}}
	if err := WriteFile(path, good); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadSpec(path); err != nil || got.Units[0].After[0].Unit != "f" {
		t.Errorf("%+v, %v", got, err)
	}
	bad := good
	bad.LogDir = "relative"
	if err := WriteFile(path, bad); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSpec(path); err == nil {
		t.Error("an incomplete spec is taken")
	}
}
