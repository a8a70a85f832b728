// Package supervise is the first process of a node or of the control plane: it
// sets up their file system, starts their programs in order, restarts what ends,
// reaps orphans and keeps bounded logs. As the first process of a process
// namespace it takes everything with it when it ends.
package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Spec is what one supervisor runs.
type Spec struct {
	Hostname string `json:"hostname"`
	Cgroup   string `json:"cgroup"`             // group the supervisor and its units join
	Root     string `json:"root,omitempty"`     // node's root directory; empty: the machine's file system
	Programs string `json:"programs,omitempty"` // directory of cached programs, shown to the node
	LogDir   string `json:"logDir"`             // as seen after the change of root
	Status   string `json:"status"`             // file the units' state is written to, as seen after the change of root
	Units    []Unit `json:"units"`
}

// Unit is one program.
type Unit struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"`
	Args  []string `json:"args,omitempty"`
	Env   []string `json:"env,omitempty"`
	After []Check  `json:"after,omitempty"` // all must hold before the first start
	Once  bool     `json:"once,omitempty"`  // runs until it succeeded, not for ever
}

// Check is one condition; exactly one field is set.
type Check struct {
	URL    string `json:"url,omitempty"`    // answers 200 over TLS
	CA     string `json:"ca,omitempty"`     // file with the authority for URL
	Socket string `json:"socket,omitempty"` // unix socket that accepts
	Unit   string `json:"unit,omitempty"`   // Once unit that has succeeded
}

// UnitStatus is what is known of one unit.
type UnitStatus struct {
	PID      int       `json:"pid,omitempty"` // inside the process namespace; 0: not running
	Restarts int       `json:"restarts"`      // ends so far, but a Once unit's success
	Done     bool      `json:"done,omitempty"`
	LastExit string    `json:"lastExit,omitempty"`
	Since    time.Time `json:"since"`
}

// WriteFile stores v as JSON so that a reader sees the old or the new, never half.
func WriteFile(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// ReadSpec loads a spec.
func ReadSpec(path string) (*Spec, error) {
	var s Spec
	if err := readJSON(path, &s); err != nil {
		return nil, err
	}
	if s.Hostname == "" || s.Cgroup == "" || !filepath.IsAbs(s.LogDir) || !filepath.IsAbs(s.Status) {
		return nil, fmt.Errorf("spec %q is incomplete", path)
	}
	return &s, nil
}

// ReadStatus loads what a supervisor last wrote; an empty map if nothing yet.
func ReadStatus(path string) (map[string]UnitStatus, error) {
	status := map[string]UnitStatus{}
	if err := readJSON(path, &status); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return status, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %q: %w", path, err)
	}
	return nil
}
