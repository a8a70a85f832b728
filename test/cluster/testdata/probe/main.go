// Command probe is what the lifecycle test runs in pods. "probe serve" answers
// HTTP with its host name; "probe try" prints, for each of its arguments, an URL
// or a name or an address, what became of it.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] == "serve" {
		host, _ := os.Hostname()
		http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, host) })
		http.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "probe_up 1") })
		fmt.Println(http.ListenAndServe(":8080", nil))
		os.Exit(1)
	}
	for _, what := range os.Args[2:] {
		fmt.Printf("%s: %s\n", what, try(what))
	}
}

func try(what string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	switch {
	case strings.Contains(what, "://"):
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, what, nil)
		if err != nil {
			return err.Error()
		}
		// One connection per request: a Service chooses by connection.
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
		return fmt.Sprintf("%d %q", resp.StatusCode, b)
	case strings.Contains(what, ":"):
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", what)
		if err != nil {
			return err.Error()
		}
		conn.Close()
		return "connected"
	default:
		addresses, err := net.DefaultResolver.LookupHost(ctx, what)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(addresses)
	}
}
