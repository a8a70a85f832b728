//go:build linux

package measure

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Others tells how much of some CPUs is used by who is not of this process's
// family. Steal, time that a hypervisor gave to others, counts as theirs.
type Others struct {
	cpus []int
	at   time.Time
	busy float64 // seconds
	own  float64
}

// WatchOthers begins to look.
func WatchOthers(cpus ...int) *Others {
	return &Others{cpus: cpus, at: time.Now(), busy: busy(cpus), own: family(os.Getpid())}
}

// Share of the CPUs' time since WatchOthers that went to others, 0 to 1. The
// kernel samples these times, so of a second some percent are noise.
func (o *Others) Share() float64 {
	used := busy(o.cpus) - o.busy - (family(os.Getpid()) - o.own)
	return max(0, used/(time.Since(o.at).Seconds()*float64(len(o.cpus))))
}

// busy is the time that CPUs were not idle, in seconds since the system started.
func busy(cpus []int) float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	var sum float64
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		for _, c := range cpus {
			if len(f) > 8 && f[0] == "cpu"+strconv.Itoa(c) {
				// user nice system idle iowait irq softirq steal
				for _, i := range []int{1, 2, 3, 6, 7, 8} {
					n, _ := strconv.ParseFloat(f[i], 64)
					sum += n
				}
			}
		}
	}
	return sum / userHz
}

// family is the CPU time of a process, of those it started and of theirs, in
// seconds; also of those that have ended, once their parents know.
func family(pid int) float64 {
	all := map[int]stat{}
	for _, id := range pids() {
		if s, ok := readStat(id); ok {
			all[id] = s
		}
	}
	var sum float64
	for id := range all {
		for at, i := id, 0; at > 1 && i < len(all); at, i = all[at].parent, i+1 {
			if at == pid {
				sum += all[id].own + all[id].ended
				break
			}
		}
	}
	return sum
}
