package bench

import (
	"context"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/plan"
)

// waiting is for a run that cannot be started: longer from try to try, until patience
// ends.
type waiting struct {
	patience, next time.Duration
	until          time.Time
}

// waiting begins to wait for a run of a variant. The first run of all has nothing to
// wait for but what hooks have begun: whoever started the bench is there, and is told
// at once.
func (e *execution) waiting(v *plan.Resolved) *waiting {
	patience := e.Patience
	switch {
	case len(e.runs) > 0:
	case len(v.Setup)+len(v.Switch) > 0:
		patience /= 10
	default:
		return nil
	}
	return &waiting{patience: patience, next: patience / 256, until: time.Now().Add(patience)}
}

// on waits for the next try. It is false when there is none.
func (w *waiting) on(ctx context.Context) bool {
	left := time.Until(w.until)
	if left <= 0 {
		return false
	}
	select {
	case <-time.After(min(w.next, left)):
	case <-ctx.Done():
		return false
	}
	w.next = min(2*w.next, w.patience/10)
	return true
}
