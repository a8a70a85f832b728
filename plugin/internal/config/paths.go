package config

import (
	"errors"
	"path/filepath"
)

// Env is what the process was started with.
type Env struct {
	// Get returns the value of an environment variable, or "".
	Get func(name string) string
	// Home is the user's home folder; it may be empty when XDG_* are set.
	Home string
}

const folder = "kubectl-meshery"

// ConfigFile is where the configuration is read from:
// $XDG_CONFIG_HOME/kubectl-meshery/config.yaml.
func (e Env) ConfigFile() (string, error) {
	dir, err := e.xdg("XDG_CONFIG_HOME", ".config")
	return filepath.Join(dir, "config.yaml"), err
}

// DataDir is where a local archive lives.
func (e Env) DataDir() (string, error) { return e.xdg("XDG_DATA_HOME", ".local", "share") }

// OutboxDir is where Results wait that could not be archived. It is not in the
// data folder, which may be the full disk that they could not be archived on.
func (e Env) OutboxDir() (string, error) {
	dir, err := e.xdg("XDG_STATE_HOME", ".local", "state")
	return filepath.Join(dir, "outbox"), err
}

// xdg follows the XDG Base Directory Specification, in which a relative path is
// invalid and ignored.
func (e Env) xdg(variable string, fallback ...string) (string, error) {
	if dir := e.Get(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, folder), nil
	}
	if e.Home == "" {
		return "", errors.New("the home folder is unknown: set HOME or " + variable)
	}
	return filepath.Join(append(append([]string{e.Home}, fallback...), folder)...), nil
}
