// Package fortio tests that Fortio's own report server lists and serves what
// kubectl-meshery exports for it. It has a module of its own, for it builds
// Fortio's command: v1.68.2, the last before the command holds grol's language, of which
// reports need nothing. There is nothing in it but the test.
package fortio
