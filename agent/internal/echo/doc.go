// Package echo is the reference workload: an HTTP/1.1 server whose answers are
// as cheap and as alike as they can be, so that what a test measures is the way
// there. It counts every request exactly, so that both ends of a test can be
// compared. It is no benchmark of HTTP servers.
package echo
