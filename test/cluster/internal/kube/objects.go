package kube

import "time"

// Node is what is read of a node.
type Node struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Status struct {
		Conditions []struct {
			Type              string    `json:"type"`
			Status            string    `json:"status"`
			Message           string    `json:"message"`
			LastHeartbeatTime time.Time `json:"lastHeartbeatTime"`
		} `json:"conditions"`
	} `json:"status"`
}

// NodeList is a list of nodes.
type NodeList struct {
	Items []Node `json:"items"`
}

// Ready says whether the node is ready and, if not, what it says about it. What
// it said before since is not believed: the API server repeats the last word of
// a node that is gone, for a while.
func (n Node) Ready(since time.Time) (bool, string) {
	for _, c := range n.Status.Conditions {
		if c.Type != "Ready" {
			continue
		}
		// API times are cut to seconds.
		if c.LastHeartbeatTime.Before(since.Truncate(time.Second)) {
			return false, "has not reported since it was started"
		}
		return c.Status == "True", c.Message
	}
	return false, "has not reported yet"
}

// DaemonSet is what is read of a daemon set.
type DaemonSet struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Status struct {
		ObservedGeneration int64 `json:"observedGeneration"`
		Desired            int   `json:"desiredNumberScheduled"`
		Ready              int   `json:"numberReady"`
	} `json:"status"`
}
