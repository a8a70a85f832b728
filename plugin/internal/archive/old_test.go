package archive

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// oldRow is a row as the first version wrote it.
func oldRow(e *Entry) []byte {
	return fmt.Appendf(nil, `{"runID":%q,"name":%q,"labels":{"mesh":"istio"},"target":%q,"start":%q,"end":%q,"phase":"Succeeded","valid":true,`+
		`"requests":{"sent":60000,"failed":1},"rate":{"target":1000,"achieved":999.9},"responseTime":{"p50":2.1,"p99":11.9,"max":96.2},`+
		`"agents":2,"size":%d,"sha256":%q}`+"\n",
		e.RunID, e.Name, e.Target, e.Start.Format(time.RFC3339Nano), e.End.Format(time.RFC3339Nano), e.Size, e.SHA256)
}

// putOld archives a run as the first version did, and returns its row.
func putOld(t *testing.T, a *Archive, raw []byte) (row []byte, k keys) {
	t.Helper()
	e, err := EntryOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	k, err = keysOf(e.RunID)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, a, raw)
	if err := a.store.remove(t.Context(), k.row); err != nil {
		t.Fatal(err)
	}
	return oldRow(e), k
}

// TestRowsOfEarlierVersions: rows of their own, rows of several runs in one object,
// and what takes a run out of those. They count as they are, and Compact takes
// them over.
func TestRowsOfEarlierVersions(t *testing.T) {
	for _, compact := range []bool{false, true} {
		t.Run(fmt.Sprintf("compact=%v", compact), func(t *testing.T) {
			onEachStore(t, func(t *testing.T, a *Archive) { rowsOfEarlierVersions(t, a, compact) })
		})
	}
}

