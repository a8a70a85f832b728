// Package e2e tests the whole product through the real kubectl on a real
// cluster, as a user would use it. Build tag e2e; test/run.sh starts a cluster
// for it or, with E2E=existing, uses the one that KUBECONFIG names.
package e2e
