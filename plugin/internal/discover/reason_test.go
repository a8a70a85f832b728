package discover

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// read is an eventReader that has read these events.
func read(events ...corev1.Event) *eventReader { return &eventReader{read: true, events: events} }

func event(uid, reason, message string, at time.Time) corev1.Event {
	return corev1.Event{
		InvolvedObject: corev1.ObjectReference{UID: types.UID(uid)}, Reason: reason, Message: message,
		LastTimestamp: metav1.NewTime(at),
	}
}

func waiting(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: "agent", Image: "example.org/agent:1", State: corev1.ContainerState{
		Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message},
	}}
}

func TestPodReason(t *testing.T) {
	early := time.Unix(1000, 0)
	late := early.Add(time.Minute)
	crashed := waiting("CrashLoopBackOff", "back-off 10s")
	crashed.RestartCount = 3
	crashed.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}
	running := corev1.ContainerStatus{Name: "agent", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
	sick := &corev1.Node{Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}}}
	cases := []struct {
		name       string
		status     corev1.PodStatus
		node       *corev1.Node
		deleted    bool
		events     []corev1.Event
		want, hint string
	}{
		{name: "image", status: containers(waiting("ErrImagePull", "no such\nhost")), want: `image "example.org/agent:1" cannot be pulled: no such host`, hint: "--image"},
		{
			name: "image, backing off", status: containers(waiting("ImagePullBackOff", "Back-off pulling image")),
			events: []corev1.Event{event("u", "Failed", `Failed to pull image "example.org/agent:1": unauthorized`, early)},
			want:   "cannot be pulled: unauthorized", hint: "--image",
		},
		{name: "crash", status: containers(crashed), want: `container "agent" ends with code 137 (OOMKilled), restarted 3 times`, hint: "logs pod-1 -c agent --previous"},
		{
			name: "probe", status: containers(running),
			events: []corev1.Event{
				event("u", "Unhealthy", "old words", early), event("u", "Unhealthy", "Readiness probe failed: agent is NOT_SERVING", late),
				event("other", "Unhealthy", "of another pod", late.Add(time.Hour)),
			},
			want: "a probe fails: Readiness probe failed: agent is NOT_SERVING", hint: "logs pod-1",
		},
		{name: "not ready yet", status: containers(running), want: "runs and is not ready yet"},
		{
			name: "no room", status: corev1.PodStatus{Conditions: []corev1.PodCondition{{
				Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
				Message: "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful.",
			}}},
			want: "the pod cannot be placed: Insufficient cpu", hint: "--node-selector",
		},
		{
			name: "sandbox", status: containers(waiting("ContainerCreating", "")),
			events: []corev1.Event{event("u", "FailedCreatePodSandBox", "no network for you", early)},
			want:   "the pod cannot start: no network for you", hint: "describe pod pod-1",
		},
		{name: "config", status: containers(waiting("CreateContainerConfigError", "image runs as root")), want: "cannot be made: image runs as root", hint: "describe pod"},
		{name: "node", status: containers(running), node: sick, want: "the node is not ready", hint: "describe node"},
		{name: "going", deleted: true, want: "is being deleted", hint: "wait"},
		{name: "failed", status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "low on memory"}, want: "the pod failed: Evicted low on memory", hint: "describe pod"},
		{name: "new", want: "the pod is starting"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "pod-1", Namespace: "meshery", UID: "u"}, Status: c.status}
			if c.deleted {
				now := metav1.Now()
				p.DeletionTimestamp = &now
			}
			reason, hint := podReason(p, c.node, read(c.events...))
			if !strings.Contains(reason, c.want) {
				t.Errorf("reason %q lacks %q", reason, c.want)
			}
			if !strings.Contains(hint, c.hint) {
				t.Errorf("hint %q lacks %q", hint, c.hint)
			}
			if strings.ContainsAny(reason, "\n\t") {
				t.Errorf("reason has more than one line: %q", reason)
			}
		})
	}
}

func containers(s ...corev1.ContainerStatus) corev1.PodStatus {
	return corev1.PodStatus{ContainerStatuses: s}
}

