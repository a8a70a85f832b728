package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/kube"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/netns"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

// Status is what is true of a cluster now.
type Status struct {
	Name       string       `json:"name"`
	Running    bool         `json:"running"` // the control plane's processes run
	Problem    string       `json:"problem,omitempty"`
	Nodes      []NodeStatus `json:"nodes"`
	Kubeconfig string       `json:"kubeconfig"`
	Kubectl    string       `json:"kubectl"`
	APIServer  string       `json:"apiServer"`
	S3         S3Access     `json:"s3"`
	Prometheus string       `json:"prometheus"`
	Logs       string       `json:"logs"`
}

// NodeStatus is one node of it.
type NodeStatus struct {
	Name    string `json:"name"`
	IP      string `json:"ip"`
	Running bool   `json:"running"` // its processes run
	Cut     bool   `json:"cut"`     // its link is down
	Ready   bool   `json:"ready"`   // the API server says so
}

// S3Access is all that an S3 client needs; addressing is by path.
type S3Access struct {
	Endpoint  string `json:"endpoint"`
	Region    string `json:"region"`
	Bucket    string `json:"bucket"`
	AccessKey string `json:"accessKey"`
	SecretKey string `json:"secretKey"`
}

// GetStatus asks the cluster's processes and its API server.
func GetStatus(ctx context.Context, l Layout) (*Status, error) {
	s, err := l.loadState()
	if err != nil {
		return nil, err
	}
	st := &Status{
		Name: s.Name, Kubeconfig: l.Kubeconfig(), Kubectl: s.Kubectl, Logs: l.Path("logs"),
		Running:   s.ControlPlane.Alive() && s.Forwarder.Alive() && s.usable(l),
		APIServer: "https://" + s.API, Prometheus: "http://" + s.Prometheus,
		S3: S3Access{
			Endpoint: "http://" + s.S3, Region: render.S3Region, Bucket: render.S3Bucket,
			AccessKey: render.S3AccessKey, SecretKey: render.S3SecretKey,
		},
		Nodes: []NodeStatus{},
	}
	ready := map[string]bool{}
	if !st.Running {
		st.Problem = fmt.Sprintf("not all of it runs: repair it with 'cluster up --name %s'", l.Name)
	} else if ready, err = readyNodes(ctx, l, s); err != nil {
		st.Problem = "API server: " + err.Error()
	}
	for _, n := range s.Nodes {
		st.Nodes = append(st.Nodes, NodeStatus{
			Name: n.Name, IP: render.NodeIP(n.Index), Running: n.Process.Alive(), Cut: n.Cut, Ready: ready[n.Name],
		})
	}
	return st, nil
}

func readyNodes(ctx context.Context, l Layout, s *State) (map[string]bool, error) {
	client, err := l.client(s)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var list kube.NodeList
	if err := client.Get(ctx, "/api/v1/nodes", &list); err != nil {
		return nil, err
	}
	ready := map[string]bool{}
	for _, n := range list.Items {
		if node, err := s.node(n.Metadata.Name); err == nil {
			ready[node.Name], _ = n.Ready(node.Started)
		}
	}
	return ready, nil
}

// usable says whether what the state names is still there to build on.
func (s *State) usable(l Layout) bool {
	if !netns.Exists(l.lanNamespace()) {
		return false
	}
	for _, n := range s.Nodes {
		if !netns.Exists(l.nodeNamespace(n.Name)) {
			return false
		}
	}
	return true
}
