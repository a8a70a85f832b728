package document

import "time"

// Result is what a run leaves.
type Result struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Metadata   ResultMetadata `json:"metadata"`
	Spec       Spec           `json:"spec"`
	Status     Status         `json:"status"`
}

// ResultMetadata names a run. RunID is a UUIDv7, so ids sort by time.
type ResultMetadata struct {
	Name   string            `json:"name"`
	RunID  string            `json:"runID"`
	Labels map[string]string `json:"labels,omitempty"`
}

// Phase is how a run ended.
type Phase string

// The phases of a Result.
const (
	Succeeded Phase = "Succeeded"
	Failed    Phase = "Failed"
	Partial   Phase = "Partial"
	Cancelled Phase = "Cancelled"
)

// Status is what was measured.
type Status struct {
	Phase Phase `json:"phase"`
	// Aborted is why the run was ended early by its own Test (abortOn).
	Aborted  string   `json:"aborted,omitempty"`
	Validity Validity `json:"validity"`
	// StartTime and EndTime bound the measured time (warm-up is before it).
	StartTime  time.Time    `json:"startTime"`
	EndTime    time.Time    `json:"endTime"`
	Requests   Requests     `json:"requests"`
	Warmup     *Requests    `json:"warmup,omitempty"`
	Rate       AchievedRate `json:"rate"`
	Latency    Latency      `json:"latency"`
	Histograms Histograms   `json:"histograms"`
	// Targets are the figures of each, where there are several.
	Targets    []TargetResult    `json:"targets,omitempty"`
	Thresholds []ThresholdResult `json:"thresholds,omitempty"`
	Agents     []AgentResult     `json:"agents"`
	// NodesWithoutAgent could have had one and did not: their share of the load
	// came from the others.
	NodesWithoutAgent []NodeWithoutAgent `json:"nodesWithoutAgent,omitempty"`
	Resources         Resources          `json:"resources"`
	Timeline          []Point            `json:"timeline,omitempty"`
	Environment       Environment        `json:"environment"`
}

// TargetResult is what was measured of one of several targets.
type TargetResult struct {
	Name       string     `json:"name"`
	URL        string     `json:"url"`
	Requests   Requests   `json:"requests"`
	Latency    Latency    `json:"latency"`
	Histograms Histograms `json:"histograms"`
}

// ThresholdResult is one expression held against the Result. In an invalid run
// none has passed, for nobody knows: Actual is what was measured all the same.
type ThresholdResult struct {
	Expression string `json:"expression"`
	// Actual is absent where the Result has no such value. Reason says why, and
	// why nothing was judged: the run is invalid, or Expression cannot be read.
	Actual *float64 `json:"actual,omitempty"`
	// Unit of Actual: ms, %, or none.
	Unit   string `json:"unit,omitempty"`
	Passed bool   `json:"passed"`
	Reason string `json:"reason,omitempty"`
}

// Validity says whether the numbers may be believed, and if not, why.
type Validity struct {
	Valid   bool     `json:"valid"`
	Reasons []string `json:"reasons,omitempty"`
	// Warnings do not make the numbers wrong: they say what the numbers leave
	// out, and which of them rest on little.
	Warnings []string `json:"warnings,omitempty"`
}

// Requests counts calls. Planned = sent + unsent; sent = succeeded + failed.
// In a closed loop planned equals sent. Codes holds HTTP status codes and, for
// calls without a right answer, kinds of error ("timeout", "connection", "check").
type Requests struct {
	Planned   int64            `json:"planned"`
	Sent      int64            `json:"sent"`
	Succeeded int64            `json:"succeeded"`
	Failed    int64            `json:"failed"`
	Unsent    int64            `json:"unsent"`
	Codes     map[string]int64 `json:"codes,omitempty"`
	// BytesReceived is headers and bodies as far as the client sees them.
	BytesReceived int64 `json:"bytesReceived"`
}

// AchievedRate is calls per second sent over the measured time. Target is the
// mean of the rate that was to be over the measured time really run; absent in a
// closed loop.
type AchievedRate struct {
	Target   *float64 `json:"target,omitempty"`
	Achieved float64  `json:"achieved"`
}

