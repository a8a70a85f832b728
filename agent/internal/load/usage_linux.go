package load

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// usage is what this process has used so far.
type usage struct {
	cpuSeconds float64
	rssBytes   int64
}

func readUsage() usage {
	var u usage
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.cpuSeconds = seconds(r.Utime) + seconds(r.Stime)
	}
	// The second field of statm is the resident set in pages (proc(5)).
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64)
			u.rssBytes = pages * int64(os.Getpagesize())
		}
	}
	return u
}

func seconds(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
