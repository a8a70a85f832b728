package client

import (
	"strings"
	"testing"
	"time"
)

// A name with several addresses is loaded evenly: connections take them in turn.
func TestConnectionsAreSpreadOverTheAddresses(t *testing.T) {
	prepareFortio()
	c := &Clients{Kind: "fast", target: Target{URL: "http://x/", Method: "GET", Timeout: time.Second}, ips: []string{"127.0.0.1", "127.0.0.2"}}
	for i, want := range []string{"127.0.0.1:80", "127.0.0.2:80", "127.0.0.1:80"} {
		f, err := c.newFast(i)
		if err != nil {
			t.Fatal(err)
		}
		usage, _ := f.(*fastCaller).fortio.GetIPAddress()
		if got := usage.AggregateAndToString(map[string]int{}); !strings.Contains(got, want) {
			t.Errorf("connection %d goes to %q, want %q", i, got, want)
		}
		f.Close()
	}
}