// Latency summarises the histograms. ResponseTime is absent in a closed loop.
//
// A call that failed says nothing on how long a right answer takes: it is in
// ErrorTime only. Calls that timed out, were in flight at the end or were never
// sent would have taken at least as long as they did: they are in ResponseTime,
// and those that were sent in ServiceTime, as well.
type Latency struct {
	ResponseTime *Summary `json:"responseTime,omitempty"`
	ServiceTime  *Summary `json:"serviceTime,omitempty"`
	Lateness     *Summary `json:"lateness,omitempty"`
	// ConnectTime is TCP connect and TLS handshake of the connections made.
	ConnectTime *Summary `json:"connectTime,omitempty"`
	ErrorTime   *Summary `json:"errorTime,omitempty"`
}

// Summary of a latency histogram in milliseconds. A percentile q is absent
// when fewer than ln(0.025)/ln(q) calls are behind it, for then its two-sided
// 95 % interval has no upper end.
type Summary struct {
	Count int64    `json:"count"`
	Min   float64  `json:"min"`
	Mean  float64  `json:"mean"`
	P50   *float64 `json:"p50,omitempty"`
	P75   *float64 `json:"p75,omitempty"`
	P90   *float64 `json:"p90,omitempty"`
	P95   *float64 `json:"p95,omitempty"`
	P99   *float64 `json:"p99,omitempty"`
	P999  *float64 `json:"p999,omitempty"`
	P9999 *float64 `json:"p9999,omitempty"`
	Max   float64  `json:"max"`
}

// Histograms are the whole distributions: HDR, nanoseconds, 3 significant
// digits, V2 compressed encoding in base64. Any percentile can be had from them.
type Histograms struct {
	ResponseTime string `json:"responseTime,omitempty"`
	ServiceTime  string `json:"serviceTime,omitempty"`
	Lateness     string `json:"lateness,omitempty"`
	ConnectTime  string `json:"connectTime,omitempty"`
	ErrorTime    string `json:"errorTime,omitempty"`
}

// NodeWithoutAgent is a node on which no agent could take part, and why.
type NodeWithoutAgent struct {
	Node   string `json:"node"`
	Reason string `json:"reason,omitempty"`
}

// AgentPhase is how an agent's share ended.
type AgentPhase string

// The phases of an agent. Lost: the agent stopped answering and did not come
// back; what it had sent until then is kept.
const (
	AgentSucceeded AgentPhase = "Succeeded"
	AgentFailed    AgentPhase = "Failed"
	AgentCancelled AgentPhase = "Cancelled"
	AgentLost      AgentPhase = "Lost"
)

// AgentResult is one agent's share of the run.
type AgentResult struct {
	Node       string       `json:"node"`
	Pod        string       `json:"pod,omitempty"`
	Version    string       `json:"version,omitempty"`
	Phase      AgentPhase   `json:"phase"`
	Reason     string       `json:"reason,omitempty"`
	Requests   Requests     `json:"requests"`
	Warmup     *Requests    `json:"warmup,omitempty"`
	Rate       AchievedRate `json:"rate"`
	Latency    Latency      `json:"latency"`
	Histograms Histograms   `json:"histograms"`
	// StartSkewMs is how much later than the earliest agent the first call
	// left, on one clock; ClockErrorMs bounds the error of the clock offset.
	StartSkewMs  float64 `json:"startSkewMs"`
	ClockErrorMs float64 `json:"clockErrorMs"`
	// CPUSeconds and MaxRSSBytes are the agent process over the measured time.
	CPUSeconds  float64 `json:"cpuSeconds"`
	MaxRSSBytes int64   `json:"maxRSSBytes"`
	// Cores is how many the agent may use, CPUUtilization the share of them that
	// it did, 0 to 1; absent where it is not known.
	Cores          int      `json:"cores,omitempty"`
	CPUUtilization *float64 `json:"cpuUtilization,omitempty"`
	// Targets are the targets as this agent reached them.
	Targets []ReachedTarget `json:"targets,omitempty"`
}

