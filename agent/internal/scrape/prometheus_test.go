package scrape

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meshery/kubectl-meshery/internal/queries"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// api answers like Prometheus: far is how far it has read its targets, matrix
// what a range query returns.
func api(t *testing.T, far func() time.Time, answer func(http.ResponseWriter, *http.Request)) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/prefix/api/v1/query":
			at := strconv.FormatFloat(float64(far().UnixMilli())/1000, 'f', 3, 64)
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,%q]}]}}`, at)
		case "/prefix/api/v1/query_range":
			answer(w, r)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}) + "/prefix/"
}

func farAhead() time.Time { return time.Unix(1<<40, 0) }

var (
	start = time.UnixMilli(1_700_000_000_250)
	end   = start.Add(22 * time.Second)
)

func query(t *testing.T, url string, q ...queries.Query) []*agentv1.RangeResult {
	t.Helper()
	s := newScraper(t, Config{Prometheus: &Prometheus{URL: url, Queries: q}})
	var got []*agentv1.RangeResult
	s.Query(t.Context(), start, end, func(r *agentv1.RangeResult) { got = append(got, r) })
	return got
}

func matrixOf(result string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":%s}}`, result)
	}
}

func TestQueryAsksOverTheMeasuredTime(t *testing.T) {
	var asked atomic.Value
	url := api(t, farAhead, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.Query())
		matrixOf(`[{"metric":{"namespace":"shop"},"values":[[1700000002.25,"1.5"],[1700000007.25,"NaN"],[1700000012.25,"+Inf"],[ 1700000022.25 , "-2e3" ]]},{"metric":{"namespace":"nothing"},"values":[[1700000002.25,"NaN"]]}]`)(w, r)
	})
	got := query(t, url, queries.Query{Name: "cpu", Query: "rate(x[$window])", Unit: "cores"})
	if len(got) != 1 || got[0].GetError() != "" || len(got[0].GetSeries()) != 1 {
		t.Fatalf("got %v", got)
	}
	r, series := got[0], got[0].GetSeries()[0]
	if r.GetName() != "cpu" || r.GetUnit() != "cores" || r.GetQuery() != "rate(x[22s])" || r.GetUrl() != url ||
		!r.GetStart().AsTime().Equal(start) || !r.GetEnd().AsTime().Equal(end) || r.GetStep().AsDuration() != 5*time.Second {
		t.Errorf("result %v", r)
	}
	if fmt.Sprint(series.GetUnixMilli(), series.GetValues(), series.GetLabels()) != "[1700000002250 1700000022250] [1.5 -2000] map[namespace:shop]" {
		t.Errorf("series %v", series)
	}
	// The points must hit the end: 4 steps of 5 s before it.
	want := "map[end:[1700000022.250] query:[rate(x[22s])] start:[1700000002.250] step:[5]]"
	if fmt.Sprint(asked.Load()) != want {
		t.Errorf("asked %v, want %v", asked.Load(), want)
	}
}

func TestQueryNamesFailures(t *testing.T) {
	one := `{"metric":{},"values":[[1,"1"]]}`
	big := `{"metric":{},"values":[` + strings.Repeat(`[1,"1"],`, maxPoints-1) + `[1,"1"]]}`
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
		series int
	}{
		"a wrong query": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"status":"error","errorType":"bad_data","error":"1:2: parse error: no"}`)
		}, "bad_data: 1:2: parse error: no", 0},
		"no login":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "answered 401 Unauthorized: it asks for credentials", 0},
		"bad gateway":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "answered 502 Bad Gateway", 0},
		"a web page":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "did not answer as Prometheus does", 0},
		"another JSON":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }, "did not answer as Prometheus does", 0},
		"a broken point": {matrixOf(`[{"metric":{},"values":[[1]]}]`), "the answer cannot be read", 0},
		"nothing":        {matrixOf(`[]`), "no series: Prometheus does not have the metrics", 0},
		"only NaN":       {matrixOf(`[{"metric":{},"values":[[1,"NaN"]]}]`), "no series", 0},
		"too much":       {matrixOf("[" + big + "," + one + "," + one + "]"), "2 more series are left out", 1},
		"far too much":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat(" ", maxBody+1)) }, "larger than 16 MiB", 0},
		"a partial answer": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"success","warnings":["a store is down"],"data":{"resultType":"matrix","result":[%s]}}`, one)
		}, "a store is down", 1},
		"not over time": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
		}, "is a vector, not series over time", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := query(t, api(t, farAhead, c.answer), queries.Query{Name: "q", Query: "x"})
			if len(got) != 1 || !strings.Contains(got[0].GetError(), c.want) || len(got[0].GetSeries()) != c.series {
				t.Errorf("got %q and %d series, want %q and %d", got[0].GetError(), len(got[0].GetSeries()), c.want, c.series)
			}
		})
	}
}

