package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A lease keeps those apart who merge or remove rows of one month. Merging needs
// it only to save work: two at once leave rows twice, which readers count once.
// Removing needs it so that no merge brings back what it removes.
//
// It is an object that says whose it is and since when. Whoever holds it looks
// whether it is still his before everything that cannot be taken back: it may have
// been taken over, by somebody whose clock is wrong, or because the holder slept.
type lease struct {
	archive *Archive
	key     string

	// mu is held for writing while the lease is made new.
	mu      sync.RWMutex
	content string
	since   time.Time
}

const (
	// mergeTimeout bounds how long one merge takes, leaseLife how long a lease
	// counts: after that its holder has died.
	mergeTimeout = time.Minute
	leaseLife    = 3 * time.Minute
	// leaseRenewed is the age at which a lease is made new: after a check it lasts
	// leaseLife-leaseRenewed at least.
	leaseRenewed = leaseLife / 3
	// leaseWait is how long to wait for a merge to end.
	leaseWait = 20 * time.Second
)

var (
	errHeld = errors.New("rows of this month are being merged or removed by somebody else")
	errLost = errors.New("somebody else has taken over this month's rows: try again")
)

// lease takes the lease of a month; errHeld if somebody has it. It fails where
// objects may not be removed, and leaves nothing.
func (a *Archive) lease(ctx context.Context, month string) (*lease, error) {
	// Where objects may not be removed, a lease could not be given back, and rows
	// would be copied again and again.
	for _, folder := range []string{leaseFolder, tableFolder} {
		if err := a.store.remove(ctx, folder+"may-remove"); err != nil {
			return nil, err
		}
	}
	l := &lease{archive: a, key: leaseOf(month)}
	for range 2 {
		err := l.put(ctx)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, errExists) {
			return nil, err
		}
		held, err := a.store.get(ctx, l.key)
		if err != nil && !errors.Is(err, errAbsent) {
			return nil, err
		}
		text, _, _ := strings.Cut(string(held), " ")
		since, timeErr := time.Parse(time.RFC3339, text)
		if err == nil && timeErr == nil && time.Since(since).Abs() < leaseLife {
			return nil, errHeld
		}
		if err := a.store.remove(ctx, l.key); err != nil {
			return nil, err
		}
	}
	return nil, errHeld
}

// put writes the lease, and looks whether it is there: a server without conditional
// writes lets two do so.
func (l *lease) put(ctx context.Context) error {
	since := time.Now()
	content := since.UTC().Format(time.RFC3339) + " " + uuid.NewString() + "\n"
	if err := l.archive.store.putIfAbsent(ctx, l.key, []byte(content), "text/plain"); err != nil {
		return err
	}
	if there, err := l.archive.store.get(ctx, l.key); err != nil || string(there) != content {
		return errors.Join(errHeld, err)
	}
	// Not before: a lease that could not be made new is not fresh.
	l.since, l.content = since, content
	return nil
}

// check is errLost when the lease is no longer held. One that will soon have run out is
// made new. Several may check at once.
func (l *lease) check(ctx context.Context) error {
	if fresh, err := l.held(ctx); fresh || err != nil {
		return err
	}
	return l.renew(ctx)
}

// held is errLost when the lease is no longer held, and says whether it need not be
// made new.
func (l *lease) held(ctx context.Context) (fresh bool, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	there, err := l.archive.store.get(ctx, l.key)
	if errors.Is(err, errAbsent) || err == nil && string(there) != l.content {
		return false, errLost
	}
	return l.fresh(), err
}

func (l *lease) fresh() bool {
	// On the wall clock: the other one stands still while a machine sleeps.
	return time.Now().Round(0).Sub(l.since.Round(0)) < leaseRenewed
}

func (l *lease) renew(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fresh() {
		return nil // somebody else has done it
	}
	if err := l.archive.store.remove(ctx, l.key); err != nil {
		return err
	}
	err := l.put(ctx)
	if errors.Is(err, errExists) || errors.Is(err, errHeld) {
		return errLost
	}
	return err
}

// release gives the lease back, also when the work was interrupted.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	if there, err := l.archive.store.get(ctx, l.key); err == nil && string(there) == l.content {
		_ = l.archive.store.remove(ctx, l.key)
	}
}

// leaseAfterOthers waits for the lease.
func (a *Archive) leaseAfterOthers(ctx context.Context, month string) (*lease, error) {
	timeout := time.After(leaseWait)
	for {
		l, err := a.lease(ctx, month)
		if !errors.Is(err, errHeld) {
			return l, err
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
