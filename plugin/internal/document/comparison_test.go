package document

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const comparisonSchema = "../../../docs/schema/comparison-v1alpha1.json"

// fullComparison has every field.
func fullComparison() *Comparison {
	c := &Comparison{}
	fill(reflect.ValueOf(c).Elem())
	c.APIVersion, c.Kind, c.Confidence, c.Seed, c.Verdict = APIVersion, KindComparison, 0.95, 7, Worse
	for i := range c.Metrics {
		m := &c.Metrics[i]
		m.Unit, m.Verdict, m.P, m.PAdjusted = "ms", TooFew, new(0.01), new(0.15)
	}
	return c
}

func TestComparisonsFitTheSchema(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	s, err := compiler.Compile(comparisonSchema)
	if err != nil {
		t.Fatal(err)
	}
	none := ComparedGroup{Runs: []ComparedRun{}}
	for name, c := range map[string]*Comparison{"full": fullComparison(),
		"empty": {APIVersion: APIVersion, Kind: KindComparison, A: none, B: none, Confidence: 0.95, Resamples: 1, Metrics: []MetricComparison{}, Verdict: TooFew}} {
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(s, raw); err != nil {
			t.Errorf("%s: %v\n%s", name, err, raw)
		}
	}
	raw, err := json.Marshal(fullComparison())
	if err != nil {
		t.Fatal(err)
	}
	for old, replacement := range map[string]string{
		`"kind":"Comparison"`: `"kind":"Result"`, `"verdict":"worse"`: `"verdict":"bad"`, `"p":0.01`: `"p":1.5`, `"unit":"ms"`: `"unit":"s"`,
		`"confidence":0.95`: `"confidence":95`, `"low":7.5`: `"low":null`, `"runID":"text"`: `"run":"text"`, `"moreRuns":7`: `"moreRuns":0`,
	} {
		changed := strings.Replace(string(raw), old, replacement, 1)
		if changed == string(raw) {
			t.Errorf("%s is not in the Comparison", old)
		} else if validate(s, []byte(changed)) == nil {
			t.Errorf("%s is accepted", replacement)
		}
	}
}

func TestComparisonSchemaHasEveryField(t *testing.T) {
	raw, err := os.ReadFile(comparisonSchema)
	if err != nil {
		t.Fatal(err)
	}
	var root object
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	compare(t, root.Defs, used, "Comparison", reflect.TypeFor[Comparison](), root)
	for name := range root.Defs {
		if !used[name] {
			t.Errorf("$defs/%s is not used by any Go type", name)
		}
	}
}
