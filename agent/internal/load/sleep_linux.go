package load

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper sleeps on a timer of the kernel that the runtime waits for as it waits
// for connections. Go's own timers end with the time-out of epoll_wait, which has
// a resolution of 1 ms, and the kernel adds 50 us of slack to that. A sleeping
// system call would be as precise, but it keeps one of the runtime's processors
// until that is taken away: where there is only one, answers would lie unread
// meanwhile, and count as slow.
type sleeper struct {
	timer *os.File // nil where the kernel gives none
	buf   [8]byte
}

func newSleeper() *sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &sleeper{}
	}
	return &sleeper{timer: os.NewFile(uintptr(fd), "timerfd")}
}

// sleep may end early: the caller looks at the clock again.
func (s *sleeper) sleep(d time.Duration) {
	if s.timer != nil {
		raw, err := s.timer.SyscallConn()
		if err == nil {
			until := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
			_ = raw.Control(func(fd uintptr) { err = unix.TimerfdSettime(int(fd), 0, &until, nil) })
		}
		if err == nil {
			if _, err = s.timer.Read(s.buf[:]); err == nil {
				return
			}
		}
	}
	// Less precise, still right.
	time.Sleep(d)
}

func (s *sleeper) close() {
	if s.timer != nil {
		_ = s.timer.Close() // nothing is written to it
	}
}
