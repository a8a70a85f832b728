// Package buildinfo tells which build this is; plugin and agent share it.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// Version and Commit are set by the linker in releases (-X).
var (
	Version = ""
	Commit  = ""
)

// Info describes a build.
type Info struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	GoVersion string `json:"goVersion"`
	Platform  string `json:"platform"`
}

// Get is the build of the running program. Without linker values it falls back
// to what the Go tool recorded, and then to "dev".
func Get() Info {
	i := Info{Version: Version, Commit: Commit, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if i.Version == "" {
		i.Version = "dev"
		if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
			i.Version = b.Main.Version
		}
	}
	return i
}
