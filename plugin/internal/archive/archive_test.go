package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// idAt makes a run id whose time is t.
func idAt(t time.Time) string {
	u := uuid.New()
	ms := t.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	u[6] = 0x70 | u[6]&0x0f
	return u.String()
}

var march = time.Date(2026, 3, 31, 23, 59, 59, 999e6, time.UTC)

// resultAt makes a Result that started at t.
func resultAt(t *testing.T, start time.Time, change func(*document.Result)) (id string, raw []byte) {
	t.Helper()
	p50, p99 := 2.1, 11.9
	target := 1000.0
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: idAt(start), Labels: map[string]string{"mesh": "istio"}},
		Spec:     document.Spec{Target: document.Target{URL: "http://checkout.shop:8080/"}, Load: document.Load{Rate: 1000}},
		Status: document.Status{
			Phase: document.Succeeded, Validity: document.Validity{Valid: true},
			StartTime: start, EndTime: start.Add(time.Minute),
			Requests: document.Requests{Planned: 60000, Sent: 60000, Succeeded: 59999, Failed: 1},
			Rate:     document.AchievedRate{Target: &target, Achieved: 999.9},
			Latency:  document.Latency{ResponseTime: &document.Summary{Count: 60000, P50: &p50, P99: &p99, Max: 96.2}},
			Agents:   []document.AgentResult{{Node: "worker-1"}, {Node: "worker-2"}},
		},
	}
	if change != nil {
		change(r)
	}
	raw, err := document.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Metadata.RunID, raw
}

func openFile(t *testing.T) *Archive {
	t.Helper()
	a, err := Open(t.Context(), Options{Dir: filepath.Join(t.TempDir(), "archive"), Writer: "kubectl-meshery test"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// root is the directory of a local archive.
func root(a *Archive) string { return a.options.Dir }

// eachStore runs a test on a local archive, and on S3 in the tests that have one.
var eachStore = map[string]func(t *testing.T) *Archive{"file": openFile}

func onEachStore(t *testing.T, f func(t *testing.T, a *Archive)) {
	for name, open := range eachStore {
		t.Run(name, func(t *testing.T) { f(t, open(t)) })
	}
}

func mustPut(t *testing.T, a *Archive, raw []byte) string {
	t.Helper()
	url, err := a.Put(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func TestPutListGetDelete(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		if err := a.Check(t.Context()); err != nil {
			t.Fatalf("check before the first put: %v", err)
		}
		if got, err := a.List(t.Context(), Filter{}); err != nil || len(got) != 0 {
			t.Fatalf("an archive that is not there yet: %v, %v", got, err)
		}
		id, raw := resultAt(t, march, nil)
		url := mustPut(t, a, raw)
		if want := a.String() + "/runs/2026/03/31/" + id; url != want {
			t.Errorf("url %q, want %q", url, want)
		}
		if err := a.Check(t.Context()); err != nil {
			t.Errorf("check: %v", err)
		}
		list, err := a.List(t.Context(), Filter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("list: %v, %v", list, err)
		}
		e := list[0]
		if e.RunID != id || e.Name != "checkout" || e.Labels["mesh"] != "istio" || e.Target != "http://checkout.shop:8080/" ||
			!e.Start.Equal(march) || e.Phase != document.Succeeded || !e.Valid || *e.ResponseTime.P99 != 11.9 || e.ServiceTime != nil ||
			e.Agents != 2 || e.Size != int64(len(raw)) || e.Requests.Failed != 1 || e.Rate.Achieved != 999.9 {
			t.Errorf("row %+v", e)
		}
		for _, name := range []string{id, id[:13], id[:8], id[:1], strings.ToUpper(id[:13])} {
			got, err := a.Get(t.Context(), name)
			if err != nil || !bytes.Equal(got, raw) {
				t.Errorf("get %q: %d bytes, %v; want the %d bytes put", name, len(got), err, len(raw))
			}
		}
		if err := a.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 0 {
			t.Errorf("list after delete: %v, %v", list, err)
		}
		if _, err := a.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
		if err := a.Delete(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
		left, err := a.store.list(t.Context(), "")
		if err != nil || len(left) != 0 {
			t.Errorf("objects left: %v, %v", left, err)
		}
		mustPut(t, a, raw) // and it can come back
	})
}

func TestPutIsIdempotentAndNeverOverwrites(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		id, raw := resultAt(t, march, nil)
		first := mustPut(t, a, raw)
		if again := mustPut(t, a, raw); again != first {
			t.Errorf("second put went to %s, first to %s", again, first)
		}
		other := bytes.Replace(raw, []byte(`"checkout"`), []byte(`"another"`), 1)
		_, err := a.Put(t.Context(), other)
		if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "never overwritten") {
			t.Errorf("other bytes under the same id: %v", err)
		}
		if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("the first Result is gone: %v", err)
		}
		// Another version of the writer puts the same bytes.
		a.options.Writer = "kubectl-meshery other"
		mustPut(t, a, raw)
	})
}

