package discover

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// eventReader reads the events of a namespace once, when the first is asked
// for: where all is well, none is. Without the right to read events the reasons
// are shorter; that is no error.
type eventReader struct {
	ctx       context.Context
	client    kubernetes.Interface
	namespace string
	read      bool
	events    []corev1.Event
}

func (r *eventReader) pod(p *corev1.Pod, reasons ...string) string {
	return r.newest(p.UID, reasons...)
}

func (r *eventReader) daemonSet(ds *appsv1.DaemonSet, reasons ...string) string {
	return r.newest(ds.UID, reasons...)
}

// newest is the message of the newest event of an object with one of the reasons.
func (r *eventReader) newest(uid types.UID, reasons ...string) string {
	if r == nil {
		return ""
	}
	if !r.read {
		r.read = true
		if list, err := r.client.CoreV1().Events(r.namespace).List(r.ctx, metav1.ListOptions{FieldSelector: "type=Warning"}); err == nil {
			r.events = list.Items
		}
	}
	var found *corev1.Event
	for i := range r.events {
		e := &r.events[i]
		if e.InvolvedObject.UID == uid && slices.Contains(reasons, e.Reason) && (found == nil || at(found).Before(at(e))) {
			found = e
		}
	}
	if found == nil {
		return ""
	}
	return oneLine(found.Message)
}

// at is when an event happened last; the fields depend on who wrote it.
func at(e *corev1.Event) *metav1.Time {
	switch {
	case e.Series != nil:
		return &metav1.Time{Time: e.Series.LastObservedTime.Time}
	case !e.LastTimestamp.IsZero():
		return &e.LastTimestamp
	}
	return &metav1.Time{Time: e.EventTime.Time}
}

// maxReason is as much of a foreign message as a reason holds, in characters.
const maxReason = 400

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason]) + "…"
	}
	return s
}

func sorted(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