// ReachedTarget is a target as an agent reached it.
type ReachedTarget struct {
	Name string `json:"name"`
	// Addresses the target's host resolved to (ip:port).
	Addresses []string `json:"addresses,omitempty"`
	// Unreachable are those that could not be connected to before the run, or not in
	// the time there was, and got no load, each with its reason ("ip:port: reason").
	Unreachable []string `json:"unreachable,omitempty"`
	// Client is the client used, Reason why it is not the fastest of the protocol.
	Client string `json:"client,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Resources is what nodes, containers and Prometheus said during the measured time.
type Resources struct {
	// Sources names every source that was wanted, also those that are absent.
	Sources    []SourceStatus      `json:"sources"`
	Nodes      []NodeResources     `json:"nodes,omitempty"`
	Containers []ContainerResource `json:"containers,omitempty"`
	Prometheus []QueryResult       `json:"prometheus,omitempty"`
}

// SourceStatus says whether a source could be read on a node.
type SourceStatus struct {
	// Source is nodeExporter, kubelet or prometheus.
	Source    string `json:"source"`
	Node      string `json:"node,omitempty"`
	Available bool   `json:"available"`
	// Detail is the URL read, or why not.
	Detail  string `json:"detail,omitempty"`
	Samples int    `json:"samples"`
	// FailedSamples counts readings that failed, LastError the newest reason.
	FailedSamples int    `json:"failedSamples,omitempty"`
	LastError     string `json:"lastError,omitempty"`
}

// NodeResources is node-exporter's view of one node.
type NodeResources struct {
	Node string `json:"node"`
	// CPUSeconds by mode: increase of node_cpu_seconds_total over all cores
	// within WindowSeconds, the time between the first and the last reading
	// inside the measured time. Both are absent with fewer than two readings.
	CPUSeconds    map[string]float64 `json:"cpuSeconds,omitempty"`
	WindowSeconds *float64           `json:"windowSeconds,omitempty"`
	// CPUUtilization is the share of CPU time not idle (idle and iowait), 0 to 1.
	CPUUtilization *float64 `json:"cpuUtilization,omitempty"`
	Cores          int      `json:"cores,omitempty"`
	// Cost is that of everything on the node, the kernel and the agent included.
	Cost
	Series []SeriesStats `json:"series,omitempty"`
}

// Cost is the CPU that calls took.
type Cost struct {
	// Requests is how many calls of all agents ended within WindowSeconds; absent
	// without a window.
	Requests *int64 `json:"requests,omitempty"`
	// CoreSecondsPer1000Requests is the CPU used within WindowSeconds (a node: not
	// idle and not iowait) by 1,000 of these requests. Times 1,000 it is the mCPU
	// that a load of 1,000 requests per second takes. Absent with fewer than 100
	// requests.
	CoreSecondsPer1000Requests *float64 `json:"coreSecondsPer1000Requests,omitempty"`
}

// SeriesStats sums up one series inside the measured time. Counters have
// Increase and WindowSeconds, gauges Mean, Min and Max. Samples is what it
// rests on.
type SeriesStats struct {
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels,omitempty"`
	Samples int               `json:"samples"`
	// Increase is that of a counter within WindowSeconds, the time between its
	// first and its last sample; both are absent with fewer than two samples.
	Increase      *float64 `json:"increase,omitempty"`
	WindowSeconds *float64 `json:"windowSeconds,omitempty"`
	Mean          *float64 `json:"mean,omitempty"`
	Min           *float64 `json:"min,omitempty"`
	Max           *float64 `json:"max,omitempty"`
}

// ContainerResource is the kubelet's view of one container.
type ContainerResource struct {
	Node      string `json:"node"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container"`
	// CPUSeconds is the increase of the CPU counter over WindowSeconds, the
	// time between the first and the last reading inside the measured time,
	// MeanCores the one divided by the other. Absent with fewer than two readings.
	CPUSeconds    *float64 `json:"cpuSeconds,omitempty"`
	WindowSeconds *float64 `json:"windowSeconds,omitempty"`
	MeanCores     *float64 `json:"meanCores,omitempty"`
	CPUSamples    int      `json:"cpuSamples"`
	Cost
	// MemoryMeanBytes and MemoryMaxBytes are absent without a reading.
	MemoryMeanBytes *float64 `json:"memoryMeanBytes,omitempty"`
	MemoryMaxBytes  *float64 `json:"memoryMaxBytes,omitempty"`
	MemorySamples   int      `json:"memorySamples"`
}

