package archive

import (
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
)

// row is a run's row in the index, and with that the schema of the Parquet files
// (docs/archive.md): one column a field, its unit in its name, null where the
// Result has no such figure. Columns are only ever added.
type row struct {
	RunID      string            `parquet:"run_id"`
	Name       string            `parquet:"name,dict"`
	Start      time.Time         `parquet:"start,timestamp(microsecond)"`
	End        time.Time         `parquet:"end,timestamp(microsecond)"`
	Phase      string            `parquet:"phase,dict"`
	Valid      bool              `parquet:"valid"`
	Target     string            `parquet:"target,dict"`
	Mesh       string            `parquet:"mesh,dict"`
	Labels     map[string]string `parquet:"labels" parquet-key:",dict" parquet-value:",dict"`
	Meshes     map[string]string `parquet:"meshes" parquet-key:",dict" parquet-value:",dict"`
	Kubernetes *string           `parquet:"kubernetes,optional,dict"`
	Local      bool              `parquet:"local"`
	Agents     int64             `parquet:"agents"`

	RequestsPlanned   int64 `parquet:"requests_planned"`
	RequestsSent      int64 `parquet:"requests_sent"`
	RequestsSucceeded int64 `parquet:"requests_succeeded"`
	RequestsFailed    int64 `parquet:"requests_failed"`
	RequestsUnsent    int64 `parquet:"requests_unsent"`

	RateTarget   *float64 `parquet:"rate_target,optional"`
	RateAchieved float64  `parquet:"rate_achieved"`

	ResponseCount *int64   `parquet:"response_count,optional"`
	ResponseMin   *float64 `parquet:"response_min_ms,optional"`
	ResponseMean  *float64 `parquet:"response_mean_ms,optional"`
	ResponseP50   *float64 `parquet:"response_p50_ms,optional"`
	ResponseP75   *float64 `parquet:"response_p75_ms,optional"`
	ResponseP90   *float64 `parquet:"response_p90_ms,optional"`
	ResponseP95   *float64 `parquet:"response_p95_ms,optional"`
	ResponseP99   *float64 `parquet:"response_p99_ms,optional"`
	ResponseP999  *float64 `parquet:"response_p999_ms,optional"`
	ResponseP9999 *float64 `parquet:"response_p9999_ms,optional"`
	ResponseMax   *float64 `parquet:"response_max_ms,optional"`

	ServiceCount *int64   `parquet:"service_count,optional"`
	ServiceMin   *float64 `parquet:"service_min_ms,optional"`
	ServiceMean  *float64 `parquet:"service_mean_ms,optional"`
	ServiceP50   *float64 `parquet:"service_p50_ms,optional"`
	ServiceP75   *float64 `parquet:"service_p75_ms,optional"`
	ServiceP90   *float64 `parquet:"service_p90_ms,optional"`
	ServiceP95   *float64 `parquet:"service_p95_ms,optional"`
	ServiceP99   *float64 `parquet:"service_p99_ms,optional"`
	ServiceP999  *float64 `parquet:"service_p999_ms,optional"`
	ServiceP9999 *float64 `parquet:"service_p9999_ms,optional"`
	ServiceMax   *float64 `parquet:"service_max_ms,optional"`

	// Core-seconds per 1,000 requests, which times 1,000 are the mCPU that 1,000
	// requests per second take.
	CPUApplication     *float64 `parquet:"cpu_application_core_s_per_1000,optional"`
	CPUDataPlane       *float64 `parquet:"cpu_data_plane_core_s_per_1000,optional"`
	CPUControlPlane    *float64 `parquet:"cpu_control_plane_core_s_per_1000,optional"`
	CPUNodes           *float64 `parquet:"cpu_nodes_core_s_per_1000,optional"`
	MemoryApplication  *float64 `parquet:"memory_application_bytes,optional"`
	MemoryDataPlane    *float64 `parquet:"memory_data_plane_bytes,optional"`
	MemoryControlPlane *float64 `parquet:"memory_control_plane_bytes,optional"`

	Size   int64  `parquet:"result_bytes"`
	SHA256 string `parquet:"result_sha256"`
}

