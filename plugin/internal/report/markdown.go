package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/printer"
)

// Markdown writes the report as GitHub shows it in a pull request: the verdict, one
// table, and what must be known; the rest is folded away.
func Markdown(w io.Writer, in Input) error {
	m, err := newModel(in)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	b := &pieces{}
	b.write("### %s\n\n", markdownText(m.Title))
	if r := m.single(); r != nil {
		m.markdownRun(b, r)
	}
	for _, c := range m.Comparisons {
		markdownComparison(b, m.Title, c)
	}
	for _, r := range m.Refused {
		markdownRefusal(b, m.Title, r)
	}
	if m.single() == nil && len(m.groups) > 0 {
		t, err := m.overview()
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if len(m.Comparisons) == 0 {
			b.table(t)
		} else {
			b.folded("Groups", func(b *strings.Builder) { markdownTable(b, t) })
		}
	}
	m.markdownLeftOut(b)
	if err := m.markdownRepeat(b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	foot := fmt.Sprintf("<sub>kubectl-meshery %s, %s</sub>\n", markdownText(printer.Escape(m.Plugin)), when(m.Generated))
	_, err = io.WriteString(w, b.within(mostMarkdown-len(foot))+foot)
	return err
}

// signs stand before a verdict, for the eye; by its kind.
var signs = map[string]string{"better": "🟢 ", "worse": "🔴 ", "same": "⚪ ", "inconclusive": "🟡 "}

func markdownComparison(b *pieces, title string, c *document.Comparison) {
	if heading := c.B.Name + " against " + c.A.Name; heading != title {
		b.write("#### %s\n\n", markdownText(heading))
	}
	b.write("%s**%s** (%s)\n\n", signs[string(meaning(c.Verdict))], markdownText(string(c.Verdict)), markdownText(verdictText(c)))
	if len(c.Metrics) > 0 {
		b.table(metrics("", c))
	}
	b.write("%s\n\n", markdownText(basis(c)))
	if notes := notCompared(c); len(notes) > 0 {
		b.folded("Not compared: "+counted(len(notes), "metric"), func(b *strings.Builder) { markdownList(b, notes) })
	}
	if t := environmentDifferences("", c); t != nil {
		b.write("%s:\n\n", markdownText(t.Caption))
		b.table(t)
	}
	if len(c.Metrics) > 0 {
		b.folded("More figures", func(b *strings.Builder) { markdownTable(b, exact("", c)) })
	}
}

func markdownRefusal(b *pieces, title string, r Refusal) {
	if r.heading() != title {
		b.write("#### %s\n\n", markdownText(r.heading()))
	}
	b.write("%s**%s**: %s\n\n", signs["inconclusive"], refused, markdownText(printer.Escape(r.Reason)))
	if t := r.differences(""); t != nil {
		b.write("%s:\n\n", markdownText(t.Caption))
		b.table(t)
	}
}

func (m *model) markdownRun(b *pieces, r *run) {
	v := r.Status.Validity
	if v.Valid {
		b.write("🟢 **valid** (%s)\n\n", markdownText(requests(r)))
	} else {
		b.write("🔴 **invalid**, these numbers are not to be relied on (%s)\n\n", markdownText(requests(r)))
	}
	b.text(func(b *strings.Builder) { markdownList(b, escaped(v.Reasons)) })
	t := &table{Columns: []string{"Figure", "Value", ""}, Names: 1}
	for _, block := range m.ofRun(r) {
		for _, one := range block.Tiles {
			t.Rows = append(t.Rows, cells(1, one.Name, one.Value, one.Note))
		}
	}
	b.table(t)
	if t := thresholds(r); t != nil {
		b.table(t)
	}
	if len(v.Warnings) > 0 {
		b.folded(counted(len(v.Warnings), "warning"), func(b *strings.Builder) { markdownList(b, escaped(v.Warnings)) })
	}
}

// markdownLeftOut names the runs that do not count, or not in every comparison.
func (m *model) markdownLeftOut(b *pieces) {
	var lines []string
	said := map[string]bool{}
	add := func(id, why string) {
		if why != "" && !said[id] {
			said[id] = true
			lines = append(lines, fmt.Sprintf("- `%s`: %s\n", codeText(id), markdownText(printer.Escape(why))))
		}
	}
	if m.single() == nil {
		for _, g := range m.groups {
			for _, r := range g.all {
				add(r.Metadata.RunID, r.leftOut)
				add(r.Metadata.RunID, strings.Join(r.apart, "; "))
			}
		}
	}
	for _, c := range m.Comparisons {
		for _, l := range append(c.A.LeftOut[:len(c.A.LeftOut):len(c.A.LeftOut)], c.B.LeftOut...) {
			if !m.has(l.RunID) {
				add(l.RunID, l.Reason)
			}
		}
	}
	if len(lines) > 0 {
		b.write("Left out: %s\n\n%s\n", counted(len(lines), "run"), strings.Join(lines, ""))
	}
}

// markdownRepeat folds the Tests away.
func (m *model) markdownRepeat(b *pieces) error {
	s, err := m.repeat()
	if err != nil || len(s.Blocks) == 0 {
		return err
	}
	b.folded(s.Title, func(b *strings.Builder) {
		for _, one := range s.Blocks {
			if one.Text != "" {
				fmt.Fprintf(b, "%s\n\n", markdownText(one.Text))
			}
			if one.Code != nil {
				fence := fenceOf(one.Code.Text)
				fmt.Fprintf(b, "%s\n\n%s\n%s\n%s\n\n", markdownText(one.Code.Label), fence, one.Code.Text, fence)
			}
		}
	})
	return nil
}

func markdownList(b *strings.Builder, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", markdownText(line))
	}
	if len(lines) > 0 {
		b.WriteString("\n")
	}
}
