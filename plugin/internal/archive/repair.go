package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// repairMonth looks again, and repairs, under the month's lease: so it brings back
// nothing that is being deleted.
func (v *verification) repairMonth(ctx context.Context, name string, suspects []string) error {
	l, err := v.archive.leaseAfterOthers(ctx, name)
	if err != nil {
		return err
	}
	defer l.release(ctx)
	return v.lookAgain(ctx, l, name, suspects)
}

// lookAgain reports what is still so: runs may have been put or deleted since. It
// repairs where it is given the lease.
func (v *verification) lookAgain(ctx context.Context, l *lease, name string, suspects []string) error {
	c, err := v.contents(ctx, name)
	if err != nil {
		return err
	}
	var own, merged []string // damaged objects
	for key := range c.damaged {
		if id := runOfKey(key); id != "" {
			own, suspects = append(own, key), append(suspects, id)
		} else {
			merged = append(merged, key)
		}
	}
	slices.Sort(suspects)
	suspects = slices.Compact(suspects)
	// Objects that are named for one run are where its row is put again. The others say
	// that rows are missing, and go when these are back.
	if err := v.takeAway(ctx, l, own, c); err != nil {
		return err
	}
	err = each(ctx, len(suspects), func(ctx context.Context, i int) error { return v.again(ctx, l, suspects[i], c) })
	if err != nil {
		return err
	}
	return v.takeAway(ctx, l, merged, c)
}

// takeAway reports index objects that cannot be read, and removes them if it may.
func (v *verification) takeAway(ctx context.Context, l *lease, damaged []string, c *contents) error {
	return each(ctx, len(damaged), func(ctx context.Context, i int) error {
		f := Finding{Problem: strings.TrimPrefix(c.damaged[damaged[i]].Error(), ErrDamaged.Error()+": ")}
		if l != nil {
			if err := l.check(ctx); err != nil {
				return err
			}
			if err := v.archive.store.remove(ctx, damaged[i]); err != nil {
				return err
			}
			f.Repaired = true
		}
		v.find(f)
		return nil
	})
}

// again reports a run that is not as it should be, and completes it if it may.
func (v *verification) again(ctx context.Context, l *lease, id string, c *contents) error {
	if _, inIndex := c.rows[id]; !inIndex && !c.objects[id] {
		return nil // deleted
	}
	problem, _, err := v.problem(ctx, id, c)
	if err != nil || problem == "" {
		return err
	}
	f := Finding{RunID: id, Problem: problem}
	if l != nil && c.objects[id] {
		if f.Repaired, err = v.complete(ctx, l, id, &f.Problem); err != nil {
			return err
		}
	}
	if !f.Repaired && c.objects[id] {
		// Without the lease it may be deleted meanwhile; from a full archive also with it.
		if gone, err := v.gone(ctx, id); gone || err != nil {
			return err
		}
	}
	v.find(f)
	return nil
}

// gone tells that nothing of a run is there any more, its row neither.
func (v *verification) gone(ctx context.Context, id string) (bool, error) {
	k, err := keysOf(id)
	if err != nil {
		return false, nil // a folder of something else
	}
	objects, err := v.archive.store.list(ctx, k.folder+"/")
	if err != nil || len(objects) > 0 {
		return false, err
	}
	// A month with damaged objects cannot tell; then the finding stays.
	_, err = v.archive.resolve(ctx, id)
	return errors.Is(err, ErrNotFound), ctx.Err()
}

// complete puts a run again that lacks its manifest or its row. Where it cannot, it
// says so in the problem.
func (v *verification) complete(ctx context.Context, l *lease, id string, problem *string) (repaired bool, err error) {
	k, err := keysOf(id)
	if err != nil {
		return false, nil // a folder of something else
	}
	raw, err := v.archive.store.get(ctx, k.result)
	if errors.Is(err, errAbsent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e, m, err := describe(raw, v.archive.options.Writer)
	if err == nil && e.RunID != id {
		err = fmt.Errorf("its Result is that of run %q", e.RunID)
	}
	if err == nil {
		if err := l.check(ctx); err != nil {
			return false, err
		}
		err = v.putHeld(ctx, k, e, m, raw)
		if ctx.Err() != nil {
			return false, err
		}
	}
	if err != nil {
		*problem += "; it cannot be repaired: " + err.Error()
		return false, nil
	}
	return true, nil
}

// putHeld puts a run while a lease that was just checked lasts.
func (v *verification) putHeld(ctx context.Context, k keys, e *Entry, m *manifest, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, leaseLife-leaseRenewed)
	defer cancel()
	return v.archive.put(ctx, k, e, m, raw)
}
