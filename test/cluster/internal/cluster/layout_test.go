package cluster

import (
	"slices"
	"testing"
)

func TestOwnsNamespace(t *testing.T) {
	l := Layout{Name: "a", Base: DefaultBase}
	for name, want := range map[string]bool{
		"km-a-lan":          true,
		"km-a-worker-1":     true,
		"km-a-worker-12":    true,
		"km-a-worker-":      false,
		"km-a-worker-1x":    false,
		"km-a-b-lan":        false, // cluster a-b
		"km-a-worker-1-lan": false, // cluster a-worker-1
		"km-ab-lan":         false,
		"km-a":              false,
		"xkm-a-lan":         false,
		"cni-0000":          false,
		"lan":               false,
	} {
		if got := l.ownsNamespace(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestClusterNames(t *testing.T) {
	for name, good := range map[string]bool{
		"meshery": true, "t1": true, "a-b": true, "0": true, "abcdefghijklmnopqrst": true,
		"": false, "-a": false, "a-": false, "A": false, "a_b": false, "a/b": false, "..": false,
		"abcdefghijklmnopqrstu": false,
	} {
		if err := (Layout{Name: name, Base: DefaultBase}).Validate(); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := (Layout{Name: "a", Base: "relative"}).Validate(); err == nil {
		t.Error("a relative state directory is taken")
	}
}

func TestImportedNames(t *testing.T) {
	said := "unpacking localhost/a:1 (sha256:9bfd)...done\nunpacking quay.io/x/node-exporter:v1 (sha256:edf9)...done\n"
	want := []string{"localhost/a:1", "quay.io/x/node-exporter:v1"}
	if got := importedNames(said); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := importedNames("time=x level=warning msg=y\n"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
