package cluster

import (
	"os"
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/pki"
	"github.com/meshery/kubectl-meshery/test/cluster/internal/render"
)

// credentials writes all of the control plane's certificates and the
// administrator's kubeconfig.
func (l Layout) credentials(apiAddress string) error {
	dir := l.Path("pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca, err := pki.NewAuthority(l.Name)
	if err != nil {
		return err
	}
	if err := ca.Pair().Write(dir, "ca"); err != nil {
		return err
	}
	proxyCA, err := pki.NewAuthority(l.Name + "-front-proxy")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "front-proxy-ca.crt"), proxyCA.PEM, 0o644); err != nil {
		return err
	}
	private, public, err := pki.NewKeyPair()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.key"), private, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "sa.pub"), public, 0o644); err != nil {
		return err
	}
	pair := func(name string) func(pki.Pair, error) error {
		return func(p pki.Pair, err error) error {
			if err != nil {
				return err
			}
			return p.Write(dir, name)
		}
	}
	if err := pair("apiserver")(ca.Server("kube-apiserver", "127.0.0.1", "localhost",
		render.ControlPlaneIP, render.APIServiceIP, "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc."+render.Domain)); err != nil {
		return err
	}
	if err := pair("apiserver-kubelet")(ca.Client("kube-apiserver", "system:masters")); err != nil {
		return err
	}
	if err := pair("front-proxy")(proxyCA.Client("front-proxy")); err != nil {
		return err
	}
	if err := pair("prometheus")(ca.Client("prometheus")); err != nil {
		return err
	}
	for component, user := range map[string]string{
		"kube-controller-manager": "system:kube-controller-manager",
		"kube-scheduler":          "system:kube-scheduler",
	} {
		if err := l.kubeconfig(ca, filepath.Join(dir, component+".kubeconfig"), render.APIURL(), user); err != nil {
			return err
		}
	}
	return l.adminKubeconfig(ca, apiAddress)
}

func (l Layout) adminKubeconfig(ca *pki.Authority, apiAddress string) error {
	return l.kubeconfig(ca, l.Kubeconfig(), "https://"+apiAddress, "admin", "system:masters")
}

// nodeCredentials writes a node's certificates into its root directory.
func (l Layout) nodeCredentials(n NodeState) error {
	ca, err := pki.LoadAuthority(l.Path("pki"), "ca")
	if err != nil {
		return err
	}
	root := l.nodeRoot(n.Name)
	at := func(path string) string { return filepath.Join(root, path) }
	if err := os.MkdirAll(at(filepath.Dir(render.NodeCA)), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(at(render.NodeCA), ca.PEM, 0o644); err != nil {
		return err
	}
	serving, err := ca.Server("system:node:"+n.Name, n.Name, render.NodeIP(n.Index))
	if err != nil {
		return err
	}
	if err := os.WriteFile(at(render.NodeKubeletCert), serving.Cert, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(at(render.NodeKubeletKey), serving.Key, 0o600); err != nil {
		return err
	}
	// The user and group names by which the Node authorizer knows a node.
	if err := l.kubeconfig(ca, at(render.NodeKubeletAccess), render.APIURL(), "system:node:"+n.Name, "system:nodes"); err != nil {
		return err
	}
	return l.kubeconfig(ca, at(render.NodeProxyAccess), render.APIURL(), "system:kube-proxy")
}

func (l Layout) kubeconfig(ca *pki.Authority, path, server, user string, groups ...string) error {
	client, err := ca.Client(user, groups...)
	if err != nil {
		return err
	}
	content, err := pki.Kubeconfig(l.Name, server, ca.PEM, client)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}
