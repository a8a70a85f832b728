package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// encodeRows writes rows as one Parquet file, in the order of their ids. The same
// rows give the same bytes.
func encodeRows(rows []row) ([]byte, error) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("kubectl-meshery", "", ""),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("run_id"))))
	if _, err := w.Write(rows); err != nil {
		return nil, fmt.Errorf("write Parquet: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write Parquet: %w", err)
	}
	return b.Bytes(), nil
}

// WriteTable writes the rows of Results as one Parquet file, as they stand in the
// archive.
func WriteTable(w io.Writer, runs []*document.Result) error {
	var rows []row
	for _, r := range runs {
		raw, err := document.Marshal(r)
		if err != nil {
			return err
		}
		e, err := EntryOf(raw)
		if err != nil {
			return err
		}
		rows = append(rows, rowOf(e))
	}
	slices.SortStableFunc(rows, func(x, y row) int { return strings.Compare(x.RunID, y.RunID) })
	table, err := encodeRows(rows)
	if err != nil {
		return err
	}
	_, err = w.Write(table)
	return err
}

// eachRow reads a Parquet file row by row. Columns that a later version added are
// passed over; those that it lacks are null. The row is valid until the next.
func eachRow(raw []byte, visit func(*row) error) (err error) {
	defer damaged(&err)
	f, err := openTable(raw)
	if err != nil {
		return err
	}
	r := parquet.NewGenericReader[row](f)
	defer r.Close()
	// Reading takes memory for as many as it may read, which are mostly one.
	rows := make([]row, max(1, min(512, f.NumRows())))
	for {
		clear(rows)
		n, err := r.Read(rows)
		for i := range rows[:n] {
			if err := visit(&rows[i]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func openTable(raw []byte) (f *parquet.File, err error) {
	defer damaged(&err)
	return parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<10))
}

// foreign says whether a Parquet file has columns that this version does not
// know, so that merging it would lose them.
func foreign(raw []byte) (bool, error) {
	f, err := openTable(raw)
	if err != nil {
		return false, err
	}
	known := parquet.SchemaOf(row{}).Columns()
	for _, c := range f.Schema().Columns() {
		if !slices.ContainsFunc(known, func(k []string) bool { return slices.Equal(k, c) }) {
			return true, nil
		}
	}
	return false, nil
}

// damaged makes an error of what the library panics with on a damaged file.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("not a whole Parquet file: %v", p)
	}
}
