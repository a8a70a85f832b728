// Package server is the agent's gRPC service and the life of runs behind it:
// one run at a time, prepared, started, spooled, watched, acknowledged. The
// load, the readers and the spool are packages of their own.
package server
