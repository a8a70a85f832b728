package load

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// sleeper sleeps on a thread of its own with a timer slack of 1 ns. Go's timers
// wake through epoll_wait, whose time-out has a resolution of 1 ms, and the
// kernel adds 50 us of slack by default; nanosleep without slack is late by
// some ten microseconds and needs no spinning.
type sleeper struct{}

func newSleeper() sleeper {
	runtime.LockOSThread()
	// An error leaves the default slack: less precise, still right.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return sleeper{}
}

func (sleeper) sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	// Interrupted sleeps end early: the caller looks at the clock again.
	_ = unix.Nanosleep(&ts, nil)
}

// close leaves the thread locked: it ends with the goroutine, and so no other
// goroutine inherits its timer slack.
func (sleeper) close() {}
