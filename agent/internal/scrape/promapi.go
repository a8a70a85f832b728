package scrape

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// errAPI is what Prometheus itself says of a query.
type errAPI struct{ kind, text string }

func (e *errAPI) Error() string { return e.kind + ": " + e.text }

// answer is the envelope of the HTTP API,
// https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview.
type answer struct {
	Status    string   `json:"status"`
	ErrorType string   `json:"errorType"`
	Error     string   `json:"error"`
	Warnings  []string `json:"warnings"`
	Data      struct {
		ResultType string            `json:"resultType"`
		Result     []json.RawMessage `json:"result"`
	} `json:"data"`
}

// get asks one endpoint of the API, by GET, which read-only proxies in front of
// Prometheus let through where they refuse a POST.
func (p *prometheus) get(ctx context.Context, endpoint string, parameters url.Values) (*answer, error) {
	u := p.url.JoinPath("api/v1", endpoint)
	query := u.Query()
	for k, v := range parameters {
		query[k] = v
	}
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, p.explain(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, p.explain(ctx, err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("the answer is larger than %d MiB: let the query return fewer series", maxBody>>20)
	}
	var a answer
	decodeErr := json.Unmarshal(body, &a)
	switch {
	case decodeErr == nil && a.Status == "error":
		return nil, &errAPI{a.ErrorType, a.Error}
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		return nil, fmt.Errorf("%s answered %s: it asks for credentials, which the agent does not have: name another URL in the Test", shown(p.url), resp.Status)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answered %s: check that the URL is Prometheus's, with its path prefix", shown(p.url), resp.Status)
	case decodeErr != nil || a.Status != "success":
		return nil, fmt.Errorf("%s did not answer as Prometheus does: check that the URL is Prometheus's, with its path prefix", shown(p.url))
	}
	return &a, nil
}

func (p *prometheus) explain(ctx context.Context, err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: no complete answer in time: the query is too heavy, or a network policy is in the way", shown(p.url))
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: connection refused: check Prometheus's address and port in the Test", shown(p.url))
	}
	return fmt.Errorf("%s: %w: check Prometheus's address in the Test", shown(p.url), err)
}

// rangeSeries is one series of a matrix.
type rangeSeries struct {
	Metric map[string]string `json:"metric"`
	Values []point           `json:"values"`
}

// vectorSample is one series of a vector.
type vectorSample struct {
	Value point `json:"value"`
}

// point is [seconds, "value"].
type point struct {
	unixMilli int64
	value     float64
}

// UnmarshalJSON reads a point; the value may be NaN or infinite.
func (p *point) UnmarshalJSON(b []byte) error {
	seconds, value, ok := bytes.Cut(bytes.Trim(b, "[] \t\r\n"), []byte(","))
	at, err := strconv.ParseFloat(string(bytes.TrimSpace(seconds)), 64)
	if err != nil || !ok {
		return fmt.Errorf("%q is not a point", b)
	}
	v, err := strconv.ParseFloat(strings.Trim(string(value), "\" \t\r\n"), 64)
	if err != nil {
		return fmt.Errorf("%q is not a point", b)
	}
	p.unixMilli, p.value = int64(math.Round(at*1000)), v
	return nil
}

// matrix turns the answer to a range query into series, leaving out what is not
// a finite number. cut is the number of series beyond the bound.
func matrix(a *answer) (series []*agentv1.RangeSeries, cut int, err error) {
	if a.Data.ResultType != "matrix" {
		return nil, 0, fmt.Errorf("the query's result is a %s, not series over time", a.Data.ResultType)
	}
	points := 0
	for i, raw := range a.Data.Result {
		var in rangeSeries
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, 0, fmt.Errorf("the answer cannot be read: %w", err)
		}
		if points += len(in.Values); points > maxPoints && i > 0 {
			return series, len(a.Data.Result) - i, nil
		}
		out := &agentv1.RangeSeries{Labels: in.Metric}
		for _, pt := range in.Values {
			if math.IsNaN(pt.value) || math.IsInf(pt.value, 0) {
				continue
			}
			out.UnixMilli = append(out.UnixMilli, pt.unixMilli)
			out.Values = append(out.Values, pt.value)
		}
		if len(out.GetValues()) > 0 {
			series = append(series, out)
		}
	}
	return series, 0, nil
}