func rowsOfEarlierVersions(t *testing.T, a *Archive, compact bool) {
	var ids []string
	var merged bytes.Buffer
	for i := range 6 {
		id, raw := resultAt(t, march.Add(-time.Duration(i)*time.Minute), nil)
		ids = append(ids, id)
		if i == 4 { // one of today
			mustPut(t, a, raw)
			continue
		}
		row, k := putOld(t, a, raw)
		if i%2 == 1 {
			merged.Write(bytes.Replace(row, []byte(`{`), []byte(`{"unknown":[1],`), 1))
		}
		if i%2 == 0 || i == 1 { // a row of its own and a merged one are one run
			if err := a.store.putIfAbsent(t.Context(), k.oldRow, row, mediaJSON); err != nil {
				t.Fatal(err)
			}
		}
		if i == 5 { // deleted
			if err := a.store.putIfAbsent(t.Context(), k.oldTomb, nil, mediaJSON); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.store.putIfAbsent(t.Context(), "index/v1/2026/03/merged-1.json", merged.Bytes(), mediaJSON); err != nil {
		t.Fatal(err)
	}
	wantListed(t, a, ids[:5])
	if compact {
		if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
			t.Fatal(err)
		}
		if left, err := a.store.list(t.Context(), oldFolder); err != nil || len(left) != 0 {
			t.Errorf("rows of the earlier version are left: %v, %v", left, err)
		}
		wantListed(t, a, ids[:5])
		list, err := a.List(t.Context(), Filter{IDs: ids[3:4]})
		if err != nil || len(list) != 1 || list[0].Requests.Planned != 60000 || list[0].ResponseTime.Count != 60000 {
			t.Errorf("a row taken over: %+v, %v; want what the Result says", list, err)
		}
	}
	newest, err := a.List(t.Context(), Filter{Limit: 2})
	if err != nil || len(newest) != 2 || newest[1].RunID != ids[1] || *newest[1].ResponseTime.P99 != 11.9 {
		t.Errorf("the newest two: %+v, %v", newest, err)
	}
	raw, err := a.Get(t.Context(), ids[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{ids[1], ids[2], ids[3]} {
		if err := a.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
		if _, err := a.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
			t.Errorf("get after delete: %v", err)
		}
	}
	wantListed(t, a, []string{ids[0], ids[4]})
	mustPut(t, a, raw)
	wantListed(t, a, []string{ids[0], ids[1], ids[4]})
	// What takes it out of the earlier version's rows does not take it out of today's.
	if err := a.Compact(t.Context(), func(string, Merged) {}); err != nil {
		t.Fatal(err)
	}
	wantListed(t, a, []string{ids[0], ids[1], ids[4]})
}

// TestATakeOverThatIsKilled shows every run all the time, and none that is deleted.
func TestATakeOverThatIsKilled(t *testing.T) {
	a := openFile(t)
	real := a.store
	var ids []string
	var merged bytes.Buffer
	for i := range 3 {
		id, raw := resultAt(t, march.Add(-time.Duration(i)*time.Minute), nil)
		row, k := putOld(t, a, raw)
		merged.Write(row)
		if i == 0 {
			if err := real.putIfAbsent(t.Context(), k.oldTomb, nil, mediaJSON); err != nil {
				t.Fatal(err)
			}
			continue
		}
		ids = append(ids, id)
	}
	if err := real.putIfAbsent(t.Context(), "index/v1/2026/03/merged-1.json", merged.Bytes(), mediaJSON); err != nil {
		t.Fatal(err)
	}
	for writes := 0; ; writes++ {
		a.store = failAfter(real, writes)
		err := a.Compact(t.Context(), func(string, Merged) {})
		a.store = real
		wantListed(t, a, ids)
		if err == nil {
			break
		}
		if err := real.remove(t.Context(), leaseOf("2026-03")); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := real.list(t.Context(), oldFolder); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestSort holds every field's order against what the entries say.
func TestSort(t *testing.T) {
	of := func(name string, p99, rate float64) Entry {
		e := Entry{RunID: idAt(march), Name: name, Rate: EntryRate{Achieved: rate}, Start: march}
		if p99 > 0 {
			e.ResponseTime = &EntryLatency{P99: &p99, Max: p99}
		}
		return e
	}
	entries := []Entry{of("b", 3, 100), of("a", 0, 300), of("c", 2, 200), of("d", 4, 50)}
	entries[3].ServiceTime, entries[3].ResponseTime = entries[3].ResponseTime, nil // a closed loop
	for sort, want := range map[string]string{
		"name": "abcd", "-name": "dcba", "p99": "cbda", "-p99": "dbca", "rate": "dbca", "-rate": "acbd", "max": "cbda",
	} {
		s, err := ParseSort(sort)
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{0, 2} {
			best := &selection{sort: s, limit: limit}
			for i := range entries {
				best.add(&entries[i])
			}
			got := ""
			for _, e := range best.sorted() {
				got += e.Name
			}
			if limit > 0 {
				want = want[:limit]
			}
			if got != want {
				t.Errorf("%s, at most %d: %s, want %s", sort, limit, got, want)
			}
		}
	}
	for _, field := range SortFields() {
		s, err := ParseSort("-" + field)
		if err != nil || s.compare(&entries[0], &entries[0]) != 0 {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := ParseSort("p98"); err == nil || !strings.Contains(err.Error(), "p99") {
		t.Errorf("p98: %v", err)
	}
}

func TestListByMeshTargetAndValidity(t *testing.T) {
	yes, no := true, false
	entries := map[string]Entry{
		"label": {Labels: map[string]string{"mesh": "istio"}, Meshes: map[string]string{"linkerd": "2"}, Valid: true, Phase: "Succeeded", Target: "http://cart.shop:8080/"},
		"found": {Meshes: map[string]string{"linkerd": "2", "istio": "1"}, Valid: true, Phase: "Partial", Target: "http://pay.shop:8080/"},
		"bare":  {Phase: "Succeeded", Target: "http://cart.bare/"},
		"none":  {Labels: map[string]string{"mesh": "none"}, Meshes: map[string]string{"istio": "1"}, Valid: true, Phase: "Succeeded"},
	}
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{Filter{Mesh: "istio"}, "found label"},
		{Filter{Mesh: "linkerd"}, "found"},
		{Filter{Mesh: "none"}, "bare none"},
		{Filter{Target: "cart"}, "bare label"},
		{Filter{Valid: &yes}, "label none"},
		{Filter{Valid: &no}, "bare found"},
		{Filter{Mesh: "istio", Valid: &yes}, "label"},
	} {
		var got []string
		for name, e := range entries {
			if c.f.Matches(&e) {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, want %s", c.f, got, c.want)
		}
	}
}
