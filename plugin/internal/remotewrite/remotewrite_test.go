package remotewrite

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	prompb "buf.build/gen/go/prometheus/prometheus/protocolbuffers/go"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/proto"
)

// receiver is the server side of the protocol, from the same library as the client.
type receiver struct {
	mu       sync.Mutex
	requests []*prompb.WriteRequest
	headers  []http.Header
}

// Store keeps what has come.
func (r *receiver) Store(request *http.Request, _ remote.WriteMessageType) (*remote.WriteResponse, error) {
	raw, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	w := &prompb.WriteRequest{}
	if err := proto.Unmarshal(raw, w); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.headers = append(r.requests, w), append(r.headers, request.Header.Clone())
	return remote.NewWriteResponse(), nil
}

// receiving starts a receiver behind what wrap makes of it.
func receiving(t *testing.T, wrap func(http.Handler) http.Handler) (*receiver, string) {
	t.Helper()
	r := &receiver{}
	h := remote.NewWriteHandler(r, remote.MessageTypes{remote.WriteV1MessageType})
	if wrap != nil {
		h = wrap(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return r, s.URL + "/api/v1/write"
}

func TestMain(m *testing.M) {
	retry.Min, retry.Max, retry.MaxRetries = time.Millisecond, 5*time.Millisecond, 3
	m.Run()
}

// series are n, each with so many samples.
func series(n, samples int) (all []*model.SampleStream) {
	for i := range n {
		s := &model.SampleStream{Metric: model.Metric{"__name__": "up", "run": model.LabelValue(fmt.Sprint(i)), "A": "b", "empty": ""}}
		for j := range samples {
			s.Values = append(s.Values, model.SamplePair{Timestamp: model.Time(1000 * j), Value: model.SampleValue(i + j)})
		}
		all = append(all, s)
	}
	return all
}

func TestSend(t *testing.T) {
	r, url := receiving(t, nil)
	n, err := Send(t.Context(), Options{URL: url, Header: http.Header{"Authorization": {"Bearer s3cret"}, "X-Scope-Orgid": {"team"}}}, series(5, 900))
	if err != nil || n != 4500 {
		t.Fatalf("%d sent, %v", n, err)
	}
	if len(r.requests) != 3 { // two series of 900 fit into 2000
		t.Errorf("%d requests", len(r.requests))
	}
	var runs []string
	for i, w := range r.requests {
		if h := r.headers[i]; h.Get("Authorization") != "Bearer s3cret" || h.Get("X-Scope-OrgID") != "team" || h.Get("X-Prometheus-Remote-Write-Version") != "0.1.0" || h.Get("User-Agent") != "kubectl-meshery" {
			t.Errorf("%v", h)
		}
		for _, s := range w.Timeseries {
			var names []string
			for _, l := range s.Labels {
				names = append(names, l.Name)
			}
			if !slices.Equal(names, []string{"A", "__name__", "run"}) || len(s.Samples) != 900 || s.Samples[7].Timestamp != 7000 {
				t.Errorf("%q, %d samples", names, len(s.Samples))
			}
			runs = append(runs, s.Labels[2].Value)
		}
	}
	if !slices.Equal(runs, []string{"0", "1", "2", "3", "4"}) {
		t.Errorf("series %q", runs)
	}
	// One with more samples than fit goes alone.
	if n, err := Send(t.Context(), Options{URL: url}, series(2, batch+1)); err != nil || n != 2*(batch+1) {
		t.Errorf("%d sent, %v", n, err)
	}
	if n, err := Send(t.Context(), Options{URL: url}, nil); err != nil || n != 0 {
		t.Errorf("%d sent of nothing, %v", n, err)
	}
}

// answering answers with these in their turn, and then passes on.
func answering(answers ...func(http.ResponseWriter)) func(http.Handler) http.Handler {
	var mu sync.Mutex
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if len(answers) == 0 {
				next.ServeHTTP(w, r)
				return
			}
			answer := answers[0]
			answers = answers[1:]
			answer(w)
		})
	}
}

func status(code int, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { http.Error(w, text, code) }
}

