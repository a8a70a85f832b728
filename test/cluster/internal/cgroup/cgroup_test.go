package cgroup

import (
	"slices"
	"testing"
)

func TestParseMounts(t *testing.T) {
	for _, tc := range []struct {
		name, mounts string
		want         []string
	}{
		{"version 2", "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\nproc /proc proc rw 0 0\n", []string{"/sys/fs/cgroup"}},
		{"version 1", "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n" +
			"cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n" +
			"cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" +
			"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n",
			[]string{"/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"}},
		{"mounted elsewhere too", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\ncgroup2 /mnt/x cgroup2 rw 0 0\n", []string{"/sys/fs/cgroup"}},
		{"none", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := parseMounts(tc.mounts); !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}
