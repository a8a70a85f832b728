//go:build linux

package target

import (
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"testing"
	"time"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %v", url, r.Status, err)
	}
	return b
}

func begin(t *testing.T, url, shape string) {
	t.Helper()
	q, err := http.NewRequest(http.MethodPut, url+shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("PUT %s: %s", shape, r.Status)
	}
}

func TestServerLogsEveryAnswerFromArrivalToDelivery(t *testing.T) {
	requests, log := listen(t), listen(t)
	go func() { _ = ServeTruth(requests, log) }()
	url, admin := "http://"+requests.Addr().String()+"/", "http://"+log.Addr().String()+"/"
	get(t, url) // belongs to nothing, and makes the connection
	begin(t, admin, Bimodal)

	const n = 100
	for range n {
		if got := string(get(t, url)); got != body {
			t.Fatalf("answer %q", got)
		}
	}
	// The last answer may have come before it is logged.
	get(t, url)
	var truth Truth
	if err := json.Unmarshal(get(t, admin), &truth); err != nil {
		t.Fatal(err)
	}
	if truth.Count < n || truth.Count > n+1 {
		t.Errorf("%d answers logged, want %d", truth.Count, n)
	}
	// Never shorter than the delay.
	if truth.P50 < 3.6 || truth.P99 < 36 {
		t.Errorf("truth %+v", truth)
	}
	begin(t, admin, Lognormal)
	if err := json.Unmarshal(get(t, admin), &truth); err != nil || truth.Count > 1 {
		t.Errorf("log was not emptied: %+v, %v", truth, err)
	}
}

// A server that is busy reads late; the kernel's stamp is from before.
func TestArrivalCountsFromTheSocketNotFromTheRead(t *testing.T) {
	l, log := listen(t), &Log{}
	const late = 50 * time.Millisecond
	served := make(chan error, 1)
	go func() {
		c, err := listener{l, log}.Accept()
		if err != nil {
			served <- err
			return
		}
		defer c.Close()
		b := make([]byte, 16)
		for range 2 {
			time.Sleep(late)
			if _, err = c.Read(b); err == nil {
				_, err = c.Write(b)
			}
		}
		served <- err
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := make([]byte, 16)
	for range 2 {
		if _, err := c.Write(b[:1]); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
	if got := log.Take(); len(got) != 2 || got[1] < late*9/10 {
		t.Errorf("logged %v, want two, the second of %v or more", got, late)
	}
}

func TestAStallKeepsEverybodyUntilItsEnd(t *testing.T) {
	d := &stall{base: time.Millisecond, length: time.Second, after: 3}
	for range 2 {
		if got := d.next(); got != d.base {
			t.Errorf("before the stall: %v", got)
		}
	}
	first, second := d.next(), d.next()
	if first != time.Second || second > first || second <= 0 {
		t.Errorf("in the stall: %v, %v", first, second)
	}
}

func TestStallTruthFollowsFromTheSchedule(t *testing.T) {
	// 200 of 1,000 requests are due in the stall, waiting 1000, 995, 990, ... ms;
	// ten of them lie above the 99th percentile.
	if got := StallTruth(200, 5*time.Second, 1); math.Abs(got-950) > 1e-3 {
		t.Errorf("p99 %g ms, want 950", got)
	}
	// Few enough in the stall leave the percentile alone.
	if got := StallTruth(1, 1000*time.Second, 1); math.Abs(got-1) > 1e-3 {
		t.Errorf("p99 %g ms, want 1", got)
	}
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	s := []time.Duration{1, 2, 3, 4}
	for q, want := range map[float64]time.Duration{0.25: 1, 0.5: 2, 0.51: 3, 0.99: 4, 1: 4} {
		if got := quantile(s, q); got != want {
			t.Errorf("q %g: %v, want %v", q, got, want)
		}
	}
}
