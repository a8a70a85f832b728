package deploy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/meshery/kubectl-meshery/manifests"
)

// Labels and annotations of what is deployed.
const (
	FieldManager = "kubectl-meshery"

	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance" // the agents' namespace
	labelPartOf    = "app.kubernetes.io/part-of"
	labelVersion   = "app.kubernetes.io/version"
	labelManagedBy = "app.kubernetes.io/managed-by"

	// annotationCreated marks a namespace that deploy made. A namespace without
	// it is somebody else's, whatever its labels say, and is never changed or deleted.
	annotationCreated = "perf.meshery.io/created-by"
	// annotationNodeExporter marks an agent set that was deployed with
	// node-exporter, which all such sets share.
	annotationNodeExporter = "perf.meshery.io/node-exporter"
)

// Options are the choices of a deploy.
type Options struct {
	Namespace string
	// Image of the agent, see DefaultImage.
	Image string
	// Version is the plugin's and becomes a label.
	Version string
	// NodeSelector is added to kubernetes.io/os=linux.
	NodeSelector map[string]string
	// TolerateAll puts agents on tainted nodes too.
	TolerateAll bool
	// KubeletMetrics gives the agents the right to read the kubelets' metrics.
	KubeletMetrics bool
	// NodeExporter deploys node-exporter, in its own namespace.
	NodeExporter bool
}

// Validate finds options that cannot be right.
func (o Options) Validate() error {
	var errs []error
	if bad := validation.IsDNS1123Label(o.Namespace); len(bad) > 0 {
		// The library's own words quote regular expressions.
		errs = append(errs, fmt.Errorf("namespace %q is not a name: use lower-case letters, digits and '-', at most 63, first and last no '-'", o.Namespace))
	}
	if o.Namespace == manifests.NodeExporterNamespace {
		errs = append(errs, fmt.Errorf("namespace %q is kept for node-exporter: choose another with -n", o.Namespace))
	}
	if o.Image == "" || strings.ContainsAny(o.Image, " \t\n") {
		errs = append(errs, fmt.Errorf("image %q is not an image reference: write for example --image registry.example.org/meshery-agent:v1", o.Image))
	}
	for _, k := range sortedKeys(o.NodeSelector) {
		if bad := validation.IsQualifiedName(k); len(bad) > 0 {
			errs = append(errs, fmt.Errorf("node selector key %q is not a label's: see 'kubectl get nodes --show-labels'", k))
		}
		if bad := validation.IsValidLabelValue(o.NodeSelector[k]); len(bad) > 0 {
			errs = append(errs, fmt.Errorf("node selector value %q is not a label's: see 'kubectl get nodes --show-labels'", o.NodeSelector[k]))
		}
	}
	return errors.Join(errs...)
}

func (o Options) selector() map[string]string {
	return map[string]string{labelName: manifests.AgentName, labelInstance: o.Namespace}
}

// clusterName is the name of this agent set's cluster-wide objects.
func clusterName(namespace string) string { return manifests.AgentName + "-" + namespace }

// repository of the agent's images.
const repository = "ghcr.io/meshery/meshery-agent"

var (
	release       = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)
	pseudoVersion = regexp.MustCompile(`\d{14}-[0-9a-f]{12}$`)
)

// DefaultImage is the agent image that belongs to a version of the plugin:
// that of the same release, or :dev for a build that is no release.
func DefaultImage(version string) string {
	if !release.MatchString(version) || pseudoVersion.MatchString(version) {
		return repository + ":dev"
	}
	return repository + ":" + strings.TrimPrefix(version, "v")
}

var notInLabels = regexp.MustCompile(`[^0-9A-Za-z._-]+`)

// labelValue is s as far as a label value can hold it.
func labelValue(s string) string {
	s = notInLabels.ReplaceAllString(s, "_")
	return strings.Trim(s[:min(len(s), validation.LabelValueMaxLength)], "._-")
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