func TestServersThatCannotForNowAreAskedAgain(t *testing.T) {
	r, url := receiving(t, answering(status(503, "busy"), status(429, "slow\ndown")))
	var told []string
	n, err := Send(t.Context(), Options{URL: url, Retried: func(err error) { told = append(told, err.Error()) }}, series(1, 3))
	if err != nil || n != 3 || len(r.requests) != 1 || len(told) != 2 || !strings.Contains(told[1], "429 Too Many Requests: slow down") {
		t.Errorf("%d sent in %d requests, %v, %q", n, len(r.requests), err, told)
	}
}

func TestWhatAReceiverRefuses(t *testing.T) {
	for answer, want := range map[string]struct {
		by   func(http.ResponseWriter)
		text string
	}{
		"old":     {status(400, "out of bounds"), "400 Bad Request: out of bounds; the receiver takes no samples that old"},
		"newer":   {status(400, "out of order sample"), "the receiver has these samples already, or newer ones"},
		"denied":  {status(401, "no"), "401 Unauthorized: no; see what the header Authorization has to be"},
		"nowhere": {status(404, "404 page not found"), "--web.enable-remote-write-receiver"},
		"long":    {status(400, strings.Repeat("x", 5000)), "xxx…"},
		"moved":   {func(w http.ResponseWriter) { w.Header().Set("Location", "/other"); w.WriteHeader(307) }, "redirections are not followed"},
	} {
		r, url := receiving(t, answering(want.by))
		n, err := Send(t.Context(), Options{URL: url}, series(1, 3))
		if err == nil || !strings.Contains(err.Error(), want.text) || strings.Contains(err.Error(), "\n") || n != 0 || len(r.requests) != 0 {
			t.Errorf("%s: %d sent, %v", answer, n, err)
		}
	}
	// What was taken before is counted.
	_, url := receiving(t, answering(func(w http.ResponseWriter) { w.WriteHeader(204) }, status(400, "no")))
	if n, err := Send(t.Context(), Options{URL: url}, series(2, 1500)); n != 1500 || err == nil {
		t.Errorf("%d sent, %v", n, err)
	}
	// Nobody is there.
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	if _, err := Send(t.Context(), Options{URL: s.URL}, series(1, 1)); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Send(ctx, Options{URL: url}, series(1, 1)); err == nil {
		t.Error("sent although it was cancelled")
	}
}

// A token in the URL's query is in no message, whoever it comes from.
func TestErrorsHideTheQuery(t *testing.T) {
	_, url := receiving(t, answering(status(503, "no token=s3cret%2Btoken&x=1"), status(403, "s3cret+token is unknown")))
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	for _, url := range []string{url, s.URL} {
		said := ""
		_, err := Send(t.Context(), Options{URL: url + "?token=s3cret%2Btoken&x=1", Retried: func(err error) { said += err.Error() }}, series(1, 1))
		if err == nil || strings.Contains(said+err.Error(), "s3cret") || !strings.Contains(said+err.Error(), "<redacted>") {
			t.Errorf("%v, after %s", err, said)
		}
	}
}

func TestExposed(t *testing.T) {
	header := http.Header{"Authorization": {"Bearer s3cret"}}
	for url, want := range map[string]bool{
		"http://prometheus:9090/x": true, "http://10.0.0.7/": true, "http://[2001:db8::1]:9090/": true,
		"https://prometheus/x": false, "http://localhost:9090/": false, "http://127.0.0.2:9090/": false, "http://[::1]:9090/": false,
	} {
		if got := (Options{URL: url, Header: header}).Exposed(); got != want {
			t.Errorf("%s: %v", url, got)
		}
		if (Options{URL: url}).Exposed() {
			t.Errorf("%s is exposed without credentials", url)
		}
		if got := (Options{URL: url + "?token=s3cret"}).Exposed(); got != want {
			t.Errorf("%s with a token in its query: %v", url, got)
		}
	}
	for name, want := range map[string]bool{"X-Api-Key": true, "Cookie": true, "X-Scope-OrgID": false, "THANOS-TENANT": false} {
		header := http.Header{}
		header.Set(name, "x")
		if got := (Options{URL: "http://prometheus:9090/x", Header: header}).Exposed(); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, url := range []string{"", "prometheus:9090", "ftp://a/b", "http:///x", "http://me:s3cret@a/b", "://"} {
		if err := (Options{URL: url}).Validate(); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if err := (Options{URL: "https://mimir.example/api/v1/push"}).Validate(); err != nil {
		t.Error(err)
	}
}
