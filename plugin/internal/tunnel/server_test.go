package tunnel

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	gwebsocket "github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// server is an API server and kubelet as far as port-forward goes: real HTTP,
// real WebSocket and SPDY of the same libraries, streams to serve.
type server struct {
	*httptest.Server
	// refuse answers a request instead of upgrading it when it returns true.
	refuse func(w http.ResponseWriter, r *http.Request) bool
	// forward serves one stream pair; it owns both streams' ends.
	forward func(port string, data, failures httpstream.Stream)
	// lost, when closed, cuts the WebSocket's TCP connection without a word.
	lost chan struct{}

	requests         atomic.Int32
	streams          atomic.Int32
	lock             sync.Mutex
	methods          []string
	paths            []string
	open, mostAtOnce atomic.Int32
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{forward: echo}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) config() *rest.Config { return &rest.Config{Host: s.URL + "/k8s/clusters/c-1"} }

func (s *server) dialer(t *testing.T) *Dialer {
	t.Helper()
	d, err := NewDialer(s.config(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// echo sends back what comes, until the client ends.
func echo(_ string, data, failures httpstream.Stream) {
	_, _ = io.Copy(data, data)
	_ = failures.Close()
	_ = data.Close()
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	s.lock.Lock()
	s.methods = append(s.methods, r.Method)
	s.paths = append(s.paths, r.URL.Path)
	s.lock.Unlock()
	now := s.open.Add(1)
	defer s.open.Add(-1)
	for most := s.mostAtOnce.Load(); now > most && !s.mostAtOnce.CompareAndSwap(most, now); most = s.mostAtOnce.Load() {
	}
	if s.refuse != nil && s.refuse(w, r) {
		return
	}
	pairs := make(chan httpstream.Stream, 2)
	accept := func(stream httpstream.Stream, _ <-chan struct{}) error {
		s.streams.Add(1)
		pairs <- stream
		return nil
	}
	var conn httpstream.Connection
	var raw net.Conn
	if gwebsocket.IsWebSocketUpgrade(r) {
		up := gwebsocket.Upgrader{Subprotocols: []string{"SPDY/3.1+portforward.k8s.io"}}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		raw = ws.NetConn()
		if conn, err = spdy.NewServerConnection(portforward.NewTunnelingConnection("server", ws), accept); err != nil {
			return
		}
	} else {
		if _, err := httpstream.Handshake(r, w, []string{"portforward.k8s.io"}); err != nil {
			return
		}
		if conn = spdy.NewResponseUpgrader().UpgradeResponse(w, r, accept); conn == nil {
			return
		}
	}
	defer func() { _ = conn.Close() }()
	var data, failures httpstream.Stream
	for data == nil || failures == nil {
		select {
		case stream := <-pairs:
			if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				failures = stream
			} else {
				data = stream
			}
		case <-conn.CloseChan():
			return
		}
	}
	go s.forward(data.Headers().Get(corev1.PortHeader), data, failures)
	select {
	case <-conn.CloseChan():
	case <-s.lost:
		_ = raw.Close()
	}
}

func isWebSocket(r *http.Request) bool { return gwebsocket.IsWebSocketUpgrade(r) }

// status answers as the API server does.
func status(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   "Failure", Code: int32(code), Reason: reason, Message: message,
	})
}

func forbidden(w http.ResponseWriter, r *http.Request) bool {
	verb := map[string]string{"GET": "get", "POST": "create"}[r.Method]
	status(w, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf(
		`pods "agent" is forbidden: User "eve" cannot %s resource "pods/portforward" in API group "" in the namespace "meshery"`, verb))
	return true
}

// blackHole is an address that takes connections and never answers.
func blackHole(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}
