// Package http2 is a client for load over HTTP/2, h2 over TLS and h2c with
// prior knowledge (RFC 9113): one connection, shared by several workers that
// make the same request over and over. It measures nothing and follows nothing:
// no redirects, no proxies, no retries.
//
// What makes it lean:
//
//   - The request is encoded once per connection. From the second call on it is
//     a constant block of bytes, of which only the stream's number changes.
//   - One goroutine reads. It completes all streams that a read brought, lets
//     their workers run, and then writes in one system call what they have
//     appended. A worker that finds nobody writing writes itself, at once.
//   - Whoever writes never waits for the peer: what the socket does not take
//     is left to a goroutine made for it. So reading cannot come to a stand
//     behind writing.
//   - One timer per connection looks after all time-outs.
//   - Bodies are counted and thrown away; receive windows are so large that they
//     hardly ever need an update.
//
// Locks: a session's mutex guards all that its comment says, and the slots whose
// calls are on that session. It is held for short, bounded work and never while
// reading or writing.
package http2
