package archive

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/plugin/internal/document"
	"github.com/meshery/kubectl-meshery/plugin/internal/layer"
)

// Entry is a run's row in the index: enough to list and filter without reading
// the Result. Latencies are in milliseconds, sizes in bytes.
type Entry struct {
	RunID  string            `json:"runID"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Target string            `json:"target"` // of several: the first, and how many more
	// Mesh is the run's label "mesh", or else the meshes found in the cluster.
	Mesh         string         `json:"mesh,omitempty"`
	Start        time.Time      `json:"start"`
	End          time.Time      `json:"end"`
	Phase        document.Phase `json:"phase"`
	Valid        bool           `json:"valid"`
	Requests     EntryRequests  `json:"requests"`
	Rate         EntryRate      `json:"rate"`
	ResponseTime *EntryLatency  `json:"responseTime,omitempty"`
	ServiceTime  *EntryLatency  `json:"serviceTime,omitempty"`
	// Cost is what requests took; absent in rows of earlier versions, and where
	// nothing is known.
	Cost       *EntryCost        `json:"cost,omitempty"`
	Agents     int               `json:"agents"`
	Local      bool              `json:"local,omitempty"`
	Kubernetes string            `json:"kubernetes,omitempty"`
	Meshes     map[string]string `json:"meshes,omitempty"`
	Size       int64             `json:"size"`
	SHA256     string            `json:"sha256"`
}

// EntryRequests are the calls of the measured time. Rows of earlier versions
// have only Sent and Failed.
type EntryRequests struct {
	Planned   int64 `json:"planned,omitempty"`
	Sent      int64 `json:"sent"`
	Succeeded int64 `json:"succeeded,omitempty"`
	Failed    int64 `json:"failed"`
	Unsent    int64 `json:"unsent,omitempty"`
}

// EntryRate is in calls per second; Target is absent in a closed loop.
type EntryRate struct {
	Target   *float64 `json:"target,omitempty"`
	Achieved float64  `json:"achieved"`
}

// EntryLatency is a latency's summary, with percentiles absent as in the Result.
// Rows of earlier versions have only P50, P90, P99, P999 and Max.
type EntryLatency struct {
	Count int64    `json:"count,omitempty"`
	Min   *float64 `json:"min,omitempty"`
	Mean  *float64 `json:"mean,omitempty"`
	P50   *float64 `json:"p50,omitempty"`
	P75   *float64 `json:"p75,omitempty"`
	P90   *float64 `json:"p90,omitempty"`
	P95   *float64 `json:"p95,omitempty"`
	P99   *float64 `json:"p99,omitempty"`
	P999  *float64 `json:"p999,omitempty"`
	P9999 *float64 `json:"p9999,omitempty"`
	Max   float64  `json:"max"`
}

// EntryCost is what requests took, by layer: CPU in core-seconds per 1,000 requests,
// memory in bytes (package layer). What is not known is absent.
type EntryCost struct {
	CPU    EntryLayers `json:"coreSecondsPer1000Requests,omitzero"`
	Memory EntryLayers `json:"memoryBytes,omitzero"`
}

// EntryLayers is a figure of each layer. Nodes is everything on the nodes with an
// agent, the kernel and the agents included.
type EntryLayers struct {
	Application  *float64 `json:"application,omitempty"`
	DataPlane    *float64 `json:"dataPlane,omitempty"`
	ControlPlane *float64 `json:"controlPlane,omitempty"`
	Nodes        *float64 `json:"nodes,omitempty"`
}

// manifest says what a run's folder holds.
type manifest struct {
	RunID string `json:"runID"`
	// Writer is the program and version that wrote the run.
	Writer  string           `json:"writer,omitempty"`
	Objects []manifestObject `json:"objects"`
}

type manifestObject struct {
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	// Schema is the apiVersion of the document.
	Schema string `json:"schema"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// describe reads what the index and the manifest say about a Result.
func describe(raw []byte, writer string) (*Entry, *manifest, error) {
	r := &document.Result{}
	if err := json.Unmarshal(raw, r); err != nil {
		return nil, nil, fmt.Errorf("the Result to archive is not JSON of kind Result: %w", err)
	}
	if r.APIVersion != document.APIVersion || r.Kind != document.KindResult {
		return nil, nil, fmt.Errorf("apiVersion %q and kind %q found in what is to be archived, %q and %q expected",
			r.APIVersion, r.Kind, document.APIVersion, document.KindResult)
	}
	sum := sha256.Sum256(raw)
	q := r.Status.Requests
	e := &Entry{
		RunID: r.Metadata.RunID, Name: r.Metadata.Name, Labels: r.Metadata.Labels,
		Target: targetOf(r), Mesh: meshIn(r.Metadata.Labels, r.Status.Environment.Meshes), Start: r.Status.StartTime, End: r.Status.EndTime,
		Phase: r.Status.Phase, Valid: r.Status.Validity.Valid,
		Requests:     EntryRequests{Planned: q.Planned, Sent: q.Sent, Succeeded: q.Succeeded, Failed: q.Failed, Unsent: q.Unsent},
		Rate:         EntryRate{Target: r.Status.Rate.Target, Achieved: r.Status.Rate.Achieved},
		ResponseTime: latencyOf(r.Status.Latency.ResponseTime), ServiceTime: latencyOf(r.Status.Latency.ServiceTime),
		Cost: costOf(r), Agents: len(r.Status.Agents), Local: r.Status.Environment.Local,
		Kubernetes: r.Status.Environment.Kubernetes, Meshes: r.Status.Environment.Meshes,
		Size: int64(len(raw)), SHA256: hex.EncodeToString(sum[:]),
	}
	m := &manifest{RunID: e.RunID, Writer: writer, Objects: []manifestObject{
		{Name: resultName, MediaType: mediaJSON, Schema: r.APIVersion, Size: e.Size, SHA256: e.SHA256},
	}}
	return e, m, nil
}

func targetOf(r *document.Result) string {
	all := r.Spec.AllTargets()
	if more := len(all) - 1; more > 0 {
		return fmt.Sprintf("%s (+%d more)", all[0].URL, more)
	}
	return all[0].URL
}

// meshIn is the label "mesh", or else the meshes found in the cluster.
func meshIn(labels, meshes map[string]string) string {
	if mesh, ok := labels["mesh"]; ok {
		return mesh
	}
	return strings.Join(slices.Sorted(maps.Keys(meshes)), ",")
}

func costOf(r *document.Result) *EntryCost {
	costs := layer.Costs(r)
	application, dataPlane, controlPlane := costs[layer.Application], costs[layer.DataPlane], costs[layer.ControlPlane]
	c := EntryCost{
		CPU: EntryLayers{
			Application: application.CPU.Pointer(), DataPlane: dataPlane.CPU.Pointer(), ControlPlane: controlPlane.CPU.Pointer(),
			Nodes: layer.NodeCPU(r).Pointer(),
		},
		Memory: EntryLayers{Application: application.Memory.Pointer(), DataPlane: dataPlane.Memory.Pointer(), ControlPlane: controlPlane.Memory.Pointer()},
	}
	if c == (EntryCost{}) {
		return nil
	}
	return &c
}

// EntryOf is the row about a Result's bytes.
func EntryOf(raw []byte) (*Entry, error) {
	e, _, err := describe(raw, "")
	return e, err
}

func latencyOf(s *document.Summary) *EntryLatency {
	if s == nil {
		return nil
	}
	return &EntryLatency{
		Count: s.Count, Min: &s.Min, Mean: &s.Mean, P50: s.P50, P75: s.P75, P90: s.P90, P95: s.P95,
		P99: s.P99, P999: s.P999, P9999: s.P9999, Max: s.Max,
	}
}

// result is the manifest's line about the Result.
func (m *manifest) result() (manifestObject, bool) {
	for _, o := range m.Objects {
		if o.Name == resultName {
			return o, true
		}
	}
	return manifestObject{}, false
}

// parseOldRows reads an index object of earlier versions: one row, or one a line.
func parseOldRows(raw []byte) ([]Entry, error) {
	var rows []Entry
	d := json.NewDecoder(bytes.NewReader(raw))
	for d.More() {
		var e Entry
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		e.Mesh = meshIn(e.Labels, e.Meshes)
		rows = append(rows, e)
	}
	return rows, nil
}
