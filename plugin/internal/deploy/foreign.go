package deploy

import (
	"context"
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
)

// passing are resources that record or follow others, and say nothing about
// who uses a namespace.
var passing = []string{"events", "endpoints", "endpointslices", "leases", "controllerrevisions", "pods.metrics.k8s.io"}

// givenNames are objects that a cluster puts into every namespace.
var givenNames = []string{
	"configmap/kube-root-ca.crt", "configmap/istio-ca-root-cert", "configmap/openshift-service-ca.crt",
	"serviceaccount/default", "serviceaccount/builder", "serviceaccount/deployer",
}

// foreign are the objects in a namespace that deploy did not make, nor anything
// that deploy made. With dryRun, deploy's own are still there.
func (c *Client) foreign(ctx context.Context, namespace string, dryRun bool) ([]string, error) {
	lists, err := c.Kubernetes.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		// An aggregated API that is down hides what it would list; nothing of
		// a whole, working cluster is behind it.
		var partial *discovery.ErrGroupDiscoveryFailed
		if !errors.As(err, &partial) {
			return nil, err
		}
	}
	var found []string
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, r := range list.APIResources {
			if slices.Contains(passing, r.Name) || slices.Contains(passing, r.Name+"."+gv.Group) {
				continue
			}
			objects, err := c.Dynamic.Resource(gv.WithResource(r.Name)).Namespace(namespace).List(ctx, metav1.ListOptions{})
			if apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for i := range objects.Items {
				if o := &objects.Items[i]; !expected(o, dryRun) {
					found = append(found, Name(o))
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// expected tells whether an object needs nobody's consent to go.
func expected(o *unstructured.Unstructured, dryRun bool) bool {
	switch {
	case slices.Contains(givenNames, Name(o)),
		o.GetKind() == "Secret" && o.Object["type"] == "kubernetes.io/service-account-token",
		dryRun && o.GetLabels()[labelManagedBy] == FieldManager:
		return true
	}
	// What another object owns is spoken for by its owner.
	return len(o.GetOwnerReferences()) > 0
}
