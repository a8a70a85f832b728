package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"k8s.io/client-go/rest"

	"github.com/meshery/kubectl-meshery/manifests"
	"github.com/meshery/kubectl-meshery/plugin/internal/deploy"
	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
	"github.com/meshery/kubectl-meshery/plugin/internal/tunnel"
)

// cluster is the cluster of the kubeconfig, as commands use it.
type cluster struct {
	*deploy.Client
	dialer    *tunnel.Dialer
	namespace string
}

// cluster prepares the clients; it does not contact the cluster.
func (f *factory) cluster() (*cluster, error) {
	if err := f.found(); err != nil {
		return nil, err
	}
	config, err := f.config.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("%w; name a kubeconfig with --kubeconfig or KUBECONFIG", err)
	}
	api := rest.CopyConfig(config)
	api.Wrap(func(rt http.RoundTripper) http.RoundTripper { return roundTripper{rt} })
	client, err := deploy.NewClient(api)
	if err != nil {
		return nil, err
	}
	dialer, err := tunnel.NewDialer(config, 0)
	if err != nil {
		return nil, err
	}
	return &cluster{Client: client, dialer: dialer, namespace: f.namespace()}, nil
}

// in is the cluster with the agents of another namespace.
func (c *cluster) in(namespace string) *cluster {
	other := *c
	other.namespace = namespace
	return &other
}

// dial connects to the gRPC port of an agent.
func (c *cluster) dial(ctx context.Context, pod string) (net.Conn, error) {
	return c.dialer.DialContext(ctx, c.namespace, pod, manifests.AgentPort)
}

// stopped is err as a user understands it, or what to say where the user's ^C is behind it: then what
// follows from it, in many words of many layers, does not matter.
func stopped(ctx context.Context, err error, left string) error {
	if err != nil && errors.Is(ctx.Err(), context.Canceled) {
		return exit.With(exit.Interrupted, errors.New("interrupted; "+left))
	}
	return explained(err)
}
