//go:build e2e

package e2e

// The paths of a Result that scripts rely on, as a script would read them: these
// types are the tests' own, so a path that is renamed is found here.

type resultDoc struct {
	Metadata struct {
		Name   string            `json:"name"`
		RunID  string            `json:"runID"`
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Load struct {
			Rate any `json:"rate"`
		} `json:"load"`
	} `json:"spec"`
	Status resultStatus `json:"status"`
}

type resultStatus struct {
	Phase    string `json:"phase"`
	Aborted  string `json:"aborted"`
	Validity struct {
		Valid   bool     `json:"valid"`
		Reasons []string `json:"reasons"`
	} `json:"validity"`
	Requests   requests  `json:"requests"`
	Warmup     *requests `json:"warmup"`
	Latency    latency   `json:"latency"`
	Histograms struct {
		ResponseTime string `json:"responseTime"`
	} `json:"histograms"`
	Targets []struct {
		Name     string   `json:"name"`
		Requests requests `json:"requests"`
	} `json:"targets"`
	Thresholds []struct {
		Expression string   `json:"expression"`
		Actual     *float64 `json:"actual"`
		Unit       string   `json:"unit"`
		Passed     bool     `json:"passed"`
	} `json:"thresholds"`
	Timeline []struct {
		Second int   `json:"second"`
		Warmup bool  `json:"warmup"`
		Sent   int64 `json:"sent"`
	} `json:"timeline"`
	Agents []struct {
		Node         string   `json:"node"`
		Phase        string   `json:"phase"`
		Reason       string   `json:"reason"`
		Requests     requests `json:"requests"`
		StartSkewMs  *float64 `json:"startSkewMs"`
		ClockErrorMs *float64 `json:"clockErrorMs"`
		MaxRSSBytes  int64    `json:"maxRSSBytes"`
		Targets      []struct {
			Client string `json:"client"`
			Reason string `json:"reason"`
		} `json:"targets"`
		Histograms struct {
			ResponseTime string `json:"responseTime"`
		} `json:"histograms"`
	} `json:"agents"`
	NodesWithoutAgent []struct {
		Node   string `json:"node"`
		Reason string `json:"reason"`
	} `json:"nodesWithoutAgent"`
	Resources struct {
		Sources []struct {
			Source    string `json:"source"`
			Node      string `json:"node"`
			Available bool   `json:"available"`
			Detail    string `json:"detail"`
		} `json:"sources"`
		Nodes []struct {
			Node           string             `json:"node"`
			CPUSeconds     map[string]float64 `json:"cpuSeconds"`
			WindowSeconds  float64            `json:"windowSeconds"`
			CPUUtilization *float64           `json:"cpuUtilization"`
			Cores          int                `json:"cores"`
			Series         []struct {
				Name          string   `json:"name"`
				Samples       int      `json:"samples"`
				Increase      *float64 `json:"increase"`
				WindowSeconds float64  `json:"windowSeconds"`
			} `json:"series"`
		} `json:"nodes"`
		Containers []struct {
			Namespace       string   `json:"namespace"`
			Pod             string   `json:"pod"`
			Container       string   `json:"container"`
			CPUSeconds      *float64 `json:"cpuSeconds"`
			WindowSeconds   *float64 `json:"windowSeconds"`
			MeanCores       *float64 `json:"meanCores"`
			CPUSamples      int      `json:"cpuSamples"`
			MemoryMeanBytes *float64 `json:"memoryMeanBytes"`
		} `json:"containers"`
		Prometheus []struct {
			Name   string `json:"name"`
			Error  string `json:"error"`
			Series []struct {
				Points []struct {
					UnixMs int64   `json:"t"`
					Value  float64 `json:"v"`
				} `json:"points"`
			} `json:"series"`
		} `json:"prometheus"`
	} `json:"resources"`
	Environment struct {
		TargetPods []string `json:"targetPods"`
	} `json:"environment"`
}

// latency is the times of a Result, in milliseconds.
type latency struct {
	ResponseTime *summary `json:"responseTime"`
	ServiceTime  *summary `json:"serviceTime"`
	ErrorTime    *summary `json:"errorTime"`
	ConnectTime  *summary `json:"connectTime"`
}

type summary struct {
	Count int64    `json:"count"`
	Min   float64  `json:"min"`
	Max   float64  `json:"max"`
	P50   *float64 `json:"p50"`
	P90   *float64 `json:"p90"`
}

type requests struct {
	Planned   int64            `json:"planned"`
	Sent      int64            `json:"sent"`
	Succeeded int64            `json:"succeeded"`
	Failed    int64            `json:"failed"`
	Codes     map[string]int64 `json:"codes"`
}

// nodesRead are the nodes of Resources.Nodes, in its order.
func (s *resultStatus) nodesRead() []string {
	var nodes []string
	for _, n := range s.Resources.Nodes {
		nodes = append(nodes, n.Node)
	}
	return nodes
}
