package bench

import (
	"context"
	"time"
)

// waiting is for a run that cannot be started: longer from try to try, until patience
// ends.
type waiting struct {
	patience, next time.Duration
	until          time.Time
}

func (e *execution) waiting() *waiting {
	patience := e.Patience
	if len(e.runs) == 0 {
		patience /= 10
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
