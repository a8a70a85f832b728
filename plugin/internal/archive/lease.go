package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A lease keeps those apart who merge or remove rows of one month. Merging needs
// it only to save work: two at once leave rows twice, which readers count once.
// Removing needs it so that no merge brings back what it removes.
const (
	// mergeTimeout bounds how long one merge takes, leaseLife how long a lease
	// counts: after that its holder has died.
	mergeTimeout = time.Minute
	leaseLife    = 3 * time.Minute
	// leaseWait is how long to wait for a merge to end.
	leaseWait = 20 * time.Second
)

var errHeld = errors.New("rows of this month are being merged or removed by somebody else")

// lease takes the lease of a month, and returns what gives it back; errHeld if
// somebody has it. It fails where objects may not be removed, and leaves nothing.
func (a *Archive) lease(ctx context.Context, month string) (release func(), err error) {
	// Where objects may not be removed, a lease could not be given back.
	if err := a.store.remove(ctx, leaseFolder+"may-remove"); err != nil {
		return nil, err
	}
	key := leaseOf(month)
	for range 2 {
		now := time.Now().UTC()
		err := a.store.putIfAbsent(ctx, key, []byte(now.Format(time.RFC3339)+" "+uuid.NewString()+"\n"), "text/plain")
		if err == nil {
			return func() {
				// Given back also when the work was interrupted.
				ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
				defer cancel()
				_ = a.store.remove(ctx, key)
			}, nil
		}
		if !errors.Is(err, errExists) {
			return nil, err
		}
		held, err := a.store.get(ctx, key)
		if err != nil && !errors.Is(err, errAbsent) {
			return nil, err
		}
		var text, id string
		_, _ = fmt.Sscan(string(held), &text, &id)
		since, timeErr := time.Parse(time.RFC3339, text)
		if err == nil && timeErr == nil && now.Sub(since).Abs() < leaseLife {
			return nil, errHeld
		}
		if err := a.store.remove(ctx, key); err != nil {
			return nil, err
		}
	}
	return nil, errHeld
}

// leaseAfterOthers waits for the lease.
func (a *Archive) leaseAfterOthers(ctx context.Context, month string) (release func(), err error) {
	timeout := time.After(leaseWait)
	for {
		release, err := a.lease(ctx, month)
		if !errors.Is(err, errHeld) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-timeout:
			return nil, fmt.Errorf("%w: try again; if they died, in %s", errHeld, leaseLife)
		case <-time.After(200 * time.Millisecond):
		}
	}
}
