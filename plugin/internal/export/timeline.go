package export

import (
	"encoding/csv"
	"io"
	"iter"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// seconds are those of r, each with the time it began. The first that is not of the
// warm-up begins with the measured time.
func seconds(r *document.Result) iter.Seq[second] {
	first := 0
	for _, p := range r.Status.Timeline {
		if !p.Warmup {
			first = p.Second
			break
		}
	}
	return func(yield func(second) bool) {
		for _, p := range r.Status.Timeline {
			from := r.Status.StartTime.Add(time.Duration(p.Second-first) * time.Second)
			if !yield(second{r, from, p}) {
				return
			}
		}
	}
}

// table writes a line of headers, and one for each of rows.
func table[T any](w io.Writer, columns []column[T], rows iter.Seq[T]) error {
	out := csv.NewWriter(w)
	fields := make([]string, len(columns))
	for i, c := range columns {
		fields[i] = c.name
	}
	if err := out.Write(fields); err != nil {
		return err
	}
	for row := range rows {
		for i, c := range columns {
			fields[i] = c.of(row)
		}
		if err := out.Write(fields); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
