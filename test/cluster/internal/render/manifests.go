package render

import (
	"fmt"
	"strings"
)

// Object is one manifest and the path of the API it is applied to.
type Object struct {
	Path string
	Body string
}

// Manifests are what every cluster has inside, in the order to apply.
func Manifests(nodes int) ([]Object, error) {
	_, version, _ := strings.Cut(NodeExporterImage, ":v")
	data := map[string]any{
		"Domain": Domain, "DNS": DNSServiceIP, "DNSReplicas": min(2, nodes),
		"CoreDNSImage": CoreDNSImage, "NodeExporterImage": NodeExporterImage, "NodeExporterVersion": version,
		"ControlPlaneIP": ControlPlaneIP, "PrometheusPort": PrometheusPort, "S3Port": S3Port,
	}
	var objects []Object
	for _, name := range []string{"coredns.yaml", "monitoring.yaml"} {
		text, err := fill(name, data)
		if err != nil {
			return nil, err
		}
		for doc := range strings.SplitSeq(text, "\n---\n") {
			// The first line of each document is a comment with its path, which
			// spares this program a YAML parser.
			first, _, _ := strings.Cut(doc, "\n")
			path, ok := strings.CutPrefix(first, "# /")
			if !ok {
				return nil, fmt.Errorf("manifest %q: a document begins with %q instead of its path", name, first)
			}
			objects = append(objects, Object{Path: "/" + path, Body: doc})
		}
	}
	return objects, nil
}