func TestQueryWaitsForTheEnd(t *testing.T) {
	var polls, asked atomic.Int64
	url := api(t, func() time.Time {
		return end.Add(time.Duration(polls.Add(1)-3) * time.Millisecond)
	}, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(polls.Load())
		matrixOf(`[{"metric":{},"values":[[1,"1"]]}]`)(w, r)
	})
	s := newScraper(t, Config{Prometheus: &Prometheus{URL: url, Queries: []queries.Query{{Name: "q", Query: "x"}}}})
	s.prom.poll = time.Millisecond
	s.Query(t.Context(), start, end, func(r *agentv1.RangeResult) {
		if r.GetError() != "" {
			t.Errorf("error %q", r.GetError())
		}
	})
	if asked.Load() != 3 {
		t.Errorf("asked after %d looks, want 3: when the targets were read up to the end", asked.Load())
	}
}

func TestQuerySaysWhatIsMissing(t *testing.T) {
	s := newScraper(t, Config{Prometheus: &Prometheus{URL: api(t, func() time.Time { return end.Add(-7 * time.Second) }, nil)}})
	s.prom.poll = time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	short := s.prom.settle(ctx, start, end)
	if short != "Prometheus has read its targets up to 7s before the end only" {
		t.Errorf("settle: %q", short)
	}
}

func TestSettleTime(t *testing.T) {
	for measured, want := range map[time.Duration]time.Duration{
		time.Second: minSettle, 30 * time.Second: 30 * time.Second, time.Hour: maxSettle,
	} {
		if got := settleTime(t.Context(), measured); got != want {
			t.Errorf("after %s: waits %s, want %s", measured, got, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if got := settleTime(ctx, time.Hour); got > 10*time.Second {
		t.Errorf("waits %s of 20 s and leaves too little for the queries", got)
	}
}

func TestQueryAnswersEveryQuery(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		url  string
		want string
	}{
		"no Prometheus": {t.Context(), "", "no Prometheus was found"},
		"stopped":       {stopped, api(t, farAhead, matrixOf("[]")), "stopped before Prometheus answered"},
	} {
		s := newScraper(t, Config{Prometheus: &Prometheus{URL: c.url}})
		var names []string
		s.Query(c.ctx, start, end, func(r *agentv1.RangeResult) {
			names = append(names, r.GetName())
			if !strings.Contains(r.GetError(), c.want) {
				t.Errorf("%s: error %q, want %q", name, r.GetError(), c.want)
			}
		})
		if len(names) != len(queries.Default()) {
			t.Errorf("%s: answers to %q, want all of the default queries", name, names)
		}
	}
}

func TestLongRunsWidenTheStep(t *testing.T) {
	p, err := newPrometheus(Prometheus{}, Node{})
	if err != nil {
		t.Fatal(err)
	}
	for length, want := range map[time.Duration]time.Duration{
		time.Minute:          5 * time.Second,
		10_000 * time.Second: 5 * time.Second,
		24 * time.Hour:       44 * time.Second,
	} {
		r := p.ask(t.Context(), queries.Query{}, start, start.Add(length), "")
		if r.GetStep().AsDuration() != want {
			t.Errorf("%s: step %s, want %s", length, r.GetStep().AsDuration(), want)
		}
	}
}

func TestPrometheusStatusHidesPasswords(t *testing.T) {
	url := api(t, farAhead, nil)
	s := newScraper(t, Config{Prometheus: &Prometheus{URL: strings.Replace(url, "http://", "http://user:secret@", 1)}})
	st := s.Probe(t.Context())[0]
	if !st.GetAvailable() || st.GetDetail() != url {
		t.Errorf("status %v, want %q", st, url)
	}
	s = newScraper(t, Config{Prometheus: &Prometheus{URL: strings.TrimSuffix(url, "prefix/")}})
	if st = s.Probe(t.Context())[0]; st.GetAvailable() || !strings.Contains(st.GetDetail(), "answered 404 Not Found: check that the URL is Prometheus's, with its path prefix") {
		t.Errorf("status %v", st)
	}
}
