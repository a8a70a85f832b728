package archive

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// laterTable is a row as a later version may write it, with a column more.
func laterTable(t *testing.T, r row) []byte {
	t.Helper()
	type laterRow struct {
		row
		Later int64 `parquet:"added_by_a_later_version"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[laterRow](&b)
	if _, err := w.Write([]laterRow{{r, 7}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRowsComeBackAsTheyWere sets every field of an entry, also those of pointers.
func TestRowsComeBackAsTheyWere(t *testing.T) {
	full := &Entry{}
	n := 0
	var fill func(v reflect.Value)
	fill = func(v reflect.Value) {
		n++
		switch v.Kind() {
		case reflect.Struct:
			if v.Type() == reflect.TypeOf(march) {
				v.Set(reflect.ValueOf(march.AddDate(0, 0, n)))
				return
			}
			for i := range v.NumField() {
				fill(v.Field(i))
			}
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem())
		case reflect.String:
			v.SetString("text " + string(rune('a'+n%26)))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(int64(n))
		case reflect.Float64:
			v.SetFloat(float64(n) + 0.1)
		case reflect.Map:
			v.Set(reflect.ValueOf(map[string]string{"b": "2", "a": "1", "": ""}))
		default:
			t.Fatalf("no value for a %s", v.Type())
		}
	}
	fill(reflect.ValueOf(full).Elem())
	full.Cost.Memory.Nodes = nil // there is none
	first, raw := resultAt(t, march, nil)
	sparse, err := EntryOf(raw)
	if err != nil || sparse.RunID != first {
		t.Fatal(err)
	}
	table, err := encodeRows([]row{rowOf(full), rowOf(sparse)})
	if err != nil {
		t.Fatal(err)
	}
	var got []Entry
	if err := eachRow(table, func(r *row) error { got = append(got, r.entry()); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !reflect.DeepEqual(&got[0], full) {
		t.Errorf("got %+v\nwant %+v", got[0], *full)
	}
	// What is nil comes back as nil or empty.
	got[1].Meshes = nil
	if !reflect.DeepEqual(&got[1], sparse) {
		t.Errorf("got %+v\nwant %+v", got[1], *sparse)
	}
	again, err := encodeRows([]row{rowOf(full), rowOf(sparse)})
	if err != nil || !bytes.Equal(again, table) {
		t.Errorf("the same rows gave other bytes: %v", err)
	}
}