func TestPutRefusesWhatIsNoResult(t *testing.T) {
	a := openFile(t)
	_, raw := resultAt(t, march, nil)
	cases := map[string]string{
		"not JSON": "is not JSON of kind Result",
		"{}":       `apiVersion "" and kind "" found`,
		strings.Replace(string(raw), `"runID": "`, `"runID": "../../`, 1): "not a UUID of version 7",
		strings.Replace(string(raw), `"runID": "`, `"runID": "{`, 1):      "not a UUID of version 7",
	}
	for in, want := range cases {
		if _, err := a.Put(t.Context(), []byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("put %.20q: got %v, want %q", in, err, want)
		}
	}
	if _, err := os.Stat(root(a)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

func TestListFiltersAndLimits(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		var ids []string // newest first
		for i := range 30 {
			start := march.AddDate(0, -i, 0)
			id, raw := resultAt(t, start, func(r *document.Result) {
				r.Metadata.Name = fmt.Sprintf("name-%d", i%3)
				r.Metadata.Labels = map[string]string{"odd": fmt.Sprint(i % 2), "i": fmt.Sprint(i)}
			})
			mustPut(t, a, raw)
			ids = append(ids, id)
		}
		pick := func(keep func(i int) bool) []string {
			var out []string
			for i, id := range ids {
				if keep(i) {
					out = append(out, id)
				}
			}
			return out
		}
		cases := []struct {
			name   string
			filter Filter
			want   []string
		}{
			{"all", Filter{}, ids},
			{"limit", Filter{Limit: 7}, ids[:7]},
			{"name", Filter{Name: "name-1"}, pick(func(i int) bool { return i%3 == 1 })},
			{"label", Filter{Labels: map[string]string{"odd": "1"}}, pick(func(i int) bool { return i%2 == 1 })},
			{"two labels", Filter{Labels: map[string]string{"odd": "1", "i": "4"}}, nil},
			{"a label that must be empty is not one that is absent", Filter{Labels: map[string]string{"none": ""}}, nil},
			{"name and limit", Filter{Name: "name-2", Limit: 2}, []string{ids[2], ids[5]}},
			{"since", Filter{Since: march.AddDate(0, -2, 0)}, ids[:3]},
			{"until", Filter{Until: march.AddDate(0, -28, 0)}, ids[28:]},
			{"between", Filter{Since: march.AddDate(0, -12, 0), Until: march.AddDate(0, -10, 0)}, ids[10:13]},
		}
		for _, c := range cases {
			got, err := a.List(t.Context(), c.filter)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			var gotIDs []string
			for _, e := range got {
				gotIDs = append(gotIDs, e.RunID)
			}
			if strings.Join(gotIDs, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(gotIDs, "\n"), strings.Join(c.want, "\n"))
			}
		}
	})
}

