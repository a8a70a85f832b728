package export

import (
	"encoding/csv"
	"io"
	"iter"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// point is one of a Run's, with its time.
type point struct {
	run      *document.Result
	from, to time.Time
	document.Point
}

// points are those of r.
func points(r *document.Result) iter.Seq[point] {
	return func(yield func(point) bool) {
		width := r.Status.PointWidth()
		for _, p := range r.Status.Timeline {
			from, to := r.Stretch(p, width)
			if !yield(point{r, r.Status.StartTime.Add(from), r.Status.StartTime.Add(to), p}) {
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
