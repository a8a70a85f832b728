package printer

import (
	"bytes"
	"fmt"
	"iter"
	"testing"
)

type sampleItem struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
}

type sampleList struct {
	Kind  string       `json:"kind"`
	Items []sampleItem `json:"items"`
}

func (l sampleList) Split() (head any, items iter.Seq[any]) {
	return sampleList{l.Kind, []sampleItem{}}, func(yield func(any) bool) {
		for _, i := range l.Items {
			if !yield(i) {
				return
			}
		}
	}
}

// TestAListIsWrittenAsIfWhole holds what is written item by item against the whole.
func TestAListIsWrittenAsIfWhole(t *testing.T) {
	for n := range 4 {
		l := sampleList{Kind: "SampleList", Items: []sampleItem{}}
		for i := range n {
			item := sampleItem{Name: fmt.Sprintf("<%d>\n", i)}
			if i > 0 {
				item.Labels = map[string]string{"b": "2", "a": "1"}
			}
			l.Items = append(l.Items, item)
		}
		var got bytes.Buffer
		f := Flags{Output: "json"}
		if err := f.Print(&got, l, nil); err != nil {
			t.Fatal(err)
		}
		want, err := encode(l)
		if err != nil || got.String() != string(want) {
			t.Errorf("%d items: %v\n%s\nwant\n%s", n, err, got.String(), want)
		}
	}
	if err := (&Flags{Output: "json"}).Print(brokenWriter{}, sampleList{Items: []sampleItem{{}}}, nil); err == nil {
		t.Error("a broken pipe went unnoticed")
	}
}
