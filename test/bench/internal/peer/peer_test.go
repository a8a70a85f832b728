//go:build linux

package peer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// What the tools wrote, shortened to what is read.
var written = map[string]string{
	"wrk": `Running 2s test @ http://127.0.0.1:18080/
  Latency Distribution
     50%   71.00us
     75%  121.00us
     90%  134.00us
     99%    1.15s 
  466182 requests in 2.10s, 96.03MB read
  Socket errors: connect 0, read 1, write 2, timeout 3
  Non-2xx or 3xx responses: 82
Requests/sec: 221982.76
`,
	"h2load": `finished in 2.00s, 161715.50 req/s, 20.82MB/s
requests: 323431 total, 323463 started, 323431 done, 323430 succeeded, 1 failed, 1 errored, 0 timeout
`,
	"hey": `
Summary:
  Total:	2.0005 secs
  Requests/sec:	41550.8040

Latency distribution:
  10% in 0.0002 secs
  50% in 0.0006 secs
  99% in 0.0038 secs

Status code distribution:
  [200]	83124 responses
  [503]	6 responses

Error distribution:
  [2]	Get "http://127.0.0.1:1/": EOF
`,
	"ghz": `
Summary:
  Count:	68126
  Total:	2.00 s

Latency distribution:
  50 % in 0.61 ms 
  99 % in 5.32 ms 

Status code distribution:
  [OK]            68094 responses   
  [Unavailable]   32 responses      

Error distribution:
  [32]   rpc error: code = Unavailable desc = transport is closing   
`,
	"fortio": `Fortio 1.66.5 running at 0 queries per second
{
  "ActualDuration": 2000128718,
  "DurationHistogram": {"Percentiles": [{"Percentile": 50, "Value": 0.0004}, {"Percentile": 99, "Value": 0.0016}]},
  "RetCodes": {"200": 401211, "-1": 3}
}`,
	"vegeta": `{"latencies":{"50th":263127,"99th":1097530},"duration":2000043739,"wait":343457,"requests":1000,"success":0.998}`,
	"k6": `{"metrics":{"http_reqs":{"values":{"count":40088,"rate":20044}},
		"http_req_failed":{"values":{"passes":2,"fails":40086}},
		"http_req_duration":{"values":{"p(50)":1.25,"p(99)":7.5}}}}`,
	Ours: `{"status":{"requests":{"succeeded":2000,"failed":1},"rate":{"achieved":1000},
		"validity":{"valid":false,"reasons":["late"]},
		"latency":{"responseTime":{"count":2001,"p50":0.2,"p99":2},"serviceTime":{"count":2001,"p50":0.1,"p99":1},
			"lateness":{"count":2001,"p99":0.05}}}}`,
}

func TestWhatTheToolsWriteIsRead(t *testing.T) {
	want := map[string]Answer{
		"wrk":    {Requests: 466100, Failed: 88, Seconds: 2.1, P50: 0.071, P99: 1150},
		"h2load": {Requests: 323430, Failed: 1, Seconds: 2},
		"hey":    {Requests: 83124, Failed: 8, Seconds: 2.0005, P50: 0.6, P99: 3.8},
		"ghz":    {Requests: 68094, Failed: 32, Seconds: 2, P50: 0.61, P99: 5.32},
		"fortio": {Requests: 401211, Failed: 3, Seconds: 2.000128718, P50: 0.4, P99: 1.6},
		"vegeta": {Requests: 998, Failed: 2, Seconds: 2.000387196, P50: 0.263127, P99: 1.09753},
		"k6":     {Requests: 40086, Failed: 2, Seconds: 2, P50: 1.25, P99: 7.5},
		Ours: {Requests: 2000, Failed: 1, Seconds: 2, P50: 0.2, P99: 2, ServiceP50: 0.1, ServiceP99: 1,
			LatenessP99: 0.05, Invalid: `"late"`},
	}
	for _, p := range All() {
		text, ok := written[p.Program]
		if !ok {
			t.Errorf("%s: nothing to read", p.Name)
			continue
		}
		got, err := p.Parse(Load{Duration: 2 * time.Second}, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		w := want[p.Program]
		for _, f := range []struct {
			name      string
			got, want float64
		}{{"seconds", got.Seconds, w.Seconds}, {"p50", got.P50, w.P50}, {"p99", got.P99, w.P99}} {
			if math.Abs(f.got-f.want) > 1e-9*f.want {
				t.Errorf("%s: %s %g, want %g", p.Name, f.name, f.got, f.want)
			}
		}
		got.Seconds, got.P50, got.P99 = w.Seconds, w.P50, w.P99
		if got != w {
			t.Errorf("%s: %+v, want %+v", p.Name, got, w)
		}
	}
}

func TestGarbageIsAnError(t *testing.T) {
	for _, p := range All() {
		if _, err := p.Parse(Load{}, []byte("no")); err == nil {
			t.Errorf("%s: no error", p.Name)
		}
	}
}

func TestEveryToolIsToldTheSameOrSaysThatItCannot(t *testing.T) {
	able := map[Protocol][]string{}
	for _, protocol := range []Protocol{HTTP1, HTTP2, GRPC} {
		for _, p := range All() {
			l := Load{Protocol: protocol, Address: "127.0.0.1:1", Connections: 4, Streams: 8, Duration: 5 * time.Second, Dir: t.TempDir()}
			c, err := p.Command("program", l)
			if errors.Is(err, ErrCannot) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			able[protocol] = append(able[protocol], p.Name)
			if said := strings.Join(c.Args, " ") + c.Stdin; c.Args[0] != "program" || p.Name != "k6" && !strings.Contains(said, "127.0.0.1:1") {
				t.Errorf("%s: %s", p.Name, said)
			}
		}
	}
	if want := []string{Ours, "fortio", "ghz"}; !slices.Equal(able[GRPC], want) {
		t.Errorf("gRPC: %v, want %v", able[GRPC], want)
	}
	if want := []string{Ours, "h2load", "fortio -stdclient", "vegeta"}; !slices.Equal(able[HTTP2], want) {
		t.Errorf("HTTP/2: %v, want %v", able[HTTP2], want)
	}
	if len(able[HTTP1]) != len(All())-1 {
		t.Errorf("HTTP/1.1: %v", able[HTTP1])
	}
}
