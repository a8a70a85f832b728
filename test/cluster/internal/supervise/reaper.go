package supervise

import (
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"syscall"
	"time"
)

// reaper waits for every child, its own and the orphans that the kernel hands
// the first process of a namespace. os/exec cannot be used beside it: the two
// would take each other's exit statuses.
type reaper struct {
	mu     sync.Mutex
	waited map[int]chan syscall.WaitStatus
}

func newReaper() *reaper { return &reaper{waited: map[int]chan syscall.WaitStatus{}} }

func (r *reaper) loop() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil { // no child at the moment
			time.Sleep(50 * time.Millisecond)
			continue
		}
		r.mu.Lock() // not before start() has entered a pid that ended at once
		if c := r.waited[pid]; c != nil {
			c <- status
			delete(r.waited, pid)
		}
		r.mu.Unlock()
	}
}

// run starts the unit, calls started, and returns how it ended; "" is success.
func (r *reaper) run(u Unit, out io.Writer, started func(pid int)) (string, error) {
	pipe, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer pipe.Close()
	ended, pid, err := r.start(u, w)
	w.Close()
	if err != nil {
		return "", err
	}
	started(pid)
	go io.Copy(out, pipe) // ends with the last writer, or when pipe is closed
	status := <-ended
	time.Sleep(20 * time.Millisecond) // last words
	switch {
	case status.Signaled():
		return fmt.Sprintf("signal %v", status.Signal()), nil
	case status.ExitStatus() != 0:
		return fmt.Sprintf("exit code %d", status.ExitStatus()), nil
	}
	return "", nil
}

func (r *reaper) start(u Unit, out *os.File) (<-chan syscall.WaitStatus, int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, 0, err
	}
	defer null.Close()
	p, err := os.StartProcess(u.Path, append([]string{u.Path}, u.Args...), &os.ProcAttr{
		Env:   u.Env,
		Files: []*os.File{null, out, out},
	})
	if err != nil {
		return nil, 0, err
	}
	log.Printf("%s started as process %d", u.Name, p.Pid)
	ended := make(chan syscall.WaitStatus, 1)
	r.waited[p.Pid] = ended
	pid := p.Pid
	p.Release()
	return ended, pid, nil
}
