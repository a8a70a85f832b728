package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/meshery/kubectl-meshery/plugin/internal/exit"
)

// found says what is missing where no cluster is named: client-go would try
// localhost:8080, where nothing has listened for years.
func (f *factory) found() error {
	given := func(s *string) bool { return s != nil && *s != "" }
	if given(f.config.APIServer) || os.Getenv("KUBERNETES_MASTER") != "" {
		return nil
	}
	if _, err := rest.InClusterConfig(); err == nil {
		return nil // inside a pod its service account will do
	}
	raw, err := f.config.ToRawKubeConfigLoader().RawConfig()
	switch {
	case clientcmd.IsEmptyConfig(err) || err == nil && len(raw.Clusters) == 0:
		return errors.New("no kubeconfig found: set KUBECONFIG or --kubeconfig")
	case err != nil:
		return fmt.Errorf("kubeconfig: %w; correct it, or name another with KUBECONFIG or --kubeconfig", err)
	case raw.CurrentContext == "" && !given(f.config.Context) && !given(f.config.ClusterName):
		return errors.New("the kubeconfig has no current context: choose one with --context or 'kubectl config use-context'")
	}
	return nil
}

// unreachable is that the API server gave no answer.
type unreachable struct {
	server string
	cause  error
}

func (e *unreachable) Error() string {
	return fmt.Sprintf("the API server %s cannot be reached: %v", e.server, e.cause)
}

func (e *unreachable) Unwrap() error { return e.cause }

// roundTripper gives requests that got no answer a plain error, which every layer
// above hands on.
type roundTripper struct{ http.RoundTripper }

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.RoundTripper.RoundTrip(request)
	if err != nil && !errors.Is(request.Context().Err(), context.Canceled) {
		err = &unreachable{server: request.URL.Scheme + "://" + request.URL.Host, cause: err}
	}
	return response, err
}

// explained is err in the words for a user where the API server is behind it:
// unreachable, or of another mind about his rights. The exit code stays.
func explained(err error) error {
	const check = "'kubectl meshery check' lists every right that is needed"
	var lost *unreachable
	switch {
	case errors.As(err, &lost):
		return exit.With(exit.Code(err), fmt.Errorf("%w; see whether 'kubectl version' works with the same kubeconfig and context, then 'kubectl meshery check'", lost))
	case apierrors.IsUnauthorized(err):
		return exit.With(exit.Code(err), fmt.Errorf("the API server does not accept the kubeconfig's credentials (%w): log in again, or choose another context", err))
	case apierrors.IsForbidden(err):
		var status apierrors.APIStatus
		// Quotas and admission forbid too, and it is not a right that is missing then.
		if errors.As(err, &status) && strings.Contains(status.Status().Message, " cannot ") {
			return exit.With(exit.Code(err), fmt.Errorf("not allowed: %s; %s", status.Status().Message, check))
		}
	}
	return err
}
