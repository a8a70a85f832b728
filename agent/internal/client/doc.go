// Package client calls targets: one client per connection, over the protocol of
// the target, with a look at every answer so that only a right and whole one is
// a success. Of times it keeps those that are not the answer's: of connecting, of
// waiting for a stream and of looking into the body. It schedules nothing.
//
// Where one of Fortio's clients is right for a target it is used; the reason
// where it is not is kept. Those of TCP, UDP and gRPC are not: the first two send
// a request again where a connection turns out dead, log every failure, leave
// failed sockets open and cannot be aborted; the third has no deadline for a call
// and encodes each request anew.
package client
