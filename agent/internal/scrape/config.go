package scrape

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/meshery/kubectl-meshery/internal/queries"
	agentv1 "github.com/meshery/kubectl-meshery/proto/meshery/agent/v1"
)

// What holds unless a Node says otherwise.
const (
	DefaultKubeletURL = "https://$(HOST_IP):10250/metrics/resource"
	// Where Kubernetes mounts a pod's service account.
	DefaultTokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	DefaultCAFile    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
)

const (
	defaultInterval = time.Second
	defaultStep     = 5 * time.Second
)

// Node is the agent's own node, as the downward API tells it, and how its
// kubelet is reached.
type Node struct {
	Name string
	// HostIP is empty outside a pod.
	HostIP string
	// KubeletURL, TokenFile and CAFile are the defaults above when empty.
	KubeletURL string
	TokenFile  string
	CAFile     string
}

// Config says what is read. It is not changed once it is made.
type Config struct {
	// Interval between readings; 1 s when 0.
	Interval time.Duration
	// NodeExporterURL may hold $(HOST_IP) and $(NODE_NAME). Empty: not wanted.
	NodeExporterURL string
	// Kubelet asks for the kubelet's resource metrics.
	Kubelet bool
	// Prometheus is nil where this agent is not the one to ask it.
	Prometheus *Prometheus
	Node       Node
}

// Prometheus says which range queries are asked after the measured time.
type Prometheus struct {
	// URL is the base of the API, without /api/v1. Empty: none was found.
	URL string
	// Step between points; 5 s when 0.
	Step time.Duration
	// Queries are queries.Default() when empty.
	Queries []queries.Query
}

// FromProto makes the Config of a plan's scrape section.
func FromProto(p *agentv1.Scrape, node Node) Config {
	c := Config{
		Interval:        p.GetInterval().AsDuration(),
		NodeExporterURL: p.GetNodeExporterUrl(),
		Kubelet:         p.GetKubelet(),
		Node:            node,
	}
	if prom := p.GetPrometheus(); prom != nil {
		c.Prometheus = &Prometheus{URL: prom.GetUrl(), Step: prom.GetStep().AsDuration()}
		for _, q := range prom.GetQueries() {
			c.Prometheus.Queries = append(c.Prometheus.Queries,
				queries.Query{Name: q.GetName(), Query: q.GetQuery(), Unit: q.GetUnit()})
		}
	}
	return c
}

// Expand puts the node's own address and name in place of $(HOST_IP) and
// $(NODE_NAME). An IPv6 address is put in brackets.
func Expand(raw string, node Node) (string, error) {
	host := node.HostIP
	if strings.Contains(raw, "$(HOST_IP)") && host == "" {
		return "", fmt.Errorf("the address of the node is not known: $(HOST_IP) has a meaning inside a pod only")
	}
	if strings.Contains(raw, "$(NODE_NAME)") && node.Name == "" {
		return "", fmt.Errorf("the name of the node is not known: $(NODE_NAME) has a meaning inside a pod only")
	}
	if strings.Contains(host, ":") {
		raw = strings.ReplaceAll(raw, "[$(HOST_IP)]", "$(HOST_IP)")
		host = "[" + host + "]"
	}
	return strings.NewReplacer("$(HOST_IP)", host, "$(NODE_NAME)", node.Name).Replace(raw), nil
}

// parseURL accepts http and https URLs with a host.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not a URL such as http://$(HOST_IP):9100/metrics", raw)
	}
	return u, nil
}

// shown is the URL without what must not end up in a Result: a user, and the
// query, which may hold a credential and matters to nobody else.
func shown(u *url.URL) string {
	c := *u
	c.User, c.RawQuery, c.ForceQuery = nil, "", false
	return c.String()
}

// isOwn tells whether the URL leads to the agent's own node.
func (n Node) isOwn(u *url.URL) bool {
	host, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return false
	}
	own, err := netip.ParseAddr(n.HostIP)
	return err == nil && own.Unmap() == host.Unmap()
}

// scrapeTimeout bounds one reading: shorter than the interval, so that the next
// one is on time, but never below what a busy node needs.
func scrapeTimeout(interval time.Duration) time.Duration {
	return min(max(interval*9/10, time.Second), 10*time.Second)
}
