package printer

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

func sample() *document.Result {
	p99 := 1234567.5
	return &document.Result{
		APIVersion: document.APIVersion, Kind: document.KindResult,
		Metadata: document.ResultMetadata{Name: "checkout", RunID: "0193a1c4-7c1e-7000-8000-000000000001"},
		Spec:     document.Spec{Target: document.Target{URL: "http://shop/?a=1&b=<2>"}},
		Status: document.Status{
			Requests: document.Requests{Planned: 60000000, Sent: 60000000, Codes: map[string]int64{"200": 60000000}},
			Latency:  document.Latency{ResponseTime: &document.Summary{P99: &p99}},
		},
	}
}

func TestPrint(t *testing.T) {
	cases := []struct{ output, want string }{
		{"", "TABLE\n"},
		{"table", "TABLE\n"},
		{"wide", "TABLE\n"},
		{"name", "result/0193a1c4-7c1e-7000-8000-000000000001\n"},
		{"jsonpath={.metadata.name}", "checkout"},
		{"jsonpath=.metadata.name", "checkout"},
		{"jsonpath=metadata.name", "checkout"},
		{"jsonpath=$.metadata.name", "checkout"},
		{`jsonpath={.status.requests.codes["200"]}`, "60000000"},
		{`jsonpath={.status.requests.codes['200']}{"\n"}`, "60000000\n"},
		{"jsonpath={.status.latency.responseTime.p99}", "1234567.5"},
		{"jsonpath={.status.latency.responseTime.p999}", ""},
		{"jsonpath={.spec.target}", `{"url":"http://shop/?a=1\u0026b=\u003c2\u003e"}`},
	}
	for _, c := range cases {
		var b bytes.Buffer
		f := Flags{Output: c.output}
		err := f.Print(&b, sample(), func(w io.Writer) error { _, err := io.WriteString(w, "TABLE\n"); return err })
		if err != nil || b.String() != c.want {
			t.Errorf("-o %s: got %q, %v; want %q", c.output, b.String(), err, c.want)
		}
	}
}

func TestJSONIsTheArchivedBytes(t *testing.T) {
	want, err := document.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasSuffix(want, []byte("}\n")) || !bytes.Contains(want, []byte("a=1&b=<2>")) {
		t.Errorf("not readable JSON with a newline at its end:\n%s", want)
	}
	for _, obj := range []any{sample(), Document{Raw: want}} {
		var b bytes.Buffer
		if err := (&Flags{Output: "json"}).Print(&b, obj, nil); err != nil || !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%T: got %v\n%s", obj, err, b.Bytes())
		}
	}
}

func TestYAML(t *testing.T) {
	var b bytes.Buffer
	obj := map[string]any{"count": 60000000, "name": "a & b", "items": []string{"x"}}
	if err := (&Flags{Output: "yaml"}).Print(&b, obj, nil); err != nil {
		t.Fatal(err)
	}
	if want := "count: 60000000\nitems:\n- x\nname: a & b\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestUnknownFormatIsAUsageError(t *testing.T) {
	cases := []struct{ output, want string }{
		{"xml", `output format "xml" is unknown: use json, yaml, name, jsonpath=EXPRESSION, table or wide`},
		{"jsonpath", "lacks an expression"},
		{"jsonpath=", "lacks an expression"},
		{"jsonpath={.a", "cannot be parsed"},
	}
	for _, c := range cases {
		err := (&Flags{Output: c.output}).Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || exit.Code(err) != exit.Usage {
			t.Errorf("-o %s: got %v, want a usage error with %q", c.output, err, c.want)
		}
	}
	err := (&Flags{Output: "name"}).Print(io.Discard, 1, nil)
	if exit.Code(err) != exit.Usage {
		t.Errorf("-o name of a number: got %v, want a usage error", err)
	}
}

// A command whose objects have no table or no names says so, and does not fall over.
func TestFormatsThatDoNotFit(t *testing.T) {
	for _, output := range []string{"", "table", "wide"} {
		if err := (&Flags{Output: output}).Print(io.Discard, 1, nil); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "there is no table") {
			t.Errorf("-o %q: %v, want a usage error", output, err)
		}
	}
	if err := (&Flags{Output: "name"}).NoNames(); exit.Code(err) != exit.Usage {
		t.Errorf("-o name: %v, want a usage error", err)
	}
	if err := (&Flags{Output: "json"}).NoNames(); err != nil {
		t.Error(err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteErrorsAreReturned(t *testing.T) {
	for _, output := range []string{"json", "yaml", "name", "jsonpath=.kind", "table"} {
		err := (&Flags{Output: output}).Print(brokenWriter{}, sample(), NewTable("A").Write)
		if err == nil {
			t.Errorf("-o %s: no error for a broken pipe", output)
		}
	}
}
