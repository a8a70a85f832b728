// Package exit carries the exit codes that scripts rely on along with errors.
// It never exits: only main does.
package exit

import (
	"context"
	"errors"
	"fmt"
)

// The exit codes of the plugin.
const (
	OK          = 0
	Failure     = 1   // something went wrong
	Usage       = 2   // flags, arguments or a Test that cannot be right, found before anything is sent
	Thresholds  = 3   // thresholds failed, or a comparison is worse
	Invalid     = 4   // the run is partial or invalid
	Timeout     = 124 // a wait ended
	Interrupted = 130 // ^C
)

// Error is an error with an exit code.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// With gives err the exit code; nil stays nil.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Usagef is a usage error (exit code 2).
func Usagef(format string, args ...any) error {
	return With(Usage, fmt.Errorf(format, args...))
}

// Code is the exit code for err: that of the outermost *Error in it, or what a
// context error stands for, or Failure.
func Code(err error) int {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Interrupted
	}
	return Failure
}
