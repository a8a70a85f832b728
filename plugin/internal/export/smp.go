package export

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/smp"
)

// smpVersion is the version of the specification that files in use name.
const smpVersion = "v0.0.1"

// Labels of a run that hold the ids of other SMP documents.
const (
	labelMeshConfigID = "smp-mesh-config-id"
	labelEnvID        = "smp-env-id"
)

// smpResult is a PerformanceTestResult in the field names of its protobuf schema
// and of the files in use, times in RFC 3339 as protobuf's JSON has them.
type smpResult struct {
	SMPVersion   string            `json:"smp_version"`
	ID           string            `json:"id"`
	Labels       map[string]string `json:"labels"`
	StartTime    string            `json:"start_time"`
	EndTime      string            `json:"end_time"`
	LatenciesMs  *smpLatency       `json:"latencies_ms,omitempty"`
	ActualQPS    float64           `json:"actual_qps"`
	DetailsURI   string            `json:"details_uri,omitempty"`
	TestID       string            `json:"test_id,omitempty"`
	MeshConfigID string            `json:"mesh_config_id,omitempty"`
	EnvID        string            `json:"env_id,omitempty"`
}

// smpLatency is in milliseconds.
type smpLatency struct {
	Min     float64  `json:"min"`
	Average float64  `json:"average"`
	P50     *float64 `json:"p50,omitempty"`
	P90     *float64 `json:"p90,omitempty"`
	P99     *float64 `json:"p99,omitempty"`
	Max     float64  `json:"max"`
}

// SMP writes r as a PerformanceTestResult in JSON, which is YAML too, and the name
// of the file. It tells of the times that t says. detailsURI is where the whole Result is, "" where that is
// not known. What SMP has no field for is in the labels; ids of other documents are
// there only where labels of the run name them.
func SMP(r *document.Result, t Times, detailsURI string) (file []byte, name string, err error) {
	if err := sent(r); err != nil {
		return nil, "", err
	}
	summary, _, err := t.of(r)
	if err != nil {
		return nil, "", err
	}
	own := r.Metadata.Labels
	out := smpResult{
		SMPVersion: smpVersion, ID: r.Metadata.RunID, ActualQPS: r.Status.Rate.Achieved, DetailsURI: detailsURI,
		StartTime: r.Status.StartTime.UTC().Format(time.RFC3339Nano), EndTime: r.Status.EndTime.UTC().Format(time.RFC3339Nano),
		TestID: own[smp.LabelTestID], MeshConfigID: own[labelMeshConfigID], EnvID: own[labelEnvID],
		Labels: smpLabels(r, t),
	}
	if summary != nil && summary.Count > 0 {
		out.LatenciesMs = &smpLatency{Min: summary.Min, Average: summary.Mean, P50: summary.P50, P90: summary.P90, P99: summary.P99, Max: summary.Max}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return nil, "", err
	}
	name = "result_" + r.Metadata.RunID
	if t != Response {
		name += "_" + string(t)
	}
	return b.Bytes(), name + ".json", nil
}

// smpLabels are the run's own, and what SMP has no field for. Whether a run may be
// believed is not for a label of its own to say.
func smpLabels(r *document.Result, t Times) map[string]string {
	q, count := r.Status.Requests, func(n int64) string { return strconv.FormatInt(n, 10) }
	labels := map[string]string{
		"name": r.Metadata.Name, "endpoint-urls": targetURLs(r), "requested-qps": requestedQPS(r.Spec.Load),
		"requests-sent": count(q.Sent), "requests-failed": count(q.Failed), "requests-unsent": count(q.Unsent),
	}
	maps.Copy(labels, r.Metadata.Labels)
	labels["latencies"], labels["phase"], labels["validity"] = t.String(), string(r.Status.Phase), "valid"
	labels["written-by"] = writer(r)
	if why := invalid(r); why != "" {
		labels["validity"], labels["validity-reasons"] = "invalid", why
	}
	return labels
}
