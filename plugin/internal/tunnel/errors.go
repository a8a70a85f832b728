package tunnel

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/streaming/pkg/httpstream"
)

// Error is why a pod could not be reached by either way.
type Error struct {
	Namespace, Pod string
	Port           int
	WebSocket      error
	SPDY           error
}

func (e *Error) Error() string {
	pod := fmt.Sprintf("pod %q", e.Namespace+"/"+e.Pod)
	ws, spdy := cause(e.WebSocket), cause(e.SPDY)
	switch {
	case e.Forbidden():
		return fmt.Sprintf("port-forward to %s is not allowed (%s); grant the verbs create and get on pods/portforward in namespace %q", pod, spdy, e.Namespace)
	case e.NotFound():
		return fmt.Sprintf("port-forward to %s: there is no such pod any more; see 'kubectl meshery status'", pod)
	case spdy == ws:
		return fmt.Sprintf("port-forward to %s: %s", pod, ws)
	}
	return fmt.Sprintf("port-forward to %s failed both ways; by WebSocket: %s; by SPDY: %s", pod, ws, spdy)
}

// Unwrap gives both causes to errors.Is and errors.As.
func (e *Error) Unwrap() []error { return []error{e.WebSocket, e.SPDY} }

// Forbidden tells whether both ways were refused by authorization. No retry helps.
func (e *Error) Forbidden() bool {
	// The SPDY way keeps only the message of the API server's Status.
	return apierrors.IsForbidden(upgradeCause(e.WebSocket)) && strings.Contains(e.SPDY.Error(), "forbidden")
}

// NotFound tells whether the API server knows no such pod.
func (e *Error) NotFound() bool {
	return apierrors.IsNotFound(upgradeCause(e.WebSocket)) && strings.Contains(e.SPDY.Error(), "not found")
}

// upgradeCause looks into an UpgradeFailureError, which does not unwrap.
func upgradeCause(err error) error {
	var upgrade *httpstream.UpgradeFailureError
	if errors.As(err, &upgrade) {
		return upgrade.Cause
	}
	return err
}

// cause is the text of err without the words that repeat what is said around it.
func cause(err error) string {
	if err == nil {
		return ""
	}
	text := upgradeCause(err).Error()
	for _, prefix := range []string{"error sending request: ", "unable to upgrade connection: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	// http.Client puts method and URL in front; the way is named already.
	if i := strings.Index(text, "\": "); i >= 0 && (strings.HasPrefix(text, "Post ") || strings.HasPrefix(text, "Get ")) {
		text = text[i+3:]
	}
	return strings.TrimSpace(text)
}