// QueryResult is the answer of Prometheus to one query.
type QueryResult struct {
	Name   string        `json:"name"`
	Query  string        `json:"query"`
	Unit   string        `json:"unit,omitempty"`
	URL    string        `json:"url,omitempty"`
	Start  time.Time     `json:"start"`
	End    time.Time     `json:"end"`
	Step   Duration      `json:"step"`
	Series []RangeSeries `json:"series,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// RangeSeries is one series of a range query; a value that is not a finite
// number is left out.
type RangeSeries struct {
	Labels map[string]string `json:"labels,omitempty"`
	Points []SeriesPoint     `json:"points"`
}

// SeriesPoint is a value at a time (Unix milliseconds).
type SeriesPoint struct {
	UnixMs int64   `json:"t"`
	Value  float64 `json:"v"`
}

// Point is a second of the run, all agents merged, or in a run of more than 1,800
// seconds a stretch of several: PointWidth says of how many, and Stretch when.
type Point struct {
	// Second is the first one, since the start of the load; Warmup marks what is not
	// measured.
	Second int      `json:"second"`
	Warmup bool     `json:"warmup,omitempty"`
	Sent   int64    `json:"sent"`
	Failed int64    `json:"failed"`
	P50    *float64 `json:"p50,omitempty"`
	P99    *float64 `json:"p99,omitempty"`
	Max    *float64 `json:"max,omitempty"`
	// NodeCPU is the share of CPU in use on the busiest node, 0 to 1.
	NodeCPU *float64 `json:"nodeCPU,omitempty"`
}

// Environment is where the run happened.
type Environment struct {
	// Local is true for run --local: no cluster.
	Local        bool              `json:"local,omitempty"`
	Kubernetes   string            `json:"kubernetes,omitempty"`
	Context      string            `json:"context,omitempty"`
	Namespace    string            `json:"namespace,omitempty"`
	Nodes        []NodeInfo        `json:"nodes,omitempty"`
	CNI          string            `json:"cni,omitempty"`
	Meshes       map[string]string `json:"meshes,omitempty"`
	TargetImages []string          `json:"targetImages,omitempty"`
	// TargetPods are the pods behind the target where it is a Service, as
	// namespace/name: what requests cost is in their containers.
	TargetPods []string `json:"targetPods,omitempty"`
	// TargetContainers are what is in these pods: a tag such as latest may be another
	// image tomorrow.
	TargetContainers []TargetContainer `json:"targetContainers,omitempty"`
	// TargetNodes are the nodes that these pods are on.
	TargetNodes []string `json:"targetNodes,omitempty"`
	// PodsByTarget are TargetPods by the target's name, where there are several: a
	// pod may be behind more than one.
	PodsByTarget map[string][]string `json:"podsByTarget,omitempty"`
	Plugin       string              `json:"plugin"`
	Agent        string              `json:"agent,omitempty"`
}

// TargetContainer is a container that pods behind the target have, init containers
// included, with one image.
type TargetContainer struct {
	Name  string `json:"name"`
	Image string `json:"image"`
	// ImageID is what the container runtime says it runs, mostly a repository with a
	// digest; absent where it did not say so before the run.
	ImageID string `json:"imageID,omitempty"`
	// Pods is how many of them have it so.
	Pods int `json:"pods"`
}

// NodeInfo describes a node as Kubernetes knows it.
type NodeInfo struct {
	Name             string `json:"name"`
	Kernel           string `json:"kernel,omitempty"`
	OSImage          string `json:"osImage,omitempty"`
	Architecture     string `json:"architecture,omitempty"`
	Kubelet          string `json:"kubelet,omitempty"`
	ContainerRuntime string `json:"containerRuntime,omitempty"`
	CPU              string `json:"cpu,omitempty"`
	Memory           string `json:"memory,omitempty"`
	InstanceType     string `json:"instanceType,omitempty"`
	Zone             string `json:"zone,omitempty"`
}
