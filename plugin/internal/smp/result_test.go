package smp

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseResultEveryForm(t *testing.T) {
	start := time.Date(2021, 5, 4, 10, 0, 0, 250e6, time.UTC)
	whole := Result{
		SMPVersion: "v0.0.1", ID: "r-1", Labels: map[string]string{"mesh": "istio"}, Start: start, End: start.Add(time.Minute),
		LatencyMs: Latency{Min: new(0.4), Average: new(2.5), P50: new(2.1), P90: new(4.0), P99: new(11.9), Max: new(48.0)},
		ActualQPS: 99.5, DetailsURI: "s3://perf/x", TestID: "t", MeshConfigID: "m", EnvID: "e",
	}
	of := func(change func(*Result)) Result {
		r := whole
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		in       string
		want     Result
		warnings []string
	}{
		"protobuf's JSON": {`{"smp_version": "v0.0.1", "id": "r-1", "labels": {"mesh": "istio"}, "start_time": "2021-05-04T10:00:00.25Z",
			"end_time": "2021-05-04T10:01:00.250Z", "latencies_ms": {"min": 0.4, "average": 2.5, "p50": 2.1, "p90": 4, "p99": 11.9, "max": 48},
			"actual_qps": 99.5, "details_uri": "s3://perf/x", "test_id": "t", "mesh_config_id": "m", "env_id": "e"}`, whole, nil},
		"camelCase": {`{"smpVersion": "v0.0.1", "id": "r-1", "labels": {"mesh": "istio"}, "startTime": "2021-05-04T10:00:00.25Z",
			"endTime": "2021-05-04T10:01:00.250Z", "latenciesMs": {"min": 0.4, "average": 2.5, "p50": 2.1, "p90": 4, "p99": 11.9, "max": 48},
			"actualQps": 99.5, "detailsUri": "s3://perf/x", "testId": "t", "meshConfigId": "m", "envId": "e"}`, whole, nil},
		"2020": {"smps_version: v0.0.1\nid: r-1\nlabels: {mesh: istio}\nstart_time: {seconds: 1620122400, nanos: 250000000}\nend_time: 2021-05-04T10:01:00.25Z\n" +
			"latencies_ms: {min: 0.4, average: 2.5, p50: 2.1, p90: 4, p99: 11.9, max: 48}\nactual_QPS: 99.5\ndetails_uri: s3://perf/x\ntestId: t\nmeshConfigId: m\nenvId: e\n", whole, nil},
		"Meshery's own": {"smp_version: test_smp_version\nstart_time: 2021-05-04T10:00:00.25Z\nend_time: 2021-05-04T10:01:00.25Z\nlatencies_ms: {min: 0.0004, p50: 0.0021}\nactual_qps: 99.5\n" +
			"details_uri: test_details\ntest_id: test_id\nmesh_config_id: test_mesh_config_id\nenv_id: test_env_id\n",
			Result{Start: start, End: start.Add(time.Minute), ActualQPS: 99.5, LatencyMs: Latency{Min: new(0.4), P50: new(2.1)}}, []string{"whose latencies_ms are seconds"}},
		"more than SMP has": {`{"latencies_ms": {}, "start_time": "2021-05-04T10:00:00.25Z", "user": "x", "cost": 1}`, of(func(r *Result) { *r = Result{Start: start} }),
			[]string{"SMP does not have it: cost", "SMP does not have it: user"}},
	} {
		if !DetectResult([]byte(c.in)) {
			t.Errorf("%s is not detected", name)
		}
		got, warnings, err := ParseResult([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, *got, c.want)
		}
		if len(warnings) != len(c.warnings) {
			t.Errorf("%s: warnings %q", name, warnings)
			continue
		}
		for i, w := range c.warnings {
			if !strings.Contains(warnings[i], w) {
				t.Errorf("%s: warning %q, want %q", name, warnings[i], w)
			}
		}
	}
}

func TestParseResultRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "SMP result: it is empty",
		"a: [":                              "SMP result: ",
		"just text":                         "SMP result: the file is not a mapping of fields to values",
		"latencies_ms: 5":                   "latencies_ms is not a mapping",
		"latencies_ms: {p50: fast}":         "latencies_ms.p50 is not a number",
		"latencies_ms: {p50: -1}":           "latencies_ms.p50 is not a number",
		"latencies_ms: {p75: 1}":            `latencies_ms: unknown field "p75"`,
		"start_time: yesterday":             "start_time is not a time such as",
		"start_time: {seconds: soon}":       "start_time.seconds is not a number",
		"labels: {a: 1}":                    "labels has a value that is not text",
		"testId: a\ntest_id: b":             `"testId" and "test_id" are one field`,
		"actual_qps: 1\n---\nactual_qps: 2": "SMP result: several documents stand in one file",
	} {
		if _, _, err := ParseResult([]byte(in)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	if DetectResult([]byte("smp_version: v0.0.1\nclients: []")) || DetectResult([]byte("{")) {
		t.Error("a test is no result")
	}
}
