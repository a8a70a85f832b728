package supervise

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/cgroup"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/noderoot"
)

const (
	firstPause = 500 * time.Millisecond // before the first restart; doubles
	lastPause  = 8 * time.Second
	goodRun    = 30 * time.Second // a unit that ran this long starts over at firstPause
)

// Run sets up the surroundings and runs the units until ctx ends. It must be the
// first process of new process, mount and UTS namespaces.
func Run(ctx context.Context, spec *Spec) error {
	if pid := os.Getpid(); pid != 1 {
		return fmt.Errorf("is process %d of its namespace, not the first: started by hand?", pid)
	}
	if err := cgroup.Join(spec.Cgroup); err != nil {
		return err
	}
	if err := enter(spec); err != nil {
		return err
	}
	if err := os.MkdirAll(spec.LogDir, 0o755); err != nil {
		return err
	}
	s := &supervisor{spec: spec, status: map[string]UnitStatus{}, children: newReaper()}
	go s.children.loop()
	var units sync.WaitGroup
	for _, u := range spec.Units {
		units.Go(func() { s.keep(ctx, u) })
	}
	units.Wait()
	<-ctx.Done()
	return nil // the kernel ends what is left in the process namespace
}

func enter(spec *Spec) error {
	if spec.Root == "" {
		return noderoot.EnterPlain(spec.Hostname)
	}
	return noderoot.Enter(spec.Root, spec.Programs, spec.Hostname)
}

type supervisor struct {
	spec     *Spec
	children *reaper

	mu     sync.Mutex
	status map[string]UnitStatus
}

// keep runs one unit for ever, or until it succeeds if it is to run once.
func (s *supervisor) keep(ctx context.Context, u Unit) {
	out, err := openLog(filepath.Join(s.spec.LogDir, u.Name+".log"))
	if err != nil {
		log.Printf("%s: %v", u.Name, err)
		return
	}
	defer out.Close()
	for _, c := range u.After {
		if !s.await(ctx, c) {
			return
		}
	}
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		exit, err := s.children.run(u, out, func(pid int) {
			s.update(u.Name, func(st *UnitStatus) { st.PID = pid })
		})
		if err != nil {
			exit = err.Error()
		}
		done := u.Once && exit == ""
		s.update(u.Name, func(st *UnitStatus) {
			st.PID, st.Done = 0, done
			if !done {
				st.Restarts++
				st.LastExit = orDefault(exit, "ended without error")
			}
		})
		if done {
			return
		}
		log.Printf("%s ended: %s", u.Name, orDefault(exit, "no error"))
		if time.Since(began) > goodRun {
			pause = firstPause
		}
		sleep(ctx, pause)
		pause = min(2*pause, lastPause)
	}
}

func (s *supervisor) update(name string, change func(*UnitStatus)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status[name]
	change(&st)
	st.Since = time.Now()
	s.status[name] = st
	if err := WriteFile(s.spec.Status, s.status); err != nil {
		log.Printf("write status: %v", err)
	}
}

func (s *supervisor) done(unit string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status[unit].Done
}

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
