package pki

import "encoding/json"

// Kubeconfig wraps a client certificate for one server. JSON is YAML too, so
// every reader of kubeconfigs takes it.
func Kubeconfig(name, server string, ca []byte, client Pair) ([]byte, error) {
	type m = map[string]any
	return json.MarshalIndent(m{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []m{{"name": name, "cluster": m{
			"server": server, "certificate-authority-data": ca,
		}}},
		"users": []m{{"name": name, "user": m{
			"client-certificate-data": client.Cert, "client-key-data": client.Key,
		}}},
		"contexts":        []m{{"name": name, "context": m{"cluster": name, "user": name}}},
		"current-context": name,
	}, "", "  ")
}
