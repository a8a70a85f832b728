// Package deploy puts the agents into a cluster and takes them out again: it
// renders the manifests with typed options, applies them server-side, waits for
// the agents, and finds by label what an earlier deploy left. It asks agents what
// they are doing but starts no run, and prints nothing.
package deploy
