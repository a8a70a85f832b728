package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/meshery/kubectl-meshery/manifests"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
)

// right is what one resource is needed for.
type right struct {
	group, resource, subresource string
	verbs                        []string
	// namespace the right is needed in; empty: in the whole cluster.
	namespace string
	purpose   string
	// optional rights only make reasons or Results richer.
	optional bool
}

func (r right) name() string {
	n := r.resource
	if r.group != "" {
		n += "." + r.group
	}
	if r.subresource != "" {
		n += "/" + r.subresource
	}
	return n
}

// needed are the rights for deploy, run and undeploy with these options.
// A namespace that exists and is not deploy's own is neither made nor removed.
func (c Config) needed(foreignNamespace bool) []right {
	ns := c.Options.Namespace
	change := []string{"get", "list", "create", "patch", "delete"}
	namespaces := change
	if foreignNamespace {
		namespaces = []string{"get", "list"}
	}
	rights := []right{
		{"", "namespaces", "", namespaces, "", "deploy, undeploy", false},
		{"scheduling.k8s.io", "priorityclasses", "", change, "", "deploy, undeploy", false},
		{"", "serviceaccounts", "", change, ns, "deploy, undeploy", false},
		{"networking.k8s.io", "networkpolicies", "", change, ns, "deploy, undeploy", false},
		{"apps", "daemonsets", "", change, ns, "deploy, undeploy", false},
		{"", "pods", "", []string{"get", "list"}, ns, "deploy, run", false},
		{"", "pods", "portforward", []string{"get", "create"}, ns, "run", false},
		{"", "nodes", "", []string{"list"}, "", "deploy (nodes without an agent)", true},
		{"", "events", "", []string{"list"}, ns, "deploy (reasons per node)", true},
		{"", "pods", "", []string{"list"}, "", "finding node-exporter", true},
		{"", "services", "", []string{"list"}, "", "finding Prometheus", true},
	}
	roles := []string{"list"}
	if c.Options.KubeletMetrics {
		roles = change
		// Nobody can give a right that he does not have.
		rights = append(rights, right{"", "nodes", "metrics", []string{"get"}, "", "deploy --kubelet-metrics", false})
	}
	for _, resource := range []string{"clusterroles", "clusterrolebindings"} {
		rights = append(rights, right{"rbac.authorization.k8s.io", resource, "", roles, "", "deploy, undeploy", false})
	}
	// undeploy looks whether others use node-exporter.
	rights = append(rights, right{"apps", "daemonsets", "", []string{"list"}, "", "undeploy, finding node-exporter", true})
	if c.Options.NodeExporter {
		for _, r := range [][2]string{{"", "serviceaccounts"}, {"apps", "daemonsets"}} {
			rights = append(rights, right{r[0], r[1], "", change, manifests.NodeExporterNamespace, "deploy --node-exporter", false})
		}
	}
	return rights
}

// rights asks the API server for every verb, by name.
func (c Config) rights(ctx context.Context) []Result {
	ns, err := c.Client.Kubernetes.CoreV1().Namespaces().Get(ctx, c.Options.Namespace, metav1.GetOptions{})
	needed := c.needed(err == nil && !deploy.Owns(ns))
	results := make([]Result, len(needed))
	var all sync.WaitGroup
	for i, r := range needed {
		all.Go(func() { results[i] = c.right(ctx, r) })
	}
	all.Wait()
	return results
}

func (c Config) right(ctx context.Context, r right) Result {
	where := "in all namespaces"
	if r.namespace != "" {
		where = fmt.Sprintf("in namespace %q", r.namespace)
	} else if clusterWide(r) {
		where = "in the cluster"
	}
	result := Result{Name: "right: " + r.name(), Status: OK, Detail: fmt.Sprintf("%s %s (for %s)", strings.Join(r.verbs, ", "), where, r.purpose)}
	var lacking []string
	for _, verb := range r.verbs {
		allowed, err := allowed(ctx, c.Client.Kubernetes, r, verb)
		if err != nil {
			return Result{result.Name, Warn, fmt.Sprintf("cannot be asked: %v", err), "the rights show only when they are used"}
		}
		if !allowed {
			lacking = append(lacking, verb)
		}
	}
	if len(lacking) == 0 {
		return result
	}
	result.Status = Fail
	if r.optional {
		result.Status = Warn
	}
	result.Detail = fmt.Sprintf("lacks %s %s (for %s)", strings.Join(lacking, ", "), where, r.purpose)
	result.Hint = fmt.Sprintf("ask the cluster's administrator for the verbs %s on %s %s", strings.Join(lacking, ", "), r.name(), where)
	return result
}

func clusterWide(r right) bool {
	return slices.Contains([]string{"namespaces", "nodes", "priorityclasses", "clusterroles", "clusterrolebindings"}, r.resource)
}

func allowed(ctx context.Context, client kubernetes.Interface, r right, verb string) (bool, error) {
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: r.namespace, Verb: verb, Group: r.group, Resource: r.resource, Subresource: r.subresource,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
