// Package echo is the reference workload: a server of HTTP/1.1, HTTP/2, gRPC, TCP
// and UDP whose answers are as cheap and as alike as they can be, so that what a
// test measures is the way there. It counts all it answers exactly, so that both
// ends of a test can be compared. It is no benchmark of servers.
package echo
