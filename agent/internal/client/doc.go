// Package client calls targets: one client per connection, over the protocol of
// the target, with a look at every answer so that only a right and whole one is
// a success. It keeps no time but that of connecting, and schedules nothing.
//
// Where one of Fortio's clients is right for a target it is used; the reason
// where it is not is kept.
package client