// rowOf is the row of an entry.
func rowOf(e *Entry) row {
	r := row{
		RunID: e.RunID, Name: e.Name, Start: e.Start.UTC(), End: e.End.UTC(), Phase: string(e.Phase), Valid: e.Valid,
		Target: e.Target, Mesh: e.Mesh, Labels: e.Labels, Meshes: e.Meshes, Local: e.Local, Agents: int64(e.Agents),
		RequestsPlanned: e.Requests.Planned, RequestsSent: e.Requests.Sent, RequestsSucceeded: e.Requests.Succeeded,
		RequestsFailed: e.Requests.Failed, RequestsUnsent: e.Requests.Unsent,
		RateTarget: e.Rate.Target, RateAchieved: e.Rate.Achieved, Size: e.Size, SHA256: e.SHA256,
	}
	if e.Kubernetes != "" {
		r.Kubernetes = &e.Kubernetes
	}
	if l := e.ResponseTime; l != nil {
		r.ResponseCount, r.ResponseMin, r.ResponseMean, r.ResponseMax = &l.Count, l.Min, l.Mean, &l.Max
		r.ResponseP50, r.ResponseP75, r.ResponseP90, r.ResponseP95 = l.P50, l.P75, l.P90, l.P95
		r.ResponseP99, r.ResponseP999, r.ResponseP9999 = l.P99, l.P999, l.P9999
	}
	if l := e.ServiceTime; l != nil {
		r.ServiceCount, r.ServiceMin, r.ServiceMean, r.ServiceMax = &l.Count, l.Min, l.Mean, &l.Max
		r.ServiceP50, r.ServiceP75, r.ServiceP90, r.ServiceP95 = l.P50, l.P75, l.P90, l.P95
		r.ServiceP99, r.ServiceP999, r.ServiceP9999 = l.P99, l.P999, l.P9999
	}
	if c := e.Cost; c != nil {
		r.CPUApplication, r.CPUDataPlane, r.CPUControlPlane, r.CPUNodes = c.CPU.Application, c.CPU.DataPlane, c.CPU.ControlPlane, c.CPU.Nodes
		r.MemoryApplication, r.MemoryDataPlane, r.MemoryControlPlane = c.Memory.Application, c.Memory.DataPlane, c.Memory.ControlPlane
	}
	return r
}

// entry is what a row says.
func (r *row) entry() Entry {
	e := Entry{
		RunID: r.RunID, Name: r.Name, Start: r.Start.UTC(), End: r.End.UTC(), Phase: document.Phase(r.Phase), Valid: r.Valid,
		Target: r.Target, Mesh: r.Mesh, Labels: r.Labels, Meshes: r.Meshes, Local: r.Local, Agents: int(r.Agents),
		Requests: EntryRequests{
			Planned: r.RequestsPlanned, Sent: r.RequestsSent, Succeeded: r.RequestsSucceeded,
			Failed: r.RequestsFailed, Unsent: r.RequestsUnsent,
		},
		Rate: EntryRate{Target: r.RateTarget, Achieved: r.RateAchieved}, Size: r.Size, SHA256: r.SHA256,
	}
	if r.Kubernetes != nil {
		e.Kubernetes = *r.Kubernetes
	}
	if r.ResponseMax != nil && r.ResponseCount != nil {
		e.ResponseTime = &EntryLatency{
			Count: *r.ResponseCount, Min: r.ResponseMin, Mean: r.ResponseMean, P50: r.ResponseP50, P75: r.ResponseP75,
			P90: r.ResponseP90, P95: r.ResponseP95, P99: r.ResponseP99, P999: r.ResponseP999, P9999: r.ResponseP9999,
			Max: *r.ResponseMax,
		}
	}
	if r.ServiceMax != nil && r.ServiceCount != nil {
		e.ServiceTime = &EntryLatency{
			Count: *r.ServiceCount, Min: r.ServiceMin, Mean: r.ServiceMean, P50: r.ServiceP50, P75: r.ServiceP75,
			P90: r.ServiceP90, P95: r.ServiceP95, P99: r.ServiceP99, P999: r.ServiceP999, P9999: r.ServiceP9999,
			Max: *r.ServiceMax,
		}
	}
	cost := EntryCost{
		CPU:    EntryLayers{r.CPUApplication, r.CPUDataPlane, r.CPUControlPlane, r.CPUNodes},
		Memory: EntryLayers{r.MemoryApplication, r.MemoryDataPlane, r.MemoryControlPlane, nil},
	}
	if cost != (EntryCost{}) {
		e.Cost = &cost
	}
	return e
}