func TestCanTake(t *testing.T) {
	linux := map[string]string{"kubernetes.io/os": "linux"}
	taint := func(key string, effect corev1.TaintEffect) []corev1.Taint {
		return []corev1.Taint{{Key: key, Value: "yes", Effect: effect}}
	}
	cases := []struct {
		name   string
		labels map[string]string
		taints []corev1.Taint
		pod    corev1.PodSpec
		want   bool
		reason string
	}{
		{name: "plain", labels: linux, want: true},
		{name: "windows", labels: map[string]string{"kubernetes.io/os": "windows"}, reason: "no label kubernetes.io/os=linux"},
		{name: "selector", labels: linux, pod: corev1.PodSpec{NodeSelector: map[string]string{"pool": "load"}}, reason: "no label pool=load"},
		{name: "taint", labels: linux, taints: taint("dedicated", corev1.TaintEffectNoSchedule), reason: "taint dedicated=yes:NoSchedule is not tolerated"},
		{name: "preference", labels: linux, taints: taint("dedicated", corev1.TaintEffectPreferNoSchedule), want: true},
		{name: "cordoned", labels: linux, taints: taint(corev1.TaintNodeUnschedulable, corev1.TaintEffectNoSchedule), want: true},
		{
			name: "tolerated", labels: linux, taints: taint("dedicated", corev1.TaintEffectNoExecute),
			pod: corev1.PodSpec{Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists}}}, want: true,
		},
		{name: "no network", labels: linux, taints: taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule), reason: "network-unavailable"},
		{
			name: "no network, host's", labels: linux, taints: taint(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule),
			pod: corev1.PodSpec{HostNetwork: true}, want: true,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.pod.NodeSelector == nil {
				c.pod.NodeSelector = map[string]string{}
			}
			c.pod.NodeSelector["kubernetes.io/os"] = "linux"
			node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: c.labels}, Spec: corev1.NodeSpec{Taints: c.taints}}
			got, reason, hint := CanTake(node, &c.pod)
			if got != c.want || !strings.Contains(reason, c.reason) {
				t.Errorf("%v, %q; want %v and %q", got, reason, c.want, c.reason)
			}
			if !got && hint == "" {
				t.Error("no hint")
			}
		})
	}
}

func TestRefusal(t *testing.T) {
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "meshery-agent", Namespace: "meshery", UID: "d"}}
	at := time.Unix(1000, 0)
	for message, hint := range map[string]string{
		`pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged`: "injection",
		`pods "a" is forbidden: exceeded quota: q`:                                    "quota",
		`admission webhook "x" denied the request`:                                    "webhook",
		`something else`: "describe daemonset meshery-agent",
	} {
		reason, h := refusal(ds, read(event("d", "FailedCreate", message, at)))
		if !strings.Contains(reason, message) || !strings.Contains(h, hint) {
			t.Errorf("%q: %q, %q", message, reason, h)
		}
	}
	if reason, _ := refusal(ds, read()); reason != "the pod is not made yet" {
		t.Errorf("reason %q", reason)
	}
}

// A pod that no node has taken yet belongs to the node it was made for; of two
// pods of a node the one that stays counts.
func TestFill(t *testing.T) {
	yes := true
	owned := func(name, node string, deleted bool) corev1.Pod {
		p := corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), OwnerReferences: []metav1.OwnerReference{{UID: "d", Controller: &yes}}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "agent", Image: "i"}}, Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
					MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
				}}},
			}}},
			Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
		}
		if deleted {
			now := metav1.Now()
			p.DeletionTimestamp = &now
		}
		return p
	}
	node := func(name string, taints ...corev1.Taint) corev1.Node {
		return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Taints: taints}}
	}
	ds := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{UID: "d"}}
	s := &Set{DaemonSet: ds}
	s.fill(ds,
		[]corev1.Pod{owned("old", "a", true), owned("new", "a", false), owned("going", "b", true), {ObjectMeta: metav1.ObjectMeta{Name: "stranger"}}},
		[]corev1.Node{node("a"), node("b"), node("d"), node("c", corev1.Taint{Key: "k", Effect: corev1.TaintEffectNoSchedule})}, read())
	if len(s.Agents) != 2 || s.Agents[0].Pod != "new" || !s.Agents[0].Ready || s.Agents[1].Pod != "going" || s.Agents[1].Ready {
		t.Errorf("agents %+v", s.Agents)
	}
	if len(s.Missing) != 2 || s.Missing[0].Node != "c" || s.Missing[0].Eligible || s.Missing[1].Node != "d" || !s.Missing[1].Eligible {
		t.Errorf("missing %+v", s.Missing)
	}
	if s.Eligible() != 3 || len(s.Ready()) != 1 {
		t.Errorf("eligible %d, ready %d", s.Eligible(), len(s.Ready()))
	}
}

// Right after its creation a DaemonSet says that it wants no pods at all.
func TestCompleteDoesNotBelieveZero(t *testing.T) {
	s := &Set{DaemonSet: &appsv1.DaemonSet{}}
	if s.Complete() {
		t.Error("complete without any node")
	}
	s.Missing = []Missing{{Node: "a", Eligible: true}}
	if s.Complete() {
		t.Error("complete with a node missing")
	}
	s.Missing, s.Agents = nil, []Agent{{Node: "a", Ready: true}}
	s.DaemonSet.Status = appsv1.DaemonSetStatus{DesiredNumberScheduled: 1, UpdatedNumberScheduled: 1, NumberReady: 1}
	if !s.Complete() {
		t.Error("not complete")
	}
	s.DaemonSet.Generation = 2
	if s.Complete() {
		t.Error("complete before the controller saw the change")
	}
}
