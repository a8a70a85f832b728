package smp

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// numbering is what the numbers of enums mean, which depends on who wrote them:
//
//   - smps: the first protobuf schema (package SMPS, and its first weeks as smp,
//     2020), beginning at 0
//   - smp: today's schema (package smp, from September 2020), one higher, for 0
//     became "invalid"
//   - stub: types that Meshery had in their stead for some time, in an order of
//     their own
type numbering int

const (
	smps numbering = iota
	smp
	stub
)

// The names behind the numbers; "" says nothing.
var (
	protocolNames = map[numbering][]string{
		smps: {"http", "tcp", "udp", "grpc"},
		smp:  {"", "http", "tcp", "udp", "grpc"},
		stub: {"", "http", "grpc", "tcp"},
	}
	meshNames = map[numbering][]string{
		smps: {"app-mesh", "consul", "istio", "kuma", "linkerd", "traefik-mesh", "octarine", "network-service-mesh", "tanzu"},
		smp: {"", "app-mesh", "consul", "istio", "kuma", "linkerd", "traefik-mesh", "octarine", "network-service-mesh",
			"tanzu", "open-service-mesh", "nginx-service-mesh", "cilium-service-mesh"},
		stub: {"", "istio", "linkerd", "consul", "osmi", "app-mesh", "kuma", "traefik-mesh", "octarine"},
	}
)

// numberings are those a producer can have used who spelt the URLs' field so.
// smpsVersion tells that the file names its version by the old name. What had
// endpoint_url counted from 0. Today's numbers come with snake_case; the stub knew
// camelCase only, which protobuf's own JSON writes too.
func numberings(urlsKey string, smpsVersion bool) []numbering {
	switch {
	case plain(urlsKey) == "endpointurl":
		return []numbering{smps}
	case smpsVersion:
		return []numbering{smps, smp}
	case strings.Contains(urlsKey, "_"):
		return []numbering{smp}
	}
	return []numbering{smp, stub}
}

// meanings are the names that n can stand for, without repeats.
func meanings(n int, names map[numbering][]string, numberings []numbering) []string {
	var out []string
	for _, producer := range numberings {
		if list := names[producer]; n < len(list) && !slices.Contains(out, list[n]) {
			out = append(out, list[n])
		}
	}
	return out
}

// protocolKinds are the protocols SMP knows.
var protocolKinds = []string{"http", "tcp", "udp", "grpc"}

// schemeKinds are the protocols that a URL's scheme can stand for. Load generators
// take http for gRPC's address too; without a scheme it can be any.
var schemeKinds = map[string][]string{
	"": protocolKinds, "http": {"http", "grpc"}, "https": {"http", "grpc"},
	"grpc": {"grpc"}, "grpcs": {"grpc"}, "tcp": {"tcp"}, "udp": {"udp"},
}

// protocol is the kind that value, as the file has it, means for a URL with this
// scheme. Nothing said, or the 0 of today's schema, is what the scheme says.
func protocol(value any, scheme string, producers []numbering) (string, error) {
	possible := schemeKinds[scheme]
	if possible == nil {
		return "", errors.New("the scheme of the URL is not supported: use http, https, grpc, grpcs, tcp or udp")
	}
	var said []string
	switch v := value.(type) {
	case nil:
		said = []string{""}
	case int:
		if v >= 0 {
			said = meanings(v, protocolNames, producers)
		}
		if len(said) == 0 {
			return "", fmt.Errorf("protocol %d is none: write http, tcp, udp or grpc", v)
		}
	case string:
		name := strings.TrimPrefix(strings.ToLower(v), "protocol_")
		if name == "invalid" {
			name = ""
		}
		if name != "" && !slices.Contains(protocolKinds, name) {
			return "", fmt.Errorf("protocol %q is none of http, tcp, udp and grpc: write one of them", v)
		}
		said = []string{name}
	default:
		return "", errors.New("protocol is not a name: write http, tcp, udp or grpc")
	}
	var kinds []string
	for _, name := range said {
		if name == "" {
			name = possible[0]
		}
		if slices.Contains(possible, name) && !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	switch {
	case len(kinds) == 1:
		return kinds[0], nil
	case len(kinds) == 0:
		return "", fmt.Errorf("protocol %s and a URL that begins with %s:// do not go together: correct one of them", strings.Join(said, " or "), scheme)
	}
	return "", fmt.Errorf("protocol %d means %s, depending on who wrote the file: write the name", value, strings.Join(kinds, " or "))
}

// mesh is the name of a mesh as labels have it; "" where none is named.
func mesh(value any, producers []numbering) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return meshName(v), nil
	case int:
		var said []string
		if v >= 0 {
			said = meanings(v, meshNames, producers)
		}
		switch len(said) {
		case 0:
			return "", fmt.Errorf("%d is no mesh: write its name, such as ISTIO", v)
		case 1:
			return said[0], nil
		}
		return "", fmt.Errorf("%d means %s, depending on who wrote the file: write the name, such as ISTIO", v, strings.Join(said, " or "))
	}
	return "", errors.New("it is not a name: write it as text, such as ISTIO")
}

// meshName is one spelling for the several of each name.
func meshName(s string) string {
	s = strings.Trim(notLabel.ReplaceAllString(strings.ReplaceAll(strings.ToLower(s), "_", "-"), "-"), "-.")
	switch s {
	case "invalid-mesh", "unset":
		return ""
	case "appmesh", "aws-app-mesh":
		return "app-mesh"
	case "maesh", "traefik", "traefikmesh":
		return "traefik-mesh"
	case "networkservicemesh":
		return "network-service-mesh"
	}
	return s
}
