package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
)

// template is the agents' pod as deploy would make it.
func (c Config) template() (*corev1.PodTemplateSpec, error) {
	objects, err := deploy.Render(c.Options)
	if err != nil {
		return nil, err
	}
	ds := &appsv1.DaemonSet{}
	for _, o := range objects {
		if o.GetKind() == "DaemonSet" && o.GetNamespace() == c.Options.Namespace {
			err = runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, ds)
		}
	}
	return &ds.Spec.Template, err
}

// podSecurity lets the API server judge the agents' pod by a dry run of its
// creation: Pod Security, quotas and webhooks as they are.
func (c Config) podSecurity(ctx context.Context, template *corev1.PodTemplateSpec) Result {
	ns := c.Options.Namespace
	r := Result{Name: "Pod Security"}
	_, err := c.Client.Kubernetes.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		r.Status = OK
		r.Detail = fmt.Sprintf("namespace %q does not exist; deploy makes it with level restricted, which the pod is built for; quotas and webhooks can be asked only when it exists", ns)
		return r
	}
	if err != nil {
		return Result{r.Name, Warn, err.Error(), "whether the pod is let in shows only at deploy"}
	}
	pod := &corev1.Pod{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
	pod.GenerateName = "meshery-agent-check-"
	// These come with deploy; Pod Security does not look at them.
	pod.Spec.ServiceAccountName = "default"
	pod.Spec.PriorityClassName = ""
	_, err = c.Client.Kubernetes.CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	switch {
	case err == nil:
		return Result{Name: r.Name, Status: OK, Detail: fmt.Sprintf("the API server takes the agents' pod in namespace %q (server dry run)", ns)}
	case strings.Contains(err.Error(), "violates PodSecurity"):
		return Result{r.Name, Fail, err.Error(), "something changes the pod on its way, such as a mesh's injection; label the namespace for it, or choose another with -n"}
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot create resource"):
		return Result{r.Name, Warn, "could not be asked: a dry run needs the right to create pods in namespace " + fmt.Sprintf("%q", ns), "whether the pod is let in shows only at deploy"}
	}
	return Result{r.Name, Fail, err.Error(), "the API server refuses the agents' pod; see quotas and webhooks of the namespace"}
}

// image tells where the agents' image is already. Whether a node can pull it is
// known only when it tries.
func (c Config) image(nodes []corev1.Node) Result {
	var without []string
	for _, n := range nodes {
		has := slices.ContainsFunc(n.Status.Images, func(i corev1.ContainerImage) bool {
			return slices.Contains(i.Names, c.Options.Image) || slices.Contains(i.Names, "docker.io/library/"+c.Options.Image)
		})
		if !has {
			without = append(without, n.Name)
		}
	}
	if len(without) == 0 {
		return Result{Name: "image", Status: OK, Detail: fmt.Sprintf("%s is on all %d nodes", c.Options.Image, len(nodes))}
	}
	shown := strings.Join(without[:min(len(without), 5)], ", ")
	if more := len(without) - 5; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return Result{
		"image", Warn, fmt.Sprintf("%s is not known to be on %s; whether they can pull it shows only when they try", c.Options.Image, shown),
		"where the registry cannot be reached, give another with --image",
	}
}
