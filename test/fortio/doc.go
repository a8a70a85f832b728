// Package fortio tests that Fortio's own report server lists and serves what
// kubectl-meshery exports for it. It has a module of its own, for it builds
// Fortio's command: v1.66.5 is the newest whose dependencies can all be had. There
// is nothing in it but the test.
package fortio
