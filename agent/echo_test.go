package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/meshery/kubectl-meshery/manifests"
)

// echoManifest is the reference workload as it is applied.
func echoManifest(t *testing.T) (appsv1.Deployment, corev1.Service) {
	t.Helper()
	text, err := manifests.FS.ReadFile("echo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts := bytes.Split(text, []byte("\n---\n"))
	if len(parts) != 2 {
		t.Fatalf("%d documents, want a Deployment and a Service", len(parts))
	}
	var d appsv1.Deployment
	var s corev1.Service
	for i, into := range []any{&d, &s} {
		if err := yaml.UnmarshalStrict(parts[i], into); err != nil {
			t.Fatal(err)
		}
	}
	return d, s
}

// TestEchoPorts: program, pod and Service agree, and the names are such that
// meshes recognise the protocols.
func TestEchoPorts(t *testing.T) {
	want := []string{
		"http 8080 TCP http", "https 8443 TCP https", "grpc 8079 TCP grpc",
		"tcp-echo 8078 TCP tcp", "udp-echo 8078 UDP udp", "metrics 8081 TCP http",
	}
	d, s := echoManifest(t)
	var inPod, inService, listened []string
	for _, p := range d.Spec.Template.Spec.Containers[0].Ports {
		inPod = append(inPod, fmt.Sprintln(p.Name, p.ContainerPort, p.Protocol))
	}
	for _, p := range s.Spec.Ports {
		if p.TargetPort.StrVal != p.Name || p.AppProtocol == nil {
			t.Fatalf("port %+v has another target or no protocol", p)
		}
		inService = append(inService, fmt.Sprint(p.Name, " ", p.Port, " ", p.Protocol, " ", *p.AppProtocol))
	}
	if !slices.Equal(inService, want) {
		t.Errorf("the Service has %q, want %q", inService, want)
	}
	for i, w := range want {
		want[i] = w[:strings.LastIndex(w, " ")] + "\n"
	}
	if !slices.Equal(inPod, want) {
		t.Errorf("the pod has %q, want %q", inPod, want)
	}
	flags := newEchoCommand().Flags()
	for _, l := range []string{"listen http TCP", "https-listen https TCP", "grpc-listen grpc TCP",
		"tcp-listen tcp-echo TCP", "udp-listen udp-echo UDP", "metrics-listen metrics TCP"} {
		var flag, name, protocol string
		fmt.Sscan(l, &flag, &name, &protocol)
		_, port, err := net.SplitHostPort(flags.Lookup(flag).DefValue)
		if err != nil {
			t.Fatal(err)
		}
		listened = append(listened, fmt.Sprintln(name, port, protocol))
	}
	if !slices.Equal(listened, want) {
		t.Errorf("the program listens at %q, want %q", listened, want)
	}
}

// TestEchoDocs: the page names every flag, and none that does not exist.
func TestEchoDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := bytes.Cut(page, []byte("\n## The reference workload\n"))
	if !found {
		t.Fatal("docs/metrics.md has no section on the reference workload")
	}
	flags := newEchoCommand().Flags()
	var named []string
	for _, m := range regexp.MustCompile("`--([a-z-]+)").FindAllSubmatch(section, -1) {
		name := string(m[1])
		if name != "insecure-skip-verify" && flags.Lookup(name) == nil {
			t.Errorf("docs/metrics.md names --%s, which meshery-agent echo does not have", name)
		}
		named = append(named, name)
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(named, f.Name) {
			t.Errorf("docs/metrics.md does not name --%s", f.Name)
		}
	})
}
