package client

import (
	"errors"
	"fmt"
)

// ErrPlan is in the errors of Reach about the plan itself, which trying again
// does not put right.
var ErrPlan = errors.New("the plan cannot be right")

// planError is an error with ErrPlan in it and not in its words.
type planError struct{ error }

// Is is for errors.Is.
func (planError) Is(target error) bool { return target == ErrPlan }

// Unwrap is for errors.As.
func (e planError) Unwrap() error { return e.error }

func planErrorf(format string, args ...any) error {
	return planError{fmt.Errorf(format, args...)}
}
