package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/report"
	"github.com/meshery/kubectl-meshery/plugin/internal/report/example"
)

// inputs are made once, for that takes a while.
var inputs = map[string]func() (report.Input, error){
	"comparison": sync.OnceValues(func() (report.Input, error) { return example.Comparison(6) }),
	"single":     sync.OnceValues(example.Single),
	"poor":       sync.OnceValues(example.Poor),
	"variants":   sync.OnceValues(func() (report.Input, error) { return example.Variants(2) }),
}

// made is an Input whose groups and runs the test may change; the runs' inner parts
// are everybody's.
func made(t *testing.T, name string) report.Input {
	t.Helper()
	in, err := inputs[name]()
	if err != nil {
		t.Fatal(err)
	}
	in.Groups = slices.Clone(in.Groups)
	for i := range in.Groups {
		in.Groups[i].Runs = slices.Clone(in.Groups[i].Runs)
		for j, r := range in.Groups[i].Runs {
			one := *r
			in.Groups[i].Runs[j] = &one
		}
	}
	return in
}

func page(t *testing.T, in report.Input) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// elements are all of a page in their order.
func elements(t *testing.T, text string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// Whatever the Input, a page needs nothing else, and those who do not see it, or not
// its colours, find their way.
func TestPages(t *testing.T) {
	for name := range inputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := page(t, made(t, name))
			for _, bad := range []string{"NaN", "+Inf", "%!", "ZgotmplZ", "secret", "\u202e", "\x1b"} {
				if i := strings.Index(text, bad); i >= 0 {
					t.Errorf("%q is in the page: …%s…", bad, text[max(0, i-80):min(len(text), i+80)])
				}
			}
			ids, refs := map[string]bool{}, []string{}
			level, charts, tables := 0, 0, 0
			for _, n := range elements(t, text) {
				if id := attribute(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("two elements have the id %q", id)
					}
					ids[id] = true
				}
				refs = append(refs, strings.Fields(attribute(n, "aria-labelledby"))...)
				for _, a := range n.Attr {
					switch {
					case a.Key == "src" || a.Key == "style" || strings.HasPrefix(a.Key, "on"):
						t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
					case a.Key == "href":
						refs = append(refs, strings.TrimPrefix(a.Val, "#"))
					}
				}
				switch n.Data {
				case "script", "img", "link", "iframe", "object", "base", "form", "foreignObject", "image", "use":
					t.Errorf("the page has a <%s>", n.Data)
				case "svg":
					charts++
				case "h1", "h2", "h3", "h4":
					if l := int(n.Data[1] - '0'); l > level+1 {
						t.Errorf("<%s> %q follows a heading of level %d", n.Data, textOf(n), level)
					} else {
						level = l
					}
				case "table":
					tables++
					checkTable(t, n)
				}
			}
			for _, ref := range refs {
				if !ids[ref] {
					t.Errorf("nothing has the id %q", ref)
				}
			}
			if charts < 5 || tables < 6 {
				t.Errorf("%d charts and %d tables", charts, tables)
			}
		})
	}
}

func checkTable(t *testing.T, n *html.Node) {
	t.Helper()
	captions, width := 0, 0
	for d := range n.Descendants() {
		switch d.Data {
		case "caption":
			captions++
		case "th":
			if s := attribute(d, "scope"); s != "row" && s != "col" {
				t.Errorf("<th> %q has the scope %q", textOf(d), s)
			}
		case "tr":
			cells := 0
			for c := range d.ChildNodes() {
				if c.Data == "td" || c.Data == "th" {
					cells++
				}
			}
			if width == 0 {
				width = cells
			}
			if cells != width {
				t.Errorf("a row of %q has %d cells, the first has %d: %s", attribute(n.Parent, "aria-labelledby"), cells, width, textOf(d))
			}
		}
	}
	if captions != 1 {
		t.Errorf("a table has %d captions", captions)
	}
}

// The policy stands before the style, and lets in nothing but this style.
func TestThePolicyFitsTheStyle(t *testing.T) {
	text := page(t, made(t, "single"))
	before, rest, _ := strings.Cut(text, "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	for _, n := range elements(t, before) {
		if attribute(n, "http-equiv") == "Content-Security-Policy" && attribute(n, "content") == want {
			return
		}
	}
	t.Errorf("%q is not before the style in %s", want, before)
}

