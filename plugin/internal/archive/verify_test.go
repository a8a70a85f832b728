package archive

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestVerifyFindsAndRepairs(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ids := putMany(t, a, march, 3)
		ids = append(ids, putMany(t, a, march.Add(time.Hour), 6)...)
		wantWhole(t, a, 9)
		of := func(i int) keys {
			k, err := keysOf(ids[i])
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		remove := func(names ...string) {
			t.Helper()
			for _, key := range names {
				if err := a.store.remove(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
		}
		remove(of(3).row)
		remove(of(4).row, of(4).manifest)
		remove(of(5).manifest)
		remove(of(6).result)
		remove(of(7).result, of(7).manifest)
		raw, err := a.store.get(t.Context(), of(8).result)
		if err != nil {
			t.Fatal(err)
		}
		remove(of(8).result)
		if err := a.store.putIfAbsent(t.Context(), of(8).result, append(raw, ' '), mediaJSON); err != nil {
			t.Fatal(err)
		}
		check := func(repair bool, runs int, want map[int]string) {
			t.Helper()
			calls := 0
			v, err := a.Verify(t.Context(), repair, func(Verified) { calls++ })
			if err != nil || v.Runs != runs || calls != runs || len(v.Findings) != len(want) {
				t.Errorf("repair %v: %d runs, %d calls, %d findings, %v; want %d runs, %d findings", repair, v.Runs, calls, len(v.Findings), err, runs, len(want))
			}
			for i, text := range want {
				found := false
				for _, f := range v.Findings {
					if f.RunID == ids[i] {
						found = strings.Contains(fmt.Sprint(f.Repaired, " ", f.Problem), text)
						if !found {
							t.Errorf("run %d: %+v, want %q", i, f, text)
						}
					}
				}
				if !found {
					t.Errorf("run %d is not found: %q", i, text)
				}
			}
		}
		check(false, 8, map[int]string{
			3: "false is not in the index", 4: "no manifest", 5: "no manifest", 6: "is gone", 7: "objects are gone", 8: "was changed",
		})
		check(true, 8, map[int]string{
			3: "true is not in the index", 4: "true run", 5: "true run", 6: "has no Result", 7: "objects are gone", 8: "cannot be repaired",
		})
		check(false, 8, map[int]string{6: "is gone", 7: "objects are gone", 8: "was changed"})
		for _, i := range []int{6, 7, 8} {
			if err := a.Delete(t.Context(), ids[i]); err != nil {
				t.Error(err)
			}
		}
		wantWhole(t, a, 6)
		wantListed(t, a, ids[:6])
	})
}
