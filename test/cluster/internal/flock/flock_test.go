package flock

import (
	"path/filepath"
	"testing"
	"time"
)

func TestOneHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Acquire(path, func() { t.Error("waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, got := make(chan bool, 1), make(chan *Lock, 1)
	go func() {
		l, err := Acquire(path, func() { waiting <- true })
		if err != nil {
			t.Error(err)
		}
		got <- l
	}()
	<-waiting
	select {
	case <-got:
		t.Fatal("two holders")
	case <-time.After(50 * time.Millisecond):
	}
	// The file goes with its holder; the one that waited on it must not think
	// that it now holds the lock of a newcomer, who makes a new file.
	first.Remove()
	second := <-got
	third := make(chan bool, 1)
	l, err := Acquire(path, func() { third <- true; second.Release() })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-third:
	default:
		t.Error("a newcomer did not wait")
	}
	l.Release()
}
