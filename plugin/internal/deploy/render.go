package deploy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/meshery/kubectl-meshery/manifests"
)

// Render makes the objects of a deploy, in the order they are applied in. Those
// of the agents come first, those of node-exporter last.
func Render(o Options) ([]*unstructured.Unstructured, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	files := []string{"namespace.yaml", "priorityclass.yaml", "serviceaccount.yaml", "networkpolicy.yaml"}
	if o.KubeletMetrics {
		files = append(files, "rbac-kubelet.yaml")
	}
	files = append(files, "daemonset.yaml")
	if o.NodeExporter {
		files = append(files, "node-exporter.yaml")
	}
	var rendered []*unstructured.Unstructured
	for _, file := range files {
		objects, err := decode(file)
		if err != nil {
			return nil, fmt.Errorf("manifest %q: %w", file, err)
		}
		for _, object := range objects {
			if file == "node-exporter.yaml" {
				o.setNodeExporter(object)
			} else {
				o.set(object)
			}
			u, err := toUnstructured(object)
			if err != nil {
				return nil, fmt.Errorf("manifest %q: %w", file, err)
			}
			rendered = append(rendered, u)
		}
	}
	return rendered, nil
}

// set fills in what the options say about an object of the agents.
func (o Options) set(object runtime.Object) {
	o.setMeta(object, o.Namespace)
	switch x := object.(type) {
	case *corev1.Namespace:
		x.Name = o.Namespace
	case *schedulingv1.PriorityClass:
		x.Name = clusterName(o.Namespace)
	case *networkingv1.NetworkPolicy:
		x.Spec.PodSelector.MatchLabels = o.selector()
	case *rbacv1.ClusterRole:
		x.Name = clusterName(o.Namespace)
	case *rbacv1.ClusterRoleBinding:
		x.Name = clusterName(o.Namespace)
		x.RoleRef.Name = clusterName(o.Namespace)
		x.Subjects[0].Namespace = o.Namespace
	case *appsv1.DaemonSet:
		o.setAgent(x)
	}
}

func (o Options) setAgent(ds *appsv1.DaemonSet) {
	pod := &ds.Spec.Template.Spec
	agent := &pod.Containers[0]
	ds.Spec.Selector.MatchLabels = o.selector()
	ds.Spec.Template.Labels = o.labels(ds.Spec.Template.Labels, o.Namespace)
	pod.PriorityClassName = clusterName(o.Namespace)
	agent.Image = o.Image
	o.place(pod)
	if o.NodeExporter {
		ds.Annotations = map[string]string{annotationNodeExporter: "shared"}
	}
	if o.KubeletMetrics {
		agent.Args = append(agent.Args, manifests.KubeletFlag)
		agent.VolumeMounts = append(agent.VolumeMounts, corev1.VolumeMount{
			Name: tokenVolume, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true,
		})
		pod.Volumes = append(pod.Volumes, token())
	}
}

const (
	tokenVolume = "kubelet-token"
	// tokenSeconds is the shortest life the API server grants; the kubelet
	// renews the token before.
	tokenSeconds = int64(600)
)

// token is the service account's token for the kubelet and the CA to trust.
func token() corev1.Volume {
	seconds := tokenSeconds
	return corev1.Volume{Name: tokenVolume, VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &seconds}},
			{ConfigMap: &corev1.ConfigMapProjection{
				LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
				Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
			}},
		},
	}}}
}

// place puts a pod on the nodes the options choose.
func (o Options) place(pod *corev1.PodSpec) {
	maps.Copy(pod.NodeSelector, o.NodeSelector)
	if o.TolerateAll {
		pod.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
}

func (o Options) setNodeExporter(object runtime.Object) {
	o.setMeta(object, manifests.NodeExporterNamespace)
	if ds, ok := object.(*appsv1.DaemonSet); ok {
		ds.Spec.Selector.MatchLabels[labelInstance] = manifests.NodeExporterNamespace
		ds.Spec.Template.Labels = o.labels(ds.Spec.Template.Labels, manifests.NodeExporterNamespace)
		o.place(&ds.Spec.Template.Spec)
	}
}

// setMeta gives an object its namespace, the labels that it is found by, and a
// namespace the mark that deploy made it.
func (o Options) setMeta(object runtime.Object, instance string) {
	meta := object.(metav1.Object)
	meta.SetLabels(o.labels(meta.GetLabels(), instance))
	k, _ := kindOf(object.GetObjectKind().GroupVersionKind().Kind)
	if k.namespaced {
		meta.SetNamespace(instance)
	}
	if k.resource.Resource == "namespaces" {
		meta.SetAnnotations(map[string]string{annotationCreated: FieldManager})
	}
}

func (o Options) labels(own map[string]string, instance string) map[string]string {
	labels := maps.Clone(own)
	labels[labelInstance] = instance
	labels[labelPartOf] = "meshery"
	labels[labelManagedBy] = FieldManager
	if v := labelValue(o.Version); v != "" {
		labels[labelVersion] = v
	}
	return labels
}

// strict refuses fields that the types do not have, so a slip in a manifest is found.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

func decode(file string) ([]runtime.Object, error) {
	raw, err := manifests.FS.ReadFile(file)
	if err != nil {
		return nil, err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
	var objects []runtime.Object
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := strict.Decode(document, nil, nil)
		if err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
}

// toUnstructured drops the empty status that typed objects have, for who
// applies a field owns it.
func toUnstructured(object runtime.Object) (*unstructured.Unstructured, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(content, "status")
	for _, at := range [][]string{{"metadata"}, {"spec", "template", "metadata"}} {
		unstructured.RemoveNestedField(content, append(at, "creationTimestamp")...)
	}
	if spec, ok := content["spec"].(map[string]any); ok && len(spec) == 0 {
		delete(content, "spec")
	}
	return &unstructured.Unstructured{Object: content}, nil
}
