package deploy

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/meshery/kubectl-meshery/manifests"
)

// Client changes a cluster.
type Client struct {
	Dynamic    dynamic.Interface
	Kubernetes kubernetes.Interface
}

// NewClient makes a Client for a cluster. The config is not changed.
func NewClient(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	// A deploy is a few dozen requests at once and then one a second; the
	// default of 5 a second would only make the user wait.
	config.QPS, config.Burst = 50, 100
	d, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("prepare the API client: %w; check the kubeconfig", err)
	}
	k, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("prepare the API client: %w; check the kubeconfig", err)
	}
	return &Client{Dynamic: d, Kubernetes: k}, nil
}

// What happened to an object, in kubectl's words.
const (
	Created   = "created"
	Applied   = "serverside-applied"
	Unchanged = "unchanged"
	Deleted   = "deleted"
)

// Change is what happened to an object; the object is as the server has it.
type Change struct {
	Object *unstructured.Unstructured
	Verb   string
}

func (c *Client) of(o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	k, known := kindOf(o.GetKind())
	if !known {
		return nil, fmt.Errorf("%s: no such kind is deployed", Name(o))
	}
	if k.namespaced {
		return c.Dynamic.Resource(k.resource).Namespace(o.GetNamespace()), nil
	}
	return c.Dynamic.Resource(k.resource), nil
}

// Apply applies the objects in order and reports each as it is done. A namespace
// that exists and was not made by deploy is left as it is; for node-exporter
// that is an error. With dryRun the server checks and keeps nothing; objects
// in a namespace that does not exist yet cannot be checked so: they are reported
// to skipped instead.
func (c *Client) Apply(ctx context.Context, objects []*unstructured.Unstructured, dryRun bool, report, skipped func(Change)) error {
	absent := map[string]bool{}
	for _, o := range objects {
		if dryRun && absent[o.GetNamespace()] {
			skipped(Change{Object: o, Verb: Applied})
			continue
		}
		change, err := c.apply(ctx, o, dryRun)
		if err != nil {
			return fmt.Errorf("apply %s: %w%s", Name(o), err, advice(err))
		}
		if change.Object == nil {
			continue
		}
		if o.GetKind() == "Namespace" && change.Verb == Created {
			absent[o.GetName()] = true
		}
		report(change)
	}
	return nil
}

func (c *Client) apply(ctx context.Context, o *unstructured.Unstructured, dryRun bool) (Change, error) {
	client, err := c.of(o)
	if err != nil {
		return Change{}, err
	}
	var dry []string
	if dryRun {
		dry = []string{metav1.DryRunAll}
	}
	before, err := client.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return Change{}, err
	}
	if o.GetKind() == "Namespace" {
		switch {
		case apierrors.IsNotFound(err):
			// Create, not apply: who makes it at the same moment keeps it.
			made, err := client.Create(ctx, o, metav1.CreateOptions{FieldManager: FieldManager, DryRun: dry})
			if err == nil && !dryRun {
				// The fields belong to who applies them, from the start.
				made, err = client.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
			}
			return Change{made, Created}, err
		case before.GetDeletionTimestamp() != nil:
			return Change{}, errors.New("the namespace is being deleted; wait until it is gone and try again")
		case !Owns(before) && o.GetName() == manifests.NodeExporterNamespace:
			return Change{}, errors.New("the namespace exists and was not made by kubectl meshery; use the node-exporter in it, without --node-exporter, or rename it")
		case !Owns(before):
			return Change{}, nil
		}
	}
	after, err := client.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: FieldManager, Force: true, DryRun: dry})
	if err != nil {
		return Change{}, err
	}
	if before != nil && before.GetResourceVersion() == after.GetResourceVersion() && !dryRun {
		return Change{after, Unchanged}, nil
	}
	return Change{after, Applied}, nil
}

// Owns tells whether deploy made a namespace.
func Owns(namespace metav1.Object) bool {
	return namespace.GetAnnotations()[annotationCreated] == FieldManager
}

// advice is what to do about an error of the API.
func advice(err error) string {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return "; 'kubectl meshery check' lists every right that is needed"
	}
	return ""
}