func TestGetByPrefix(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		first, raw := resultAt(t, march, nil)
		second, raw2 := resultAt(t, march, nil)
		old, raw3 := resultAt(t, march.AddDate(-1, 0, 0), nil)
		for _, r := range [][]byte{raw, raw2, raw3} {
			mustPut(t, a, r)
		}
		_, err := a.Get(t.Context(), first[:13])
		if !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second) || strings.Contains(err.Error(), old) {
			t.Errorf("ambiguous: %v", err)
		}
		if id, err := a.Resolve(t.Context(), old[:13]); err != nil || id != old {
			t.Errorf("resolve: %q, %v", id, err)
		}
		for _, bad := range []string{"", "xyz", "../x", first + "0", "-"} {
			if _, err := a.Get(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "not a run id") {
				t.Errorf("get %q: %v", bad, err)
			}
		}
		if _, err := a.Get(t.Context(), "ffffffff"); !errors.Is(err, ErrNotFound) {
			t.Errorf("get of what is not there: %v", err)
		}
	})
}

// TestCrashBetweenSteps takes away what would not have been written yet.
func TestCrashBetweenSteps(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		id, raw := resultAt(t, march, nil)
		k, err := keysOf(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, missing := range [][]string{{k.row}, {k.row, k.manifest}, {k.row, k.manifest, k.result}} {
			mustPut(t, a, raw)
			for _, key := range missing {
				if err := a.store.remove(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 0 {
				t.Errorf("without %v: listed %v, %v", missing, list, err)
			}
			if _, err := a.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("without %v: get says %v", missing, err)
			}
			// The next put completes it, and delete clears the rest away.
			mustPut(t, a, raw)
			if got, err := a.Get(t.Context(), id); err != nil || !bytes.Equal(got, raw) {
				t.Errorf("after a second put: %v", err)
			}
			for _, key := range missing {
				if err := a.store.remove(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			if len(missing) < 3 {
				if err := a.Delete(t.Context(), id); err != nil {
					t.Errorf("delete without %v: %v", missing, err)
				}
			}
			if left, _ := a.store.list(t.Context(), ""); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		}
	})
}

// failingStore fails from the nth write on, as a process that dies would.
type failingStore struct {
	store
	writes atomic.Int64
}

func failAfter(s store, writes int) *failingStore {
	f := &failingStore{store: s}
	f.writes.Store(int64(writes))
	return f
}

func (s *failingStore) putIfAbsent(ctx context.Context, key string, data []byte, mediaType string) error {
	if s.writes.Add(-1) < 0 {
		return errors.New("killed")
	}
	return s.store.putIfAbsent(ctx, key, data, mediaType)
}

func (s *failingStore) remove(ctx context.Context, key string) error {
	if s.writes.Add(-1) < 0 {
		return errors.New("killed")
	}
	return s.store.remove(ctx, key)
}

func TestKilledBetweenSteps(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		real := a.store
		id, raw := resultAt(t, march, nil)
		for writes := range 3 {
			a.store = failAfter(real, writes)
			if _, err := a.Put(t.Context(), raw); err == nil {
				t.Errorf("put with %d writes succeeded", writes)
			}
			if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 0 {
				t.Errorf("after %d of 3 writes: listed %v, %v", writes, list, err)
			}
		}
		a.store = real
		mustPut(t, a, raw)
		// What it may remove is asked and the lease is taken; then row, manifest and Result go.
		for writes := 5; writes < 7; writes++ {
			a.store = failAfter(real, writes)
			if err := a.Delete(t.Context(), id); err == nil {
				t.Errorf("delete with %d removals succeeded", writes)
			}
			if list, err := a.List(t.Context(), Filter{}); err != nil || len(list) != 0 {
				t.Errorf("after %d of 3 removals: listed %v, %v", writes-4, list, err)
			}
			a.store = real
			if err := real.remove(t.Context(), leaseOf("2026-03")); err != nil { // as if it had run out
				t.Fatal(err)
			}
			mustPut(t, a, raw)
		}
		if err := a.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if left, _ := real.list(t.Context(), ""); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestConcurrentWriters(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		_, same := resultAt(t, march, nil)
		var wg sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			_, own := resultAt(t, march.Add(time.Duration(i)*time.Minute), nil)
			wg.Go(func() {
				_, err1 := a.Put(t.Context(), own)
				_, err2 := a.Put(t.Context(), same)
				errs[i] = errors.Join(err1, err2)
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		list, err := a.List(t.Context(), Filter{})
		if err != nil || len(list) != 33 {
			t.Fatalf("%d runs listed, %v; want 33", len(list), err)
		}
		for _, e := range list {
			if _, err := a.Get(t.Context(), e.RunID); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestConcurrentWritersOfDifferentBytes(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		id, raw := resultAt(t, march, nil)
		var wg sync.WaitGroup
		won := make([]bool, 32)
		for i := range won {
			mine := bytes.Replace(raw, []byte(`"checkout"`), fmt.Appendf(nil, `"checkout-%d"`, i), 1)
			wg.Go(func() {
				_, err := a.Put(t.Context(), mine)
				won[i] = err == nil
				if err != nil && !errors.Is(err, ErrConflict) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winners := 0
		for i, w := range won {
			if w {
				winners++
				got, err := a.Get(t.Context(), id)
				if err != nil || !bytes.Contains(got, fmt.Appendf(nil, `"checkout-%d"`, i)) {
					t.Errorf("writer %d was told it won, but %v", i, err)
				}
			}
		}
		if winners != 1 {
			t.Errorf("%d writers won", winners)
		}
	})
}

func TestTamperedObject(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		id, raw := resultAt(t, march, nil)
		k, _ := keysOf(id)
		replace := func(key string, data []byte) {
			t.Helper()
			if err := a.store.remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if err := a.store.putIfAbsent(t.Context(), key, data, mediaJSON); err != nil {
				t.Fatal(err)
			}
		}
		cases := []struct {
			name, key string
			data      []byte
			want      string
		}{
			{"one digit", k.result, bytes.Replace(raw, []byte("11.9"), []byte("10.9"), 1), "was changed after it was archived"},
			{"cut off", k.result, raw[:len(raw)/2], "was changed after it was archived"},
			{"manifest of nothing", k.manifest, []byte("{}"), "is about something else"},
			{"manifest cut off", k.manifest, []byte(`{"runID"`), "cannot be read"},
		}
		for _, c := range cases {
			mustPut(t, a, raw)
			replace(c.key, c.data)
			_, err := a.Get(t.Context(), id)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			if err := a.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		mustPut(t, a, raw)
		if err := a.store.remove(t.Context(), k.result); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Get(t.Context(), id); !errors.Is(err, ErrDamaged) {
			t.Errorf("without the Result: %v", err)
		}
		replace(k.row, []byte("not JSON"))
		if _, err := a.List(t.Context(), Filter{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), k.row) {
			t.Errorf("broken row: %v", err)
		}
	})
}

func TestManifest(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		id, raw := resultAt(t, march, nil)
		mustPut(t, a, raw)
		k, _ := keysOf(id)
		got, err := a.store.get(t.Context(), k.manifest)
		if err != nil {
			t.Fatal(err)
		}
		var m manifest
		if err := json.Unmarshal(got, &m); err != nil {
			t.Fatal(err)
		}
		want := manifestObject{Name: "result.json", MediaType: "application/json", Schema: document.APIVersion, Size: int64(len(raw))}
		o := m.Objects[0]
		sum := o.SHA256
		o.SHA256 = ""
		if m.RunID != id || m.Writer != "kubectl-meshery test" || len(m.Objects) != 1 || o != want || len(sum) != 64 {
			t.Errorf("manifest %s", got)
		}
	})
}

func TestCanceled(t *testing.T) {
	onEachStore(t, func(t *testing.T, a *Archive) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, raw := resultAt(t, march, nil)
		_, err := a.Put(ctx, raw)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("put: %v", err)
		}
		if err := a.Check(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("check: %v", err)
		}
	})
}

func TestARowNamesTheFirstOfSeveralTargets(t *testing.T) {
	target := func(url string) document.Target { return document.Target{URL: url} }
	for want, spec := range map[string]document.Spec{
		"http://a/":           {Target: target("http://a/")},
		"http://b/":           {Targets: []document.Target{target("http://b/")}},
		"http://c/ (+2 more)": {Targets: []document.Target{target("http://c/"), target("http://d/"), target("grpc://e:1")}},
	} {
		_, raw := resultAt(t, march, func(r *document.Result) { r.Spec = spec })
		if e, err := EntryOf(raw); err != nil || e.Target != want {
			t.Errorf("%+v, %v, want %q", e, err, want)
		}
	}
}
