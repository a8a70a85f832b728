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
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", markdownText(m.Title))
	if r := m.single(); r != nil {
		m.markdownRun(&b, r)
	}
	for _, c := range m.Comparisons {
		markdownComparison(&b, m.Title, c)
	}
	if m.single() == nil && len(m.groups) > 0 {
		t, err := m.overview()
		if err != nil {
			return fmt.Errorf("report: %w", err)
		}
		if len(m.Comparisons) == 0 {
			markdownTable(&b, t)
		} else {
			folded(&b, "Groups", func() { markdownTable(&b, t) })
		}
	}
	m.markdownLeftOut(&b)
	if err := m.markdownRepeat(&b); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	fmt.Fprintf(&b, "<sub>kubectl-meshery %s, %s</sub>\n", markdownText(printer.Escape(m.Plugin)), when(m.Generated))
	_, err = io.WriteString(w, b.String())
	return err
}

// signs stand before a verdict, for the eye; by its kind.
var signs = map[string]string{"better": "🟢 ", "worse": "🔴 ", "same": "⚪ ", "inconclusive": "🟡 "}

func markdownComparison(b *strings.Builder, title string, c *document.Comparison) {
	if heading := c.B.Name + " against " + c.A.Name; heading != title {
		fmt.Fprintf(b, "#### %s\n\n", markdownText(heading))
	}
	fmt.Fprintf(b, "%s**%s** (%s)\n\n", signs[string(meaning(c.Verdict))], markdownText(string(c.Verdict)), markdownText(verdictText(c)))
	if len(c.Metrics) > 0 {
		markdownTable(b, metrics("", c))
	}
	fmt.Fprintf(b, "%s\n\n", markdownText(basis(c)))
	if notes := notCompared(c); len(notes) > 0 {
		folded(b, "Not compared: "+counted(len(notes), "metric"), func() { markdownList(b, notes) })
	}
	if t := environmentDifferences("", c); t != nil {
		fmt.Fprintf(b, "%s:\n\n", markdownText(t.Caption))
		markdownTable(b, t)
	}
	if len(c.Metrics) > 0 {
		folded(b, "More figures", func() { markdownTable(b, exact("", c)) })
	}
}

func (m *model) markdownRun(b *strings.Builder, r *run) {
	v := r.Status.Validity
	if v.Valid {
		fmt.Fprintf(b, "🟢 **valid** (%s)\n\n", markdownText(requests(r)))
	} else {
		fmt.Fprintf(b, "🔴 **invalid**, these numbers are not to be relied on (%s)\n\n", markdownText(requests(r)))
	}
	markdownList(b, escaped(v.Reasons))
	t := &table{Columns: []string{"Figure", "Value", ""}, Names: 1}
	for _, block := range m.ofRun(r) {
		for _, one := range block.Tiles {
			t.Rows = append(t.Rows, cells(1, one.Name, one.Value, one.Note))
		}
	}
	markdownTable(b, t)
	if t := thresholds(r); t != nil {
		markdownTable(b, t)
	}
	if len(v.Warnings) > 0 {
		folded(b, counted(len(v.Warnings), "warning"), func() { markdownList(b, escaped(v.Warnings)) })
	}
}

// markdownLeftOut names the runs that do not count, or not in every comparison.
func (m *model) markdownLeftOut(b *strings.Builder) {
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
		fmt.Fprintf(b, "Left out: %s\n\n%s\n", counted(len(lines), "run"), strings.Join(lines, ""))
	}
}

// markdownRepeat folds the Tests away.
func (m *model) markdownRepeat(b *strings.Builder) error {
	s, err := m.repeat()
	if err != nil || len(s.Blocks) == 0 {
		return err
	}
	folded(b, s.Title, func() {
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

func folded(b *strings.Builder, summary string, content func()) {
	fmt.Fprintf(b, "<details><summary>%s</summary>\n\n", markdownText(summary))
	content()
	b.WriteString("</details>\n\n")
}

func markdownList(b *strings.Builder, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", markdownText(line))
	}
	if len(lines) > 0 {
		b.WriteString("\n")
	}
}
