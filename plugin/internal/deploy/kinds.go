package deploy

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// kind is a kind of object that deploy may make.
type kind struct {
	kind       string
	resource   schema.GroupVersionResource
	namespaced bool
}

// kinds are all of them, in the order they are removed in: the pods first, what
// they use after them, the namespace last.
var kinds = []kind{
	{"DaemonSet", schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "daemonsets"}, true},
	{"ClusterRoleBinding", schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"}, false},
	{"ClusterRole", schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"}, false},
	{"NetworkPolicy", schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"}, true},
	{"ServiceAccount", schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}, true},
	{"PriorityClass", schema.GroupVersionResource{Group: "scheduling.k8s.io", Version: "v1", Resource: "priorityclasses"}, false},
	{"Namespace", schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, false},
}

func kindOf(name string) (kind, bool) {
	for _, k := range kinds {
		if k.kind == name {
			return k, true
		}
	}
	return kind{}, false
}

// Name is an object as kubectl writes it: "daemonset.apps/meshery-agent".
func Name(o *unstructured.Unstructured) string {
	gvk := o.GroupVersionKind()
	return schema.GroupKind{Group: gvk.Group, Kind: strings.ToLower(gvk.Kind)}.String() + "/" + o.GetName()
}
