// Package check finds out, without changing anything, whether deploy, run and
// undeploy will work in a cluster: the API server, the rights, Pod Security, the
// image, the sources of metrics, the archive. What cannot be known before is
// said so and never counted as fine.
package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/discover"
)

// Status is how a check ended.
type Status string

// The statuses. Fail: what the user wants to do will not work. Warn: it works,
// but something is missing from the Result, or could not be found out.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Result is one line.
type Result struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// MinimumVersion is the oldest Kubernetes that is supported.
const MinimumVersion = "1.30"

// Config is what is asked.
type Config struct {
	Client *deploy.Client
	// Options are those of the deploy that is meant.
	Options deploy.Options
	// Archive connects to the archive and says where it is. Nil: not asked.
	Archive func(ctx context.Context) (where string, err error)
}

// Run makes all checks, in order, and reports each as it is done.
// Wrong options are the only error.
func Run(ctx context.Context, c Config, report func(Result)) error {
	template, err := c.template()
	if err != nil {
		return err
	}
	reachable := c.api(ctx)
	report(reachable)
	if reachable.Status != Fail {
		for _, r := range c.rights(ctx) {
			report(r)
		}
		report(c.podSecurity(ctx, template))
		nodes, err := c.Client.Kubernetes.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			report(Result{"nodes", Warn, fmt.Sprintf("the nodes cannot be listed: %v", err), "which nodes get an agent shows only at deploy"})
		} else {
			eligible := c.nodes(nodes.Items, &template.Spec, report)
			report(c.image(eligible))
		}
		report(c.nodeExporter(ctx))
		report(c.kubelet(ctx))
		report(c.prometheus(ctx))
	}
	if c.Archive != nil {
		report(c.archive(ctx))
	}
	return nil
}

// api checks that there is an API server and that it is new enough.
func (c Config) api(ctx context.Context) Result {
	r := Result{Name: "API server"}
	// ServerVersion knows no context; the REST client of discovery does.
	var info struct {
		GitVersion string `json:"gitVersion"`
	}
	raw, err := c.Client.Kubernetes.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(raw, &info)
	}
	if err != nil {
		r.Status, r.Detail = Fail, err.Error()
		if u := (*url.Error)(nil); errors.As(err, &u) {
			r.Detail = u.Err.Error() // the path asked for says nothing
		}
		r.Hint = "see whether 'kubectl version' works with the same kubeconfig and context"
		return r
	}
	r.Status, r.Detail = OK, info.GitVersion
	v, err := version.ParseGeneric(info.GitVersion)
	switch {
	case err != nil:
		r.Status, r.Hint = Warn, "the version cannot be read; Kubernetes "+MinimumVersion+" or newer is needed"
	case v.LessThan(version.MustParseGeneric(MinimumVersion)):
		r.Status, r.Hint = Fail, "Kubernetes "+MinimumVersion+" or newer is needed"
	}
	return r
}

// nodes tells which nodes will get an agent, and returns them.
func (c Config) nodes(nodes []corev1.Node, pod *corev1.PodSpec, report func(Result)) []corev1.Node {
	var eligible []corev1.Node
	for i := range nodes {
		ok, reason, hint := discover.CanTake(&nodes[i], pod)
		if ok {
			eligible = append(eligible, nodes[i])
			continue
		}
		report(Result{"node " + nodes[i].Name, Warn, "gets no agent: " + reason, hint})
	}
	r := Result{Name: "nodes", Status: OK, Detail: fmt.Sprintf("%d of %d get an agent", len(eligible), len(nodes))}
	if len(eligible) == 0 {
		r.Status, r.Hint = Fail, "change --node-selector, or use --tolerate-all"
	}
	report(r)
	return eligible
}

func (c Config) archive(ctx context.Context) Result {
	where, err := c.Archive(ctx)
	if err != nil {
		return Result{"archive", Fail, err.Error(), "results would wait in the local outbox; give another with --archive"}
	}
	return Result{Name: "archive", Status: OK, Detail: where}
}
