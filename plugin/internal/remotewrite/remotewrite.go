// Package remotewrite sends time series to whatever takes Prometheus' remote write
// protocol, version 1: Prometheus itself, Mimir, Thanos, VictoriaMetrics and others.
// It makes no series, and keeps nothing.
package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	prompb "buf.build/gen/go/prometheus/prometheus/protocolbuffers/go"
	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/common/model"
)

// batch is how many samples are sent at once at most, but for a series that has more.
const batch = 2000

// timeout is that of one request.
const timeout = 30 * time.Second

// retry is how often and after how long a request is repeated that a server could
// not take for now: an answer of 5xx or 429, or none.
var retry = remote.BackoffConfig{Min: 500 * time.Millisecond, Max: 5 * time.Second, MaxRetries: 4}

// Options say where series go.
type Options struct {
	// URL is the whole one of the receiver, such as
	// http://prometheus:9090/api/v1/write.
	URL string
	// Header goes with every request, such as Authorization. Redirections are not
	// followed, so that nobody else sees it.
	Header http.Header
	// Retried is told why a request is repeated; nil: nobody is.
	Retried func(error)
}

// harmless are headers that let nobody in: which tenant's the series are, and what
// the request is.
var harmless = []string{"X-Scope-Orgid", "Thanos-Tenant", "Host", "User-Agent"}

// secret tells whether a header, whichever a receiver wants, or the query of u may hold
// a credential.
func (o Options) secret(u *url.URL) bool {
	for name := range o.Header {
		if !slices.Contains(harmless, http.CanonicalHeaderKey(name)) {
			return true
		}
	}
	return u.RawQuery != ""
}

// Exposed tells whether what may be a credential goes over a network without TLS, where
// who listens can read it.
func (o Options) Exposed() bool {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" || !o.secret(u) {
		return false
	}
	if u.Hostname() == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err != nil || !ip.IsLoopback()
}

// withoutQuery is text without the query of the URL, which may hold a token: errors
// of net/http quote it, and receivers may, too.
func (o Options) withoutQuery(text string) string {
	u, err := url.Parse(o.URL)
	if err != nil || u.RawQuery == "" {
		return text
	}
	hidden := []string{u.RawQuery, u.Query().Encode()}
	for _, values := range u.Query() {
		for _, v := range values {
			if len(v) >= 6 { // shorter ones would be found in any text
				hidden = append(hidden, v)
			}
		}
	}
	for _, h := range hidden {
		if h != "" {
			text = strings.ReplaceAll(text, h, "<redacted>")
		}
	}
	return text
}

// Validate finds what no receiver can be reached by. Its errors never quote a
// password.
func (o Options) Validate() error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the URL is not one such as http://prometheus:9090/api/v1/write")
	case u.User != nil:
		return errors.New("the URL must not hold a user or password: give a file with the header Authorization instead")
	}
	return nil
}

// Send sends series, each with its samples in order of time. It returns how many
// samples were taken: those of the requests before the one that failed.
func Send(ctx context.Context, o Options, series []*model.SampleStream) (sent int, err error) {
	if err := o.Validate(); err != nil {
		return 0, err
	}
	client := &http.Client{
		Timeout: timeout, Transport: withHeader{o.Header, http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	api, err := remote.NewAPI(o.URL, remote.WithAPIPath(""), remote.WithAPIHTTPClient(client), remote.WithAPIBackoff(retry))
	if err != nil {
		return 0, o.explain(err)
	}
	for len(series) > 0 {
		request, samples, n := next(series)
		series = series[n:]
		_, err := api.Write(ctx, remote.WriteV1MessageType, request, remote.WithWriteRetryCallback(func(err error) {
			if o.Retried != nil {
				o.Retried(o.explain(err))
			}
		}))
		if err != nil {
			return sent, o.explain(err)
		}
		sent += samples
	}
	return sent, nil
}

// next makes a request of the first series, as many as fit into one.
func next(series []*model.SampleStream) (request *prompb.WriteRequest, samples, n int) {
	request = &prompb.WriteRequest{}
	for _, s := range series {
		if n > 0 && samples+len(s.Values) > batch {
			break
		}
		one := &prompb.TimeSeries{}
		// The protocol wants them sorted by their names.
		for name, value := range s.Metric {
			one.Labels = append(one.Labels, &prompb.Label{Name: string(name), Value: string(value)})
		}
		slices.SortFunc(one.Labels, func(a, b *prompb.Label) int { return strings.Compare(a.Name, b.Name) })
		one.Labels = slices.DeleteFunc(one.Labels, func(l *prompb.Label) bool { return l.Value == "" })
		for _, v := range s.Values {
			one.Samples = append(one.Samples, &prompb.Sample{Value: float64(v.Value), Timestamp: int64(v.Timestamp)})
		}
		request.Timeseries = append(request.Timeseries, one)
		samples, n = samples+len(s.Values), n+1
	}
	return request, samples, n
}

// explain says in one line what a receiver answered, and what can be done.
func (o Options) explain(err error) error {
	text := o.withoutQuery(strings.Join(strings.Fields(err.Error()), " "))
	const most = 500
	if len(text) > most {
		text = text[:most] + "…"
	}
	for _, h := range hints {
		if strings.Contains(text, h.answer) {
			return fmt.Errorf("remote write: %s; %s", text, h.hint)
		}
	}
	return fmt.Errorf("remote write: %s", text)
}

const (
	tooOld = "the receiver takes no samples that old: Prometheus does with storage.tsdb.out_of_order_time_window"
	denied = "see what the header Authorization has to be"
)

// hints are what can be done about an answer.
var hints = []struct{ answer, hint string }{
	{"out of bounds", tooOld}, {"too old sample", tooOld}, {"out of order sample", "the receiver has these samples already, or newer ones of the same series"},
	{"status 401", denied}, {"status 403", denied},
	{"status 404", "see whether the URL's path is that of remote write, and whether it is on: Prometheus wants --web.enable-remote-write-receiver"},
	{"status 3", "redirections are not followed: give the URL that the answer names"},
}

// withHeader adds a header to every request.
type withHeader struct {
	header http.Header
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w withHeader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "kubectl-meshery")
	for name, values := range w.header {
		r.Header[name] = slices.Clone(values)
		if name == "Host" && len(values) > 0 {
			r.Host = values[0]
		}
	}
	return w.next.RoundTrip(r)
}