// What the page says is what all histograms together say.
func TestFiguresAreThoseOfMergedHistograms(t *testing.T) {
	in := made(t, "comparison")
	text := page(t, in)
	for _, g := range in.Groups {
		h, service := histogram.New(), histogram.New()
		for _, r := range g.Runs {
			if !r.Status.Validity.Valid {
				continue
			}
			for to, encoded := range map[*histogram.Histogram]string{h: r.Status.Histograms.ResponseTime, service: r.Status.Histograms.ServiceTime} {
				part, err := histogram.Decode([]byte(encoded))
				if err != nil {
					t.Fatal(err)
				}
				to.Merge(part)
			}
		}
		for _, one := range []*histogram.Histogram{h, service} {
			row := `<th scope="row">` + g.Name + "</th><td>" + printer.Count(one.Count()) + "</td><td>" + printer.Latency(float64(one.Min())/1e6)
			if !strings.Contains(text, row) {
				t.Errorf("%q is not in the page", row)
			}
			for _, q := range []float64{0.5, 0.99, 0.9999} {
				d, _ := one.Quantile(q)
				if want := "<td>" + printer.Latency(float64(d)/1e6) + "</td>"; !strings.Contains(text, want) {
					t.Errorf("p%g of %s: %q is not in the page", 100*q, g.Name, want)
				}
			}
		}
	}
}

