package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/meshery/kubectl-meshery/manifests"
)

// Removal is how objects are taken away.
type Removal struct {
	DryRun bool
	// Report is told of every object as its deletion is asked for.
	Report func(Change)
	// Note is told what stays, and why.
	Note func(string)
}

// Find is everything that deploys of an agent set have left, by label, in the
// order it is removed in. The namespace is the last, if deploy made it.
// node-exporter is not part of it.
func (c *Client) Find(ctx context.Context, instance string) ([]*unstructured.Unstructured, error) {
	selector := labelManagedBy + "=" + FieldManager + "," + labelInstance + "=" + instance
	var found []*unstructured.Unstructured
	for _, k := range kinds {
		client := c.Dynamic.Resource(k.resource).Namespace("")
		if k.namespaced {
			client = c.Dynamic.Resource(k.resource).Namespace(instance)
		}
		list, err := client.List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil, fmt.Errorf("list %s: %w%s", k.resource.Resource, err, advice(err))
		}
		for i := range list.Items {
			o := &list.Items[i]
			if k.kind != "Namespace" || Owns(o) && o.GetName() == instance {
				found = append(found, o)
			}
		}
	}
	return found, nil
}

// Prune removes what an earlier deploy left and the objects now rendered do not
// hold: rights that are no longer wanted, and node-exporter where this set was
// the last to want it.
func (c *Client) Prune(ctx context.Context, o Options, rendered []*unstructured.Unstructured, r Removal) error {
	found, err := c.Find(ctx, o.Namespace)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, object := range rendered {
		keep[Name(object)] = true
	}
	found = slices.DeleteFunc(found, func(u *unstructured.Unstructured) bool {
		return keep[Name(u)] || u.GetKind() == "Namespace"
	})
	if err := c.remove(ctx, found, r); err != nil || o.NodeExporter {
		return err
	}
	return c.removeNodeExporter(ctx, o.Namespace, r)
}

// Remove removes all and only what deploys of an agent set made, and waits until
// it is gone. It tells whether there was anything.
func (c *Client) Remove(ctx context.Context, namespace string, r Removal) (bool, error) {
	found, err := c.Find(ctx, namespace)
	if err != nil {
		return false, err
	}
	var own []*unstructured.Unstructured
	if n := len(found); n > 0 && found[n-1].GetKind() == "Namespace" {
		own, found = found[n-1:], found[:n-1]
	}
	if err := c.remove(ctx, found, r); err != nil {
		return true, err
	}
	if err := c.removeNodeExporter(ctx, namespace, r); err != nil {
		return true, err
	}
	if len(own) > 0 {
		err = c.removeNamespace(ctx, own[0], r)
	}
	return len(found)+len(own) > 0, err
}

// removeNodeExporter removes node-exporter unless another agent set was
// deployed with it.
func (c *Client) removeNodeExporter(ctx context.Context, namespace string, r Removal) error {
	found, err := c.Find(ctx, manifests.NodeExporterNamespace)
	if err != nil || len(found) == 0 {
		return err
	}
	daemonSets, _ := kindOf("DaemonSet")
	sets, err := c.Dynamic.Resource(daemonSets.resource).List(ctx, metav1.ListOptions{
		LabelSelector: labelManagedBy + "=" + FieldManager + "," + labelName + "=" + manifests.AgentName,
	})
	if err != nil {
		return fmt.Errorf("see who else uses node-exporter: %w%s", err, advice(err))
	}
	for _, s := range sets.Items {
		if s.GetNamespace() != namespace && s.GetAnnotations()[annotationNodeExporter] != "" {
			r.Note(fmt.Sprintf("node-exporter stays: the agents in namespace %q use it", s.GetNamespace()))
			return nil
		}
	}
	var own []*unstructured.Unstructured
	if n := len(found); found[n-1].GetKind() == "Namespace" {
		own, found = found[n-1:], found[:n-1]
	}
	if err := c.remove(ctx, found, r); err != nil || len(own) == 0 {
		return err
	}
	return c.removeNamespace(ctx, own[0], r)
}

// removeNamespace removes a namespace that deploy made, if nothing of
// somebody else's is in it.
func (c *Client) removeNamespace(ctx context.Context, namespace *unstructured.Unstructured, r Removal) error {
	foreign, err := c.foreign(ctx, namespace.GetName(), r.DryRun)
	if err != nil {
		return fmt.Errorf("see what else is in namespace %q: %w%s", namespace.GetName(), err, advice(err))
	}
	if len(foreign) > 0 {
		more := ""
		if len(foreign) > 3 {
			more = fmt.Sprintf(" and %d more", len(foreign)-3)
		}
		r.Note(fmt.Sprintf("namespace %q stays, for others have things in it: %s%s; to delete them too: kubectl delete namespace %s",
			namespace.GetName(), strings.Join(foreign[:min(3, len(foreign))], ", "), more, namespace.GetName()))
		return nil
	}
	return c.remove(ctx, []*unstructured.Unstructured{namespace}, r)
}

// remove asks for the deletion of the objects and waits until they are gone.
func (c *Client) remove(ctx context.Context, objects []*unstructured.Unstructured, r Removal) error {
	// Foreground: a DaemonSet is gone only when its pods are.
	foreground := metav1.DeletePropagationForeground
	options := metav1.DeleteOptions{PropagationPolicy: &foreground}
	if r.DryRun {
		options.DryRun = []string{metav1.DryRunAll}
	}
	for _, o := range objects {
		client, err := c.of(o)
		if err != nil {
			return err
		}
		// Not a namesake that somebody made since.
		uid := o.GetUID()
		options.Preconditions = &metav1.Preconditions{UID: &uid}
		err = client.Delete(ctx, o.GetName(), options)
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete %s: %w%s", Name(o), err, advice(err))
		}
		r.Report(Change{o, Deleted})
	}
	if r.DryRun {
		return nil
	}
	return c.gone(ctx, objects)
}

// pollInterval is how often the cluster is looked at while waiting.
const pollInterval = time.Second / 2

func (c *Client) gone(ctx context.Context, objects []*unstructured.Unstructured) error {
	left := slices.Clone(objects)
	for {
		var err error
		left = slices.DeleteFunc(left, func(o *unstructured.Unstructured) bool {
			client, _ := c.of(o)
			now, e := client.Get(ctx, o.GetName(), metav1.GetOptions{})
			if e != nil && !apierrors.IsNotFound(e) {
				err = errors.Join(err, e)
			}
			return apierrors.IsNotFound(e) || e == nil && now.GetUID() != o.GetUID()
		})
		if len(left) == 0 {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("wait for the deletion: %w", err)
		}
		select {
		case <-ctx.Done():
			names := make([]string, len(left))
			for i, o := range left {
				names[i] = Name(o)
			}
			return fmt.Errorf("still being deleted: %s; see what holds them with 'kubectl describe', then run undeploy again: %w", strings.Join(names, ", "), ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}
