package document

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../../docs/schema/result-v1alpha1.json"

func compileSchema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	s, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, raw []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// refuses replaces a text of a document at a time, after which the schema shall refuse it.
func refuses(t *testing.T, s *jsonschema.Schema, raw []byte, changes map[string]string) {
	t.Helper()
	for old, replacement := range changes {
		changed := strings.Replace(string(raw), old, replacement, 1)
		if changed == string(raw) {
			t.Errorf("%s is not in the document", old)
		} else if validate(s, []byte(changed)) == nil {
			t.Errorf("%s is accepted", replacement)
		}
	}
}

// sampled fills values that the schema restricts; everything else any value does.
var sampled = map[reflect.Type]any{
	reflect.TypeFor[Phase]():      Partial,
	reflect.TypeFor[AgentPhase](): AgentLost,
	reflect.TypeFor[Duration]():   Duration(90 * time.Second),
	reflect.TypeFor[time.Time]():  time.Date(2026, 11, 23, 14, 5, 0, 123456789, time.UTC),
	reflect.TypeFor[[]byte]():     []byte{0xff},
}

// fill sets every field, pointer, list and map below v.
func fill(v reflect.Value) {
	if s, ok := sampled[v.Type()]; ok {
		v.Set(reflect.ValueOf(s))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e)
		v.SetMapIndex(reflect.ValueOf("key"), e)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7.5)
	}
}

func full() *Result {
	r := &Result{}
	fill(reflect.ValueOf(r).Elem())
	r.APIVersion, r.Kind = APIVersion, KindResult
	r.Metadata.RunID = "0193a1c4-7c1e-7000-8000-000000000001"
	return r
}

func TestResultsFitTheSchema(t *testing.T) {
	s := compileSchema(t, schemaFile)
	empty := &Result{APIVersion: APIVersion, Kind: KindResult, Metadata: ResultMetadata{RunID: full().Metadata.RunID}, Status: Status{Phase: Failed}}
	closedLoop := full()
	closedLoop.Spec.Load.Rate = Max
	bigNumbers := full()
	bigNumbers.Status.Requests.Sent = math.MaxInt64
	bigNumbers.Status.Latency.ResponseTime.Max = 1e300
	fractions := full()
	fractions.Spec.Load.Duration = Duration(1500 * time.Microsecond)
	fractions.Spec.Load.Warmup = Duration(time.Hour + 1)
	noPoints := full()
	noPoints.Status.Resources.Prometheus[0].Series[0].Points = nil
	for name, r := range map[string]*Result{"full": full(), "empty": empty, "closed loop": closedLoop, "big numbers": bigNumbers, "fractions": fractions, "no points": noPoints} {
		raw, err := Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(s, raw); err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
		if bytes.Contains(raw, []byte("null")) {
			t.Errorf("%s: null in\n%s", name, raw)
		}
	}
	if noPoints.Status.Resources.Prometheus[0].Series[0].Points != nil {
		t.Error("Marshal changed the caller's Result")
	}
}

func TestSchemaRefusesWhatIsNoResult(t *testing.T) {
	s := compileSchema(t, schemaFile)
	raw, err := Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, s, raw, map[string]string{
		`"kind": "Result"`:          `"kind": "Test"`,
		`"apiVersion": "perf`:       `"apiVersion": "other`,
		`"name": "text",`:           `"name": "text", "surname": "x",`,
		`"phase": "Partial"`:        `"phase": "Half"`,
		`"sent": 7`:                 `"sent": -1`,
		`"achieved": 7.5`:           `"achieved": "7.5"`,
		`"startTime": "2026-11-`:    `"startTime": "2026-13-`,
		`"runID": "0193a1c4-7c1e-7`: `"runID": "0193a1c4-7c1e-4`,
		`"rate": 7.5`:               `"rate": 0`,
		`"duration": "1m30s"`:       `"duration": 90`,
		`"valid": true`:             `"valid": null`,
	})
}

// object is what of a schema's object this test compares with a Go struct.
type object struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"`
	Required             []string          `json:"required"`
	Properties           map[string]object `json:"properties"`
	Items                *object           `json:"items"`
	Defs                 map[string]object `json:"$defs"`
}

func TestSchemaHasEveryField(t *testing.T) {
	hasEveryField(t, schemaFile, reflect.TypeFor[Result]())
}

// hasEveryField walks a Go type and a schema side by side.
func hasEveryField(t *testing.T, file string, typ reflect.Type) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var root object
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	compare(t, root.Defs, used, typ.Name(), typ, root)
	for name := range root.Defs {
		if !used[name] {
			t.Errorf("$defs/%s is not used by any Go type", name)
		}
	}
}

func compare(t *testing.T, defs map[string]object, used map[string]bool, path string, typ reflect.Type, o object) {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if name, ok := strings.CutPrefix(o.Ref, "#/$defs/"); ok {
		if typ.Name() != name {
			t.Errorf("%s is of type %s in Go and %s in the schema", path, typ.Name(), name)
		}
		if used[name] {
			return
		}
		used[name] = true
		o = defs[name]
	}
	switch {
	case typ.Kind() == reflect.Struct && typ != reflect.TypeFor[time.Time]():
		compareStruct(t, defs, used, path, typ, o)
	case typ.Kind() == reflect.Slice && typ != reflect.TypeFor[[]byte]():
		if o.Items == nil {
			t.Errorf("%s is a list in Go, not in the schema", path)
			return
		}
		compare(t, defs, used, path+"[]", typ.Elem(), *o.Items)
	}
}

func compareStruct(t *testing.T, defs map[string]object, used map[string]bool, path string, typ reflect.Type, o object) {
	if string(o.AdditionalProperties) != "false" {
		t.Errorf("%s: additionalProperties is not false in the schema", path)
	}
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(typ) {
		if f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
		p, ok := o.Properties[name]
		if !ok {
			t.Errorf("%s.%s is in Go and not in %s: add it there", path, name, schemaFile)
			continue
		}
		optional := strings.Contains(options, "omit")
		if optional == slices.Contains(o.Required, name) {
			t.Errorf("%s.%s: required in the schema %v, left out by Go when empty %v", path, name, !optional, optional)
		}
		compare(t, defs, used, path+"."+name, f.Type, p)
	}
	for name := range o.Properties {
		if !known[name] {
			t.Errorf("%s.%s is in the schema and not in Go", path, name)
		}
	}
}