// What is absent says why, and is no 0.
func TestAbsentFiguresSayWhy(t *testing.T) {
	text := page(t, made(t, "poor"))
	for _, want := range []string{
		"it gave no reading inside the measured time", "was not read: ", "invalid: stopped before its end", ", service time",
		"1 run a side: at least 6 are needed", "was left out: ", "No agent on ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	closed := made(t, "poor")
	closed.Groups = closed.Groups[:1]
	if text := page(t, closed); !strings.Contains(text, "There is no response time") {
		t.Error("the page does not say why a closed loop has no response time")
	}
	silent := page(t, report.Input{Groups: []report.Group{{Runs: []*document.Result{{Metadata: document.ResultMetadata{Name: "silent", RunID: "r"}}}}}})
	for _, want := range []string{"no request was answered rightly", "No request was answered rightly.", "The Results have no timeline.", "no run asked for it", "INVALID"} {
		if !strings.Contains(silent, want) {
			t.Errorf("the page of a run without figures does not say %q", want)
		}
	}
	for _, bad := range []string{"<dd>0.00 ms", "<td>0.00 ms", "0 %"} {
		if strings.Contains(silent, bad) {
			t.Errorf("the page of a run without figures says %q", bad)
		}
	}
}

// A run that one comparison left out and another used counts, and the report says
// which did what.
func TestRunLeftOutOfOneComparison(t *testing.T) {
	in := made(t, "comparison")
	first := in.Comparisons[0]
	run := first.A.Runs[0].RunID
	for _, used := range []bool{true, false} {
		second := *first
		second.B.Name = "third"
		second.A.Runs = second.A.Runs[1:]
		second.A.LeftOut = append(slices.Clone(first.A.LeftOut), document.LeftOutRun{RunID: run, Reason: "no partner in its block"})
		all := []*document.Comparison{&second, &second}
		if used {
			all[0] = first
		}
		in.Comparisons = all
		html := page(t, in)
		for name, text := range map[string]string{"page": html, "Markdown": written(t, in, report.Markdown)} {
			if apart := strings.Contains(text, "left out of third against "+first.A.Name+": no partner"); apart != used || !strings.Contains(text, "no partner in its block") {
				t.Errorf("%s, used %v: said apart %v", name, used, apart)
			}
		}
		for _, n := range elements(t, html) {
			if n.Data != "tr" || !strings.Contains(textOf(n), run) {
				continue
			}
			if text := strings.TrimSpace(textOf(n)); strings.HasSuffix(text, "yes") && !used || strings.HasSuffix(text, "no") && used {
				t.Errorf("used %v: %q", used, text)
			}
		}
	}
}

// Headers, keys and tokens of the Test are nowhere, and it can be run again.
func TestTheTestIsShownWithoutSecrets(t *testing.T) {
	in := made(t, "single")
	for _, want := range []string{"value: &lt;redacted&gt;", "token=&lt;redacted&gt;", "kubectl meshery run -f test.yaml --context staging -n meshery", "seed: 7", "kind: Test"} {
		if !strings.Contains(page(t, in), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	body := in.Groups[0].Runs[0].Spec.Target
	run := in.Groups[0].Runs[0]
	for _, one := range []struct {
		change func(*document.Target)
		want   string
	}{
		{func(t *document.Target) { t.Body = `{"password": "s3cret"}` + strings.Repeat("x", 2000) }, "body: <redacted, 2,022 bytes>"},
		{func(t *document.Target) { t.BodyBase64 = []byte("s3cret\xff") }, "body: <redacted, 7 bytes>"},
		{func(t *document.Target) { t.GRPC = &document.GRPCCall{Method: "a.B/C", Message: `{"key":"s3cret"}`} }, "message: <redacted, 16 bytes>"},
		{func(t *document.Target) {
			t.GRPC = &document.GRPCCall{Method: "a.B/C", DescriptorSet: []byte(strings.Repeat("s3cret", 300))}
		}, "descriptorSet: <redacted, 1,800 bytes>"},
	} {
		run.Spec.Target = body
		one.change(&run.Spec.Target)
		run.Spec.Targets = []document.Target{run.Spec.Target}
		for name, text := range map[string]string{"page": html.UnescapeString(page(t, in)), "Markdown": written(t, in, report.Markdown)} {
			if strings.Count(text, one.want) != 2 || strings.Contains(text, "s3cret") || strings.Contains(text, "czNjcmV0") {
				t.Errorf("the %s lacks %q twice, or has more", name, one.want)
			}
		}
	}
	// Bodies of the same length are two Tests all the same.
	other := *run
	other.Metadata.RunID, other.Spec.Targets, other.Spec.Target.Body = "other", nil, "hunter2"
	run.Spec.Targets, run.Spec.Target = nil, body
	run.Spec.Target.Body = "hunter1"
	in.Groups[0].Runs = append(in.Groups[0].Runs, &other)
	if text := page(t, in); !strings.Contains(text, "test-2.yaml") || strings.Contains(text, "hunter") {
		t.Error("two Tests are shown as one, or their bodies are")
	}
	in.Groups[0].Runs, run.Spec.Target = in.Groups[0].Runs[:1], body
	in.Groups[0].Runs[0].Status.Environment.Local = true
	if !strings.Contains(page(t, in), "<code>kubectl meshery run -f test.yaml --local</code>") {
		t.Error("a local run is not repeated locally")
	}
}

// A page of 2 x 20 runs stays small, and leaves nothing behind.
func TestManyRunsMakeASmallPage(t *testing.T) {
	in := made(t, "single")
	one := in.Groups[0].Runs[0]
	groups := []report.Group{{Name: "a"}, {Name: "b"}}
	for i := range 40 {
		r := *one
		r.Metadata.RunID = fmt.Sprintf("019ca0de-0000-7000-8000-%012d", i)
		r.Status.Timeline = nil
		for s := range 1800 {
			r.Status.Timeline = append(r.Status.Timeline, document.Point{Second: 2 * s, Sent: 1800, Failed: int64(s % 3), P50: example.Of(2 + float64(s%7)), P99: example.Of(9 + float64(s%11))})
		}
		r.Status.EndTime = r.Status.StartTime.Add(3600e9)
		agents := slices.Repeat(one.Status.Agents, 10)
		for j := range agents {
			agents[j].Node = fmt.Sprintf("worker-%d", j)
		}
		r.Status.Agents = agents
		groups[i%2].Runs = append(groups[i%2].Runs, &r)
	}
	in.Groups = groups
	c, err := example.Compare(groups[0], groups[1])
	if err != nil {
		t.Fatal(err)
	}
	in.Comparisons = []*document.Comparison{c}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	text := page(t, in)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if len(text) < 190_000 || len(text) > 230_000 {
		t.Errorf("%d bytes, docs/report.md says about 210 KB", len(text))
	}
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 8<<20 {
		t.Errorf("%d KiB are kept", kept>>10)
	}
	if !strings.Contains(text, "The 24 slowest of 30 nodes") {
		t.Error("all nodes are in one chart")
	}
}

func TestReportsOfNothing(t *testing.T) {
	broken := made(t, "single")
	broken.Groups[0].Runs[0].Status.Histograms.ResponseTime = "x"
	for want, in := range map[string]report.Input{
		"a report of nothing: give it runs":              {},
		`group "empty" has no runs`:                      {Groups: []report.Group{{Name: "empty"}}},
		`group "checkout": response time: decode histog`: broken,
	} {
		var b bytes.Buffer
		if err := report.HTML(&b, in); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
			t.Errorf("%v with %d bytes, want %q and none", err, b.Len(), want)
		}
	}
}
