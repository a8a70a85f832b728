package selection

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/meshery/kubectl-meshery/plugin/internal/archive"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// put archives the n-th run, an hour after the one before, and returns its id.
func put(t *testing.T, a *archive.Archive, n int, name string, labels map[string]string) (id string, raw []byte) {
	t.Helper()
	at := start.Add(time.Duration(n) * time.Hour)
	u := uuid.UUID{6: 0x70, 8: 0x80, 15: byte(n)}
	for i := range 6 {
		u[i] = byte(at.UnixMilli() >> (8 * (5 - i)))
	}
	r := &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: name, RunID: u.String(), Labels: labels},
		Spec:     document.Spec{Target: document.Target{URL: "http://" + name + ".shop:8080/"}},
		Status:   document.Status{Phase: document.Succeeded, StartTime: at, EndTime: at.Add(time.Minute), Validity: document.Validity{Valid: true}},
	}
	raw, err := document.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Put(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	return u.String(), raw
}

func TestEachWordFindsItsRuns(t *testing.T) {
	dir := t.TempDir()
	a, err := archive.Open(t.Context(), archive.Options{Dir: filepath.Join(dir, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	var last []byte
	results := filepath.Join(dir, "results[1]") // no pattern
	if err := os.Mkdir(results, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		labels := map[string]string{"mesh": []string{"none", "istio"}[i%2], "team": "shop"}
		id, raw := put(t, a, i, []string{"checkout", "checkout", "cart"}[i/2], labels)
		ids, last = append(ids, id), raw
		if err := os.WriteFile(filepath.Join(results, fmt.Sprintf("%d.json", 9-i)), raw, 0o644); err != nil { // not in the order of time
			t.Fatal(err)
		}
	}
	const sha = "65c744d8b8d7c27e5c1f0f43ff4f81a4bb4fcbe1"
	shaID, _ := put(t, a, 7, sha, nil)
	hexID, _ := put(t, a, 6, "deadbeef", nil)
	file := filepath.Join(dir, "one.json")
	if err := os.WriteFile(file, last, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arg   string
		where Where
		want  []string
		name  string
	}{
		{"mesh=istio", Where{}, []string{ids[1], ids[3], ids[5]}, "mesh=istio"},
		{"mesh=istio,team=shop", Where{Conditions: []string{"name=checkout"}}, []string{ids[1], ids[3]}, ""},
		{"target=cart", Where{}, ids[4:6], ""},
		{"checkout", Where{}, ids[:4], "checkout"},
		{"checkout", Where{Last: 2}, ids[2:4], ""},
		{"checkout", Where{Since: start.Add(time.Hour), Until: start.Add(2 * time.Hour)}, ids[1:3], ""},
		{ids[2], Where{}, ids[2:3], ids[2][:13]},
		{"result/" + ids[2], Where{}, ids[2:3], ids[2][:13]},
		{ids[0] + "," + strings.ToUpper(ids[3]), Where{}, []string{ids[0], ids[3]}, ""},
		{"deadbeef", Where{}, []string{hexID}, "deadbeef"},
		{file, Where{}, ids[5:6], ""},
		{dir + "/", Where{}, ids[5:6], ""},
		{results + "/", Where{}, ids, ""},
		{results + "/", Where{Conditions: []string{"name=checkout", "mesh=istio"}}, []string{ids[1], ids[3]}, ""},
		{results + "/", Where{Last: 2}, ids[4:6], ""},
		{results + "/", Where{Since: start.Add(time.Hour), Until: start.Add(2 * time.Hour)}, ids[1:3], ""},
		{sha, Where{}, []string{shaID}, sha},
	} {
		groups, err := Parse([]string{c.arg})
		if err != nil {
			t.Errorf("%s: %v", c.arg, err)
			continue
		}
		var got []string
		err = groups[0].Each(t.Context(), a, c.where, func(r *document.Result) error {
			got = append(got, r.Metadata.RunID)
			return nil
		})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.arg, got, err, c.want)
		}
		if c.name != "" && groups[0].Name != c.name {
			t.Errorf("%s is called %q, want %q", c.arg, groups[0].Name, c.name)
		}
	}
}

// More runs than can be held are read only where they are asked for.
func TestTooManyRuns(t *testing.T) {
	a, err := archive.Open(t.Context(), archive.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() + "/"
	for i := range 4 {
		_, raw := put(t, a, i, "checkout", nil)
		if err := os.WriteFile(fmt.Sprintf("%s%d.json", dir, i), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, arg := range []string{"checkout", dir} {
		for _, c := range []struct {
			where Where
			read  int
		}{{Where{Most: 3}, 0}, {Where{Most: 4}, 4}, {Where{Most: 3, Last: 4}, 4}, {Where{Most: 3, Since: start.Add(time.Hour)}, 3}} {
			groups, err := Parse([]string{arg})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			err = groups[0].Each(t.Context(), a, c.where, func(*document.Result) error { n++; return nil })
			if n != c.read || (err != nil) != (c.read == 0) || err != nil && !strings.Contains(err.Error(), "take the newest with --last 3") {
				t.Errorf("%s: %+v: %d, %v", arg, c.where, n, err)
			}
		}
	}
}

func TestGroupsAreCalledByWhatTellsThemApart(t *testing.T) {
	for want, args := range map[string][]string{
		"none istio":             {"mesh=none", "mesh=istio"},
		"mesh=none team=shop":    {"mesh=none", "team=shop"},
		"mesh=none,a=1 mesh=b":   {"mesh=none,a=1", "mesh=b"},
		"checkout cart":          {"checkout", "cart"},
		"none istio linkerd":     {"bench=b,variant=none", "variant=istio,bench=b", "bench=b,variant=linkerd"},
		"a,1.4 b,1.5":            {"name=a,team=x,version=1.4", "name=b,team=x,version=1.5"},
		"mesh=a,x=1 mesh=a,x=1":  {"mesh=a,x=1", "mesh=a,x=1"},
		"0193a1c4-7c1e 0193a1c5": {"0193a1c4-7c1e-7000", "0193a1c5"},
	} {
		groups, err := Parse(args)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, g := range groups {
			names = append(names, g.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%v: %q, want %q", args, got, want)
		}
	}
}

func TestWhatCannotBeRight(t *testing.T) {
	for arg, want := range map[string]string{
		"mesh=istio,":           "has an empty part",
		"mesh=istio,checkout":   `condition "checkout" is not KEY=VALUE`,
		"checkout,mesh=istio":   "mixes conditions with something else",
		"checkout,cart":         `"checkout" is not a run id`,
		"mesh=a,x=1,x=2":        "no run has both x=1 and x=2",
		"name=a,name=b":         "no run has both name=a and name=b",
		"name=":                 `condition "name=" has no value`,
		"mesh=":                 `condition "mesh=" has no value`,
		"x=1,target=":           `condition "target=" has no value`,
		"":                      "has an empty part",
		"0193a1c4-7c1e,deadbee": `"deadbee" is not a run id`,
	} {
		if _, err := Parse([]string{arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", arg, err, want)
		}
	}
	groups, err := Parse([]string{"mesh=istio"})
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(groups, Where{Conditions: []string{"mesh=none"}}); err == nil || !strings.Contains(err.Error(), "no run has both mesh=istio and mesh=none") {
		t.Errorf("a contradiction: %v", err)
	}
	if err := Check(groups, Where{Conditions: []string{"name="}}); err == nil {
		t.Error("a condition without a value was accepted")
	}
	if err := Check(groups, Where{Conditions: []string{"istio"}}); err == nil {
		t.Error("a condition that is none was accepted")
	}
}

// A word means the same wherever it is said.
func TestWordsDoNotDependOnTheDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, dir := range []string{"checkout", "result"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for arg, isFile := range map[string]bool{"checkout": false, "./checkout": true, "checkout/": true, "one.json": true, "result/one.json": true,
		"result/": true, "result/0193a1c4-7c1e": false, "./0193a1c4": true} {
		groups, err := Parse([]string{arg})
		if err != nil || (len(groups[0].Files) > 0) != isFile || isFile && groups[0].Files[0] != arg {
			t.Errorf("%s: %+v, %v", arg, groups[0], err)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	a, err := archive.Open(t.Context(), archive.Options{Dir: filepath.Join(dir, "archive")})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := put(t, a, 1, "checkout", nil)
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"text.json": "hello", "test.json": `{"kind":"Test"}`, "later.json": `{"kind":"Result","apiVersion":"perf.meshery.io/v9"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]string{
		"cart":                           `is of a Test named "cart": 'results list' shows what there is`,
		"mesh=linkerd":                   `is "mesh=linkerd"`,
		filepath.Join(dir, "none.json"):  "no such file",
		filepath.Join(dir, "text.json"):  "it is not a Result",
		filepath.Join(dir, "test.json"):  `of kind "Test"`,
		filepath.Join(dir, "later.json"): `apiVersion "perf.meshery.io/v9", which this version cannot read`,
		empty + "/":                      "has no .json files",
		"00000000":                       `"00000000"`,
	} {
		groups, err := Parse([]string{arg})
		if err != nil {
			t.Fatal(err)
		}
		err = groups[0].Each(t.Context(), a, Where{}, func(*document.Result) error { return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
	// Also where a group is called by less than what was asked for.
	two, err := Parse([]string{"mesh=none", "mesh=linkerd"})
	if err != nil || two[1].Name != "linkerd" {
		t.Fatalf("%v, %+v", err, two)
	}
	if _, err := two[1].Find(t.Context(), a, Where{}); err == nil || !strings.Contains(err.Error(), `is "mesh=linkerd": 'results list'`) {
		t.Error(err)
	}
	// A visitor's error ends it.
	groups, _ := Parse([]string{id})
	stop := errors.New("stop")
	if err := groups[0].Each(t.Context(), a, Where{}, func(*document.Result) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	// A Result that was changed is no Result.
	k := filepath.Join(dir, "archive", "runs", fmt.Sprintf("2026/03/01/%s/result.json", id))
	if err := os.WriteFile(k, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := groups[0].Each(t.Context(), a, Where{}, func(*document.Result) error { return nil }); !errors.Is(err, archive.ErrDamaged) {
		t.Errorf("a changed Result: %v", err)
	}
}
