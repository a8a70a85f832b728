package scrape

import (
	"net/url"
	"testing"
)

func TestShownHoldsNoCredential(t *testing.T) {
	for raw, want := range map[string]string{
		"http://u:secret@prometheus:9090/p?token=secret#f": "http://prometheus:9090/p#f",
		"http://prometheus:9090":                           "http://prometheus:9090",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(u); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}
