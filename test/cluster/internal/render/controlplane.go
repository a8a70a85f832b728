package render

import (
	"fmt"
	"path/filepath"

	"github.com/meshery/kubectl-meshery/test/cluster/internal/supervise"
)

// ControlPlane is where the control plane's programs and files are.
type ControlPlane struct {
	Dir     string                      // state directory of the cluster
	Program func(program string) string // path of a program
	Self    string                      // this program
}

// PKI is the directory of certificates and keys.
func (c ControlPlane) PKI(file string) string { return filepath.Join(c.Dir, "pki", file) }

// Kubeconfig is the file with which a component reaches the API server.
func (c ControlPlane) Kubeconfig(component string) string {
	return filepath.Join(c.Dir, "pki", component+".kubeconfig")
}

// PrometheusConfig is the place of Prometheus' configuration.
func (c ControlPlane) PrometheusConfig() string { return filepath.Join(c.Dir, "prometheus.yml") }

// S3Dir is the directory whose subdirectories are buckets.
func (c ControlPlane) S3Dir() string { return filepath.Join(c.Dir, "s3") }

// Units lists the control plane's programs.
func (c ControlPlane) Units() []supervise.Unit {
	api := supervise.Check{URL: APIURL() + "/readyz", CA: c.PKI("ca.crt")}
	unit := func(name string, args []string, after ...supervise.Check) supervise.Unit {
		return supervise.Unit{Name: name, Path: c.Program(name), Args: args, After: after}
	}
	return []supervise.Unit{
		unit("etcd", c.etcd()),
		unit("kube-apiserver", c.apiServer()),
		unit("kube-controller-manager", c.controllerManager(), api),
		unit("kube-scheduler", c.scheduler(), api),
		unit("versitygw", c.s3()),
		unit("prometheus", c.prometheus()),
		c.discovery(api),
	}
}

func (c ControlPlane) etcd() []string {
	return []string{
		"--name=etcd",
		"--data-dir=" + filepath.Join(c.Dir, "etcd"),
		"--listen-client-urls=http://127.0.0.1:2379",
		"--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=etcd=http://127.0.0.1:2380",
		"--log-level=warn",
		// The data need not survive a power failure, and slow disks would
		// otherwise decide how fast the cluster is.
		"--unsafe-no-fsync",
	}
}

func (c ControlPlane) apiServer() []string {
	return []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=0.0.0.0",
		fmt.Sprintf("--secure-port=%d", APIPort),
		"--advertise-address=" + ControlPlaneIP,
		"--service-cluster-ip-range=" + ServiceCIDR,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--client-ca-file=" + c.PKI("ca.crt"),
		"--tls-cert-file=" + c.PKI("apiserver.crt"),
		"--tls-private-key-file=" + c.PKI("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc." + Domain,
		"--service-account-key-file=" + c.PKI("sa.pub"),
		"--service-account-signing-key-file=" + c.PKI("sa.key"),
		// Node names resolve nowhere.
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + c.PKI("ca.crt"),
		"--kubelet-client-certificate=" + c.PKI("apiserver-kubelet.crt"),
		"--kubelet-client-key=" + c.PKI("apiserver-kubelet.key"),
		"--requestheader-client-ca-file=" + c.PKI("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + c.PKI("front-proxy.crt"),
		"--proxy-client-key-file=" + c.PKI("front-proxy.key"),
		// The API server is on no node: webhooks and aggregated APIs are
		// reached at their pods' addresses, not through Services.
		"--enable-aggregator-routing=true",
		"--profiling=false",
	}
}

func (c ControlPlane) controllerManager() []string {
	kubeconfig := c.Kubeconfig("kube-controller-manager")
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.PKI("sa.key"),
		"--root-ca-file=" + c.PKI("ca.crt"),
		"--cluster-signing-cert-file=" + c.PKI("ca.crt"),
		"--cluster-signing-key-file=" + c.PKI("ca.key"),
		"--requestheader-client-ca-file=" + c.PKI("front-proxy-ca.crt"),
		"--allocate-node-cidrs=false",
		// A node that was cut off or stopped shows as not ready soon enough
		// for a test to wait for it.
		"--node-monitor-period=2s",
		"--node-monitor-grace-period=20s",
		"--profiling=false",
	}
}

func (c ControlPlane) scheduler() []string {
	kubeconfig := c.Kubeconfig("kube-scheduler")
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
	}
}

func (c ControlPlane) s3() []string {
	return []string{
		fmt.Sprintf("--port=%s:%d", ControlPlaneIP, S3Port),
		"--access=" + S3AccessKey,
		"--secret=" + S3SecretKey,
		"--region=" + S3Region,
		"--quiet",
		"posix", c.S3Dir(),
	}
}

func (c ControlPlane) prometheus() []string {
	return []string{
		"--config.file=" + c.PrometheusConfig(),
		"--storage.tsdb.path=" + filepath.Join(c.Dir, "prometheus"),
		"--storage.tsdb.retention.time=2d",
		"--storage.tsdb.retention.size=1GB",
		fmt.Sprintf("--web.listen-address=%s:%d", ControlPlaneIP, PrometheusPort),
		"--log.level=warn",
	}
}
