package document

import (
	"encoding/json"
	"reflect"
	"testing"
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
	s := compileSchema(t, comparisonSchema)
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
	refuses(t, s, raw, map[string]string{
		`"kind":"Comparison"`: `"kind":"Result"`, `"verdict":"worse"`: `"verdict":"bad"`, `"p":0.01`: `"p":1.5`, `"unit":"ms"`: `"unit":"s"`,
		`"confidence":0.95`: `"confidence":95`, `"low":7.5`: `"low":null`, `"runID":"text"`: `"run":"text"`, `"moreRuns":7`: `"moreRuns":0`,
	})
}

func TestComparisonSchemaHasEveryField(t *testing.T) {
	hasEveryField(t, comparisonSchema, reflect.TypeFor[Comparison]())
}
