package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func appendText(t *testing.T, l *Log, s string) {
	t.Helper()
	if _, err := l.Append(func(uint64, uint32) ([]byte, error) { return []byte(s), nil }); err != nil {
		t.Fatal(err)
	}
}

func TestRecordsSurviveAndATornOneIsDropped(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Create("run-1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		appendText(t, l, fmt.Sprintf("record %d", i+1))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run-1.chunks")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{1, 8, 12} { // inside the last record's bytes, and its header
		if err := os.WriteFile(path, whole[:len(whole)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		l := s.Get("run-1")
		if l.Last() != 2 {
			t.Fatalf("cut %d: %d records, want 2", cut, l.Last())
		}
		appendText(t, l, "again")
		b, err := l.Read(3)
		if err != nil || string(b) != "again" {
			t.Fatalf("cut %d: read %q, %v", cut, b, err)
		}
		if _, err := l.Read(4); !errors.Is(err, io.EOF) {
			t.Errorf("read beyond the end: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAppendKnowsNumberAndSumOfWhatIsBefore(t *testing.T) {
	s, err := Open(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Create("r")
	if err != nil {
		t.Fatal(err)
	}
	appendText(t, l, "ab")
	appendText(t, l, "c")
	seq, err := l.Append(func(seq uint64, crc uint32) ([]byte, error) {
		if want := crc32.Checksum([]byte("abc"), castagnoli); seq != 3 || crc != want {
			t.Errorf("seq %d crc %x, want 3 and %x", seq, crc, want)
		}
		return []byte("d"), nil
	})
	if err != nil || seq != 3 {
		t.Fatalf("%d, %v", seq, err)
	}
}

func TestMakeRoomRemovesTheOldestAndNeverTheNewest(t *testing.T) {
	s, err := Open(t.TempDir(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"0190", "0191", "0192"} {
		l, err := s.Create(id)
		if err != nil {
			t.Fatal(err)
		}
		appendText(t, l, string(make([]byte, 80)))
	}
	removed, err := s.MakeRoom()
	if err != nil || len(removed) != 2 || removed[0] != "0190" || removed[1] != "0191" {
		t.Fatalf("removed %v, %v", removed, err)
	}
	if s.Get("0192") == nil || s.Bytes() != 88 {
		t.Errorf("left %v with %d bytes", s.Runs(), s.Bytes())
	}
}

func TestCreateRefusesNamesThatAreNoFileAndRunsThatExist(t *testing.T) {
	s, err := Open(t.TempDir(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "../x", "a/b"} {
		if _, err := s.Create(id); err == nil {
			t.Errorf("Create(%q) did not fail", id)
		}
	}
	if _, err := s.Create("x"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create("x"); err == nil {
		t.Error("second Create did not fail")
	}
}
