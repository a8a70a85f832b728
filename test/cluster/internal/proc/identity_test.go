package proc

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	tail := " 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 8675309 1000 200"
	for _, tc := range []struct {
		name, stat string
		start      uint64
		state      byte
		wantErr    bool
	}{
		{"plain", "42 (etcd) S 1" + tail, 8675309, 'S', false},
		{"space and parentheses in name", "42 (a) b (c d) R 1" + tail, 8675309, 'R', false},
		{"zombie", "42 (x) Z 1" + tail, 8675309, 'Z', false},
		{"empty", "", 0, 0, true},
		{"cut short", "42 (x) S 1 1", 0, 0, true},
		{"start is no number", "42 (x) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 soon 1", 0, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, state, err := parseStat([]byte(tc.stat))
			if (err != nil) != tc.wantErr {
				t.Fatalf("error %v, want one: %v", err, tc.wantErr)
			}
			if start != tc.start || state != tc.state {
				t.Errorf("got start %d state %q, want %d %q", start, state, tc.start, tc.state)
			}
		})
	}
}

func TestReusedPIDIsNotKilled(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := Of(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []Identity{
		{PID: id.PID, Start: id.Start - 1, Boot: id.Boot},
		{PID: id.PID, Start: id.Start, Boot: "an earlier boot"},
	} {
		if other.Alive() {
			t.Errorf("%+v counts as alive", other)
		}
		if err := other.Kill(); err != nil {
			t.Error(err)
		}
	}
	if !id.Alive() {
		t.Fatal("process was killed under another identity")
	}
	if err := id.Kill(); err != nil {
		t.Fatal(err)
	}
	if left := WaitGone([]Identity{id}, 5*time.Second); len(left) != 0 {
		t.Errorf("still alive: %v", left) // a zombie counts as gone
	}
	cmd.Wait()
	if err := id.Kill(); err != nil {
		t.Errorf("killing what is gone: %v", err)
	}
}

func TestOwnIdentity(t *testing.T) {
	id, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !id.Alive() || id.Start == 0 || id.Boot == "" {
		t.Errorf("own identity %+v", id)
	}
	if _, err := Of(1 << 30); err == nil {
		t.Error("a pid that cannot exist has an identity")
	}
}
