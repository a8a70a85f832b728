package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/internal/histogram"
	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
	"github.com/meshery/kubectl-meshery/plugin/internal/summary"
	"github.com/meshery/kubectl-meshery/plugin/internal/wording"
)

// verdict is the section that comes first: what was compared and what came of it,
// or what the run found.
func (m *model) verdict() (section, error) {
	s := section{ID: "verdict", Title: "Summary"}
	if r := m.single(); r != nil {
		s.Blocks = m.ofRun(r)
		return s, nil
	}
	for i, c := range m.Comparisons {
		blocks, err := comparison(i, m.Title, c)
		if err != nil {
			return s, err
		}
		s.Blocks = append(s.Blocks, blocks...)
	}
	for i, r := range m.Refused {
		if r.heading() != m.Title {
			s.Blocks = append(s.Blocks, block{Heading: r.heading(), Level: 3})
		}
		s.Blocks = append(s.Blocks, block{Verdict: &verdict{"inconclusive", strings.ToUpper(refused), printer.Escape(r.Reason)}})
		if t := r.differences(fmt.Sprintf("refused-%d", i+1)); t != nil {
			s.Blocks = append(s.Blocks, block{Table: t})
		}
	}
	if len(m.groups) == 0 {
		return s, nil
	}
	t, err := m.overview()
	s.Blocks = append(s.Blocks, block{Heading: "Groups", Level: 3, Table: t})
	return s, err
}

// ofRun is the validity and the key figures of the only run.
func (m *model) ofRun(r *run) []block {
	st := &r.Status
	v := &verdict{Kind: "valid", Word: "VALID", Text: requests(r)}
	if !st.Validity.Valid {
		v.Kind, v.Word = "invalid", "INVALID"
		v.Text += "; these numbers are not to be relied on"
	}
	blocks := []block{{Verdict: v, Notes: escaped(st.Validity.Reasons)}}
	main, kind := summary.Headline(&st.Latency)
	// What is imported has it too where its file does not tell the rate: a closed loop is
	// not what that means.
	rate := tile{"Rate", printer.Rate(st.Rate.Achieved) + " rps", "rate max"}
	if st.Rate.Target != nil {
		rate.Note = "of " + printer.Rate(*st.Rate.Target) + " rps"
	}
	tiles := []tile{rate}
	if main == nil {
		tiles = append(tiles, tile{"Latency", wording.None, r.noLatency()})
	} else {
		for _, p := range []struct {
			name string
			q    float64
			v    *float64
		}{{"p50", 0.5, main.P50}, {"p90", 0.9, main.P90}, {"p99", 0.99, main.P99}, {"p99.9", 0.999, main.P999}, {"max", 1, &main.Max}} {
			one := tile{p.name, wording.FigureOf(wording.Milliseconds, p.v), kind + " time"}
			if p.v == nil {
				one.Note = "the Result has none"
				if main.Count < histogram.MinCount(p.q) {
					one.Note = "too few requests"
				}
			}
			tiles = append(tiles, one)
		}
	}
	q := st.Requests
	tiles = append(tiles, tile{"Errors", share(q.Failed, q.Sent), fmt.Sprintf("%s of %s", printer.Count(q.Failed), printer.Count(q.Sent))})
	return append(blocks, block{Tiles: tiles}, block{Table: thresholds(r)})
}

// requests is how many were sent of how many, at which rate, and how the run ended.
func requests(r *run) string {
	st := &r.Status
	text := printer.Count(st.Requests.Sent) + " requests"
	if st.Rate.Target != nil {
		text = fmt.Sprintf("%s of %s requests", printer.Count(st.Requests.Sent), printer.Count(st.Requests.Planned))
	}
	text += " in " + st.EndTime.Sub(st.StartTime).Round(time.Millisecond).String()
	if st.Phase != document.Succeeded {
		text += ", " + strings.ToLower(printer.Escape(string(st.Phase)))
	}
	if st.Aborted != "" {
		text += ", ended early: " + printer.Escape(st.Aborted)
	}
	return text
}

// share of whole in percent; none of nothing.
func share(part, whole int64) string {
	if whole == 0 {
		return wording.None
	}
	return printer.Percent(float64(part) / float64(whole))
}

func escaped(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, printer.Escape(t))
	}
	return out
}

func thresholds(r *run) *table {
	if len(r.Status.Thresholds) == 0 {
		return nil
	}
	t := &table{ID: "thresholds", Caption: "Thresholds of the Test", Columns: []string{"Threshold", "Actual", "Result"}, Names: 1}
	for _, one := range r.Status.Thresholds {
		word, kind := judged(r.Result, one)
		line := cells(1, one.Expression, thresholdActual(one))
		line.Cells = append(line.Cells, cell{Text: word, Kind: kind, Wide: true})
		t.Rows = append(t.Rows, line)
	}
	return t
}

// judged is what became of a threshold, in words and as a kind for the eye.
func judged(r *document.Result, t document.ThresholdResult) (word, kind string) {
	switch {
	case !r.Status.Validity.Valid:
		return "not judged: the run is invalid", "inconclusive"
	case t.Passed:
		return "passed", "better"
	case t.Reason != "":
		return "failed: " + printer.Escape(t.Reason), "worse"
	}
	return "failed", "worse"
}

// thresholdActual has more digits than other figures: it must not look like the
// bound that it only nearly is.
func thresholdActual(t document.ThresholdResult) string {
	if t.Actual == nil {
		return wording.None
	}
	return strings.TrimSpace(printer.Significant(*t.Actual, 5) + " " + t.Unit)
}
